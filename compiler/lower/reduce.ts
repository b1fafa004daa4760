/// Reduction kernels: a group of lanes a row, all reductions over one space together, in phases where one needs another.
/// Lanes run along the row where it is contiguous in memory, else across rows, so that neighbours read neighbours.
import { addDims, multiplyDims } from "../../ir/dim.ts";
import { wgslType } from "../../ir/ops/define.ts";
import { splitIndex } from "../../ir/ops/layout.ts";
import { accumulationFlops } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import type { AccumulationFlops, ReductionOp, Value } from "../../ir/value.ts";
import { columnSums, isColumnSum } from "../cluster/columns.ts";
import type { Cluster } from "../cluster/partition.ts";
import { partsIn } from "../cluster/row-parts.ts";
import type { Traffic } from "../cluster/store.ts";
import { seenAs } from "../cluster/within.ts";
import { createNamer, type Namer } from "../wgsl/names.ts";
import { literalText } from "../wgsl/expression.ts";
import {
  combineLanes,
  elementTexts,
  isInQuad,
  takeInElements,
  type Accumulating,
  type Arrangement,
} from "./accumulate.ts";
import { arrangeRows, fullStores } from "./arrange-rows.ts";
import { writeColumns, type RowPlan } from "./columns.ts";
import { planElementLoops, pushGuarded, type ElementLoops } from "./element-loops.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "./index.ts";
import {
  foldGrid,
  hintFor,
  nameTensors,
  widen,
  withoutQuads,
  type Ending,
  type Expression,
  type Kernel,
  type LowerContext,
  type Target,
} from "./kernel.ts";
import { arrangementOfPart, isInParts, isWhole, rowsOf, unitsOf, writeHead } from "./rows.ts";
import { writeStores } from "./store.ts";

/** True for a reduction along the rows of a kernel, not of its columns. */
const isOfRows = (value: Value, cluster: Cluster): boolean =>
  value.op.kind === "reduction" && !isColumnSum(value, cluster);

interface Plan extends RowPlan {
  readonly cluster: Cluster;
  /** That of the lanes that a reduction takes in together. */
  arrangementOf(reduction: Value): Arrangement;
  readonly elements: ElementLoops;
}

/** Lowers a cluster of reductions over one space, with what is computed from them. */
export function lowerReduce(traffic: Traffic, context: LowerContext): Kernel {
  const { cluster, loads, stores } = traffic;
  const namer = context.shared?.names.inside() ?? createNamer();
  const loaded = new Set(loads);
  const tensorNames = nameTensors(traffic, context, namer.outside);
  const reductions = [...cluster.members].filter((member) => isOfRows(member, cluster));
  const columns = columnSums(cluster).filter((value) => stores.includes(value));
  const groups = phases(reductions, loaded);
  const rows = rowsOf(cluster.space, cluster.axes);
  const isKnown = (value: Value): boolean => loaded.has(value) || reductions.includes(value);
  const needs = [...groups.map((group) => group.flatMap(({ operands }) => operands)), fullStores(stores, cluster)];
  const { shared } = context;
  const arrangement = arrangeRows(traffic, rows, shared);
  const hint = (value: Value): string => hintFor(value, context);
  const result = scratchOf(fullStores(stores, cluster), isWhole(rows.rowCount, arrangement), context);
  const indexOf = ({ type }: Value, index: readonly Index[]) => seenAs(type.shape, index, cluster);
  const elements = planElementLoops({ rows, arrangement, needs, result, indexOf, isKnown, namer, hint });
  const arrayOf = arraysOf(shared, namer);
  const arrangementOf = arrangementsIn(cluster, arrangement);
  const written = { namer, finished: new Map<Value, Expression>(), declarations: [], arrayOf };
  const plan: Plan = { cluster, arrangement, arrangementOf, ...rows, ...written, elements };
  const emitter = createEmitter(
    {
      ...{ notes: context.notes, hint, namer },
      isLoaded: (value) => loaded.has(value),
      computed: (value) => plan.finished.get(value),
      isAnchor: (value) => cluster.members.has(value) && value.op.kind === "reduction",
      registerOf: elements.registerOf,
    },
    [...stores, ...reductions.flatMap((value) => value.operands)],
  );
  let [length, columnOperations] = [0, 0];
  const body = emitter.scope(() => {
    writeHead(arrangement, rows.rowCount, emitter);
    elements.writeHead(emitter);
    groups.forEach((group, loop) => writePhase(group, loop, plan, emitter));
    const ofRows = stores.filter((value) => !columns.includes(value));
    const results = emitter.scope(() => writeResults(ofRows, groups.length, plan, emitter, context));
    results.forEach((statement) => emitter.push(statement));
    length = results.length;
    if (columns.length > 0) columnOperations = writeColumns(columns, traffic, plan, emitter, context);
  });
  const accumulated = flopsOf([...reductions, ...columns]);
  return {
    name: context.name,
    body: [...emitter.preamble, ...body],
    ending: endingOf(plan, length),
    workgroupSize: [arrangement.rows * arrangement.lanes, 1, 1],
    grid: foldGrid(unitsOf(rows.rowCount, arrangement.tall), arrangement.rows).grid,
    declarations: plan.declarations,
    tensorNames,
    helpers: [
      ...new Set([...emitter.helpers, ...reductions.flatMap((value) => (value.op as ReductionOp).helpers ?? [])]),
    ],
    flops: addDims(
      multiplyDims(elementCount(cluster.space), elements.operations() + columnOperations + accumulated.element),
      multiplyDims(rows.rowCount, emitter.operations() - elements.operations() - columnOperations + accumulated.finish),
    ),
  };
}

/** For reductions of a cluster the arrangement of the lanes that take them in together: those of a row, or of a part. */
function arrangementsIn(cluster: Cluster, ofRow: Arrangement): Plan["arrangementOf"] {
  const ofPart = arrangementOfPart(ofRow);
  return (reduction) => ((partsIn(reduction, cluster) ?? 1) === 1 ? ofRow : ofPart);
}

/** The ending where a lane has four rows of one reduction; it is the four that all else is computed from. */
function endingOf({ arrangement, rowCount, finished }: Plan, length: number): Ending | undefined {
  const [four, ...others] = finished.values();
  const isWholly = arrangement.tall === 4 && arrangement.lanes === 1 && isWhole(rowCount, arrangement);
  if (!isWholly || others.length > 0 || four.tag !== "name") return undefined;
  const row = variableIndex("row", rowCount);
  return { length, four: four.text, at: row, first: row, blocks: [four.text], apart: ["0u", "0u", "0u"] };
}

/** A result in which numbers may lie on the way. Threads without a row of their own repeat another's and must not write. */
function scratchOf(full: readonly Value[], isOwn: boolean, context: LowerContext): Target | undefined {
  const targets = isOwn ? full.flatMap((value) => context.targets(value)) : [];
  return targets.find(({ value, state, row }) => {
    return !state && !row && value.type.dtype === "f32" && context.isExact(value);
  });
}

/** Gives out arrays of the workgroup: kernels of one module have the same, since no workgroup is of two of them. */
function arraysOf(shared: LowerContext["shared"], namer: Namer): Plan["arrayOf"] {
  const taken = new Map<string, number>();
  return (wanted, type) => {
    const count = taken.get(type) ?? 0;
    taken.set(type, count + 1);
    const known = shared?.arrays.get(type) ?? [];
    if (count < known.length) return known[count];
    const name = namer.outside(wanted);
    shared?.arrays.set(type, [...known, name]);
    return name;
  };
}

/** What the reductions come to together: for each element, and for each row. */
function flopsOf(reductions: readonly Value[]): AccumulationFlops {
  const all = reductions.map(({ op }) => accumulationFlops(op as ReductionOp));
  const total = (part: keyof AccumulationFlops): number => all.reduce((sum, each) => sum + each[part], 0);
  return { element: total("element"), finish: total("finish") };
}

/** Reductions in groups: each group needs only results of groups before it. */
function phases(reductions: readonly Value[], loaded: ReadonlySet<Value>): readonly (readonly Value[])[] {
  const phaseOf = new Map<Value, number>();
  const depth = (value: Value): number => {
    if (loaded.has(value)) return 0;
    const known = phaseOf.get(value);
    if (known !== undefined) return known;
    const inner = Math.max(0, ...value.operands.map(depth));
    const result = reductions.includes(value) ? inner + 1 : inner;
    phaseOf.set(value, result);
    return result;
  };
  const groups: Value[][] = [];
  for (const value of reductions) (groups[depth(value) - 1] ??= []).push(value);
  return groups;
}

function writePhase(phase: readonly Value[], loop: number, plan: Plan, emitter: Emitter): void {
  const containing = (value: Value): Value | undefined =>
    phase.find(({ op, operands }) => (op as ReductionOp).contains === value.op && operands[0] === value.operands[0]);
  const own = phase.filter((value) => !containing(value));
  const all = own.map((value) => declare(value, plan, emitter));
  plan.elements.write(loop, emitter, () => accumulate(all, plan, emitter));
  for (const arrangement of new Set(all.map(({ value }) => plan.arrangementOf(value)))) {
    const alike = all.filter(({ value }) => plan.arrangementOf(value) === arrangement);
    if (arrangement.lanes > 1) combineLanes(alike, arrangement, plan.namer, emitter);
  }
  const finish = (value: Value, text: string): void => {
    plan.finished.set(value, { tag: "name", text, dtype: value.type.dtype, lanes: plan.arrangement.tall });
  };
  for (const each of all) {
    const finished = each.op.wgsl.finish(each.parts);
    const isPart = each.parts.includes(finished);
    const text = isPart ? finished : plan.namer(each.op.name);
    if (!isPart) emitter.push({ tag: "line", text: `let ${text} = ${finished};` });
    finish(each.value, text);
  }
  for (const value of phase) {
    const outer = all.find((each) => each.value === containing(value));
    if (outer) finish(value, outer.parts[0]);
  }
}

function declare(value: Value, plan: Plan, emitter: Emitter): Accumulating {
  const op = value.op as ReductionOp;
  const arrangement = plan.arrangementOf(value);
  const { rows, lanes, tall } = arrangement;
  const parts: string[] = [];
  const arrays: string[] = [];
  for (const { name, dtype, initial } of op.accumulators(value.operands[0].type.dtype)) {
    const part = plan.namer(name);
    const type = wgslType(dtype, tall);
    const start = literalText(initial, dtype);
    emitter.push({ tag: "line", text: `var ${part} = ${tall === 1 ? start : `${type}(${start})`};` });
    parts.push(part);
    if (lanes === 1) continue;
    const when = isInQuad(arrangement) ? `${withoutQuads} ` : "";
    const arrayType = `array<${type}, ${rows * lanes}>`;
    const array = plan.arrayOf(`${part}_lanes`, when + arrayType);
    plan.declarations.push(`${when}var<workgroup> ${array}: ${arrayType};`);
    arrays.push(array);
  }
  return { value, op, parts, arrays };
}

/** Takes in one element, or four in their order; reductions of the same value read it once. */
function accumulate(all: readonly Accumulating[], plan: Plan, emitter: Emitter): void {
  const elements = new Map<Value, readonly string[]>();
  for (const { value } of all) {
    const [operand] = value.operands;
    if (!elements.has(operand)) elements.set(operand, nameElements(operand, plan, emitter));
  }
  const { variable } = plan.elements;
  const places = Array.from({ length: plan.arrangement.width }, (_, step) =>
    step === 0 ? variable : `(${variable} + ${step}u)`,
  );
  takeInElements(all, (operand) => elements.get(operand)!, places, plan.namer, emitter);
}

/** The texts of the elements that a lane is at. */
function nameElements(operand: Value, plan: Plan, emitter: Emitter): readonly string[] {
  const { indexOf, lane } = plan.elements;
  const emitted = emitter.emit(operand, indexOf(operand), lane);
  if (plan.arrangement.tall === 1) return elementTexts(emitted, plan.namer, emitter);
  const four = widen(emitted);
  if (four.tag === "name") return [four.text];
  const name = plan.namer("element");
  emitter.push({ tag: "let", name, value: four });
  return [name];
}

function writeResults(
  stores: readonly Value[],
  loop: number,
  plan: Plan,
  emitter: Emitter,
  context: LowerContext,
): void {
  const guard = isWhole(plan.rowCount, plan.arrangement) ? [] : ["inside"];
  const full = fullStores(stores, plan.cluster);
  const others = stores.filter((value) => !full.includes(value));
  const isOfPart = ({ type }: Value): boolean => elementCount(type.shape) !== plan.rowCount;
  const parts = plan.arrangement.parts === 1 ? [] : others.filter(isOfPart);
  const rows = others.filter((value) => !parts.includes(value));
  if (full.length > 0) {
    const { indexOf, lane } = plan.elements;
    plan.elements.write(loop, emitter, () => writeStores(full, indexOf, emitter, context, lane), guard);
  }
  const row = plan.rowCount === 1 ? constantIndex(0) : variableIndex("row", plan.rowCount);
  if (parts.length > 0) writeParts(parts, row, guard, plan, emitter, context);
  if (rows.length === 0) return;
  const lane = plan.arrangement.tall === 4 ? plan.elements.lane : undefined;
  const body = emitter.scope(() =>
    writeStores(rows, (value) => splitIndex(row, value.type.shape, indexAlgebra), emitter, context, lane),
  );
  pushGuarded([...(plan.arrangement.lanes > 1 ? ["lane == 0u"] : []), ...guard], body, emitter);
}

/** Writes what is known of parts of rows: the first lane of each does. */
function writeParts(
  stores: readonly Value[],
  row: Index,
  guard: readonly string[],
  { arrangement }: Plan,
  emitter: Emitter,
  context: LowerContext,
): void {
  const { parts } = arrangement;
  const at = indexAlgebra.add(indexAlgebra.multiply(row, parts), variableIndex("part", parts));
  const indexOf = ({ type }: Value): readonly Index[] => splitIndex(at, type.shape, indexAlgebra);
  const body = emitter.scope(() => writeStores(stores, indexOf, emitter, context));
  const isFirst = arrangementOfPart(arrangement).lanes > 1 ? ["part_lane == 0u"] : [];
  const isPart = isInParts(arrangement) ? [] : [`part < ${parts}u`];
  pushGuarded([...isFirst, ...isPart, ...guard], body, emitter);
}
