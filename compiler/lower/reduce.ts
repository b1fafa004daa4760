/// Reduction kernels: a group of lanes a row, all reductions over one space together, in phases where one needs another.
/// Lanes run along the row where it is contiguous in memory, else across rows, so that neighbours read neighbours.
import { addDims, multiplyDims, type Dim } from "../../ir/dim.ts";
import { splitIndex } from "../../ir/ops/layout.ts";
import { elementCount, sameShape } from "../../ir/type.ts";
import type { ReductionOp, Value } from "../../ir/value.ts";
import type { Cluster } from "../cluster/partition.ts";
import type { Traffic } from "../cluster/store.ts";
import { createNamer, identifier, type Namer } from "../wgsl/names.ts";
import { extentText, literalText } from "../wgsl/expression.ts";
import { assignParts, combineLanes, dtypeOf, type Accumulating, type Arrangement } from "./accumulate.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import { indexAlgebra, variableIndex, type Index } from "./index.ts";
import { foldGrid, hintFor, nameTensors, type Expression, type Kernel, type LowerContext } from "./kernel.ts";
import { arrange, isWhole, rowsOf, writeHead } from "./rows.ts";
import { writeStores } from "./store.ts";

interface Plan {
  readonly cluster: Cluster;
  readonly arrangement: Arrangement;
  readonly rowCount: Dim;
  readonly length: Dim;
  readonly fullIndex: readonly Index[];
  readonly namer: Namer;
  /** Where a finished reduction is held. */
  readonly finished: Map<Value, Expression>;
  readonly declarations: string[];
  /** Operations that are done for every element; the others are done once a row. */
  elementOperations: number;
}

/** Lowers a cluster of reductions over one space, with what is computed from them. */
export function lowerReduce(traffic: Traffic, context: LowerContext): Kernel {
  const { cluster, loads, stores } = traffic;
  const plan = makePlan(cluster);
  const loaded = new Set(loads);
  const tensorNames = nameTensors(traffic, context, plan.namer);
  const reductions = [...cluster.members].filter((member) => member.op.kind === "reduction");
  const emitter = createEmitter(
    {
      notes: context.notes,
      hint: (value) => hintFor(value, context),
      namer: plan.namer,
      isLoaded: (value) => loaded.has(value),
      computed: (value) => plan.finished.get(value),
      isAnchor: (value) => cluster.members.has(value) && value.op.kind === "reduction",
    },
    [...stores, ...reductions.flatMap((value) => value.operands)],
  );
  const body = emitter.scope(() => {
    writeHead(plan.arrangement, plan.rowCount, emitter);
    for (const phase of phases(reductions, loaded)) writePhase(phase, plan, emitter);
    writeResults(stores, plan, emitter, context);
  });
  const { rows, lanes } = plan.arrangement;
  return {
    name: context.name,
    body: [...emitter.preamble, ...body],
    workgroupSize: [rows * lanes, 1, 1],
    grid: foldGrid(plan.rowCount, rows).grid,
    declarations: plan.declarations,
    tensorNames,
    helpers: [
      ...new Set([...emitter.helpers, ...reductions.flatMap((value) => (value.op as ReductionOp).helpers ?? [])]),
    ],
    flops: addDims(
      multiplyDims(elementCount(cluster.space), plan.elementOperations + reductions.length),
      multiplyDims(plan.rowCount, emitter.operations() - plan.elementOperations),
    ),
  };
}

function makePlan(cluster: Cluster): Plan {
  const { space, axes } = cluster;
  const { rowCount, length, at } = rowsOf(space, axes);
  const namer = createNamer();
  const fullIndex = at("position");
  const last = space.findLastIndex((extent) => extent !== 1);
  const arrangement = arrange(rowCount, length, last < 0 || axes.includes(last));
  const names = { finished: new Map<Value, Expression>(), declarations: [], elementOperations: 0 };
  return { cluster, arrangement, rowCount, length, fullIndex, namer, ...names };
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

function writePhase(phase: readonly Value[], plan: Plan, emitter: Emitter): void {
  const { lanes } = plan.arrangement;
  const all = phase.map((value) => declare(value, plan, emitter));
  const elements = new Map<Value, string>();
  const loop = forEachElement(plan, emitter, () => {
    all.forEach((each) => accumulate(each, elements, plan, emitter));
  });
  pushLoop(loop, plan, emitter);
  if (lanes > 1) combineLanes(all, plan.arrangement, plan.namer, emitter);
  for (const each of all) {
    const first = plan.arrangement.alongRow ? `local.x - lane` : `local.x % ${plan.arrangement.rows}u`;
    const parts =
      lanes === 1 ? each.parts : each.arrays.map((array) => `${array}[${plan.rowCount === 1 ? "0" : first}]`);
    emitter.push({ tag: "line", text: `let ${each.result} = ${each.op.wgsl.finish(parts)};` });
    plan.finished.set(each.value, { tag: "name", text: each.result, dtype: each.value.type.dtype, lanes: 1 });
  }
}

/** What is written inside a loop over elements; its operations are counted as such. */
function forEachElement(plan: Plan, emitter: Emitter, write: () => void): Kernel["body"] {
  const before = emitter.operations();
  const body = emitter.scope(write);
  plan.elementOperations += emitter.operations() - before;
  return body;
}

function declare(value: Value, plan: Plan, emitter: Emitter): Accumulating {
  const op = value.op as ReductionOp;
  const result = plan.namer(identifier(value.op.name));
  const parts: string[] = [];
  const arrays: string[] = [];
  for (const { name, dtype, initial } of op.accumulators(value.operands[0].type.dtype)) {
    const part = plan.namer(name);
    emitter.push({ tag: "line", text: `var ${part}: ${dtype} = ${literalText(initial, dtype)};` });
    parts.push(part);
    if (plan.arrangement.lanes === 1) continue;
    const array = plan.namer(`${part}_lanes`);
    plan.declarations.push(
      `var<workgroup> ${array}: array<${dtype}, ${plan.arrangement.rows * plan.arrangement.lanes}>;`,
    );
    arrays.push(array);
  }
  return { value, op, parts, arrays, result };
}

/** Takes in one element; reductions of the same value read it once. */
function accumulate(
  { value, op, parts }: Accumulating,
  elements: Map<Value, string>,
  plan: Plan,
  emitter: Emitter,
): void {
  const [operand] = value.operands;
  const element = elements.get(operand) ?? nameElement(operand, plan, emitter);
  elements.set(operand, element);
  const lifted = op.wgsl.lift(element, "position");
  assignParts(parts, (first) => op.wgsl.combine(parts, lifted, first, dtypeOf(value)), plan.namer, emitter);
}

function nameElement(operand: Value, plan: Plan, emitter: Emitter): string {
  const expression = emitter.emit(operand, plan.fullIndex);
  if (expression.tag === "name") return expression.text;
  const name = plan.namer("element");
  emitter.push({ tag: "let", name, value: expression });
  return name;
}

function pushLoop(body: Kernel["body"], { arrangement, length }: Plan, emitter: Emitter): void {
  const head = `for (var position = lane; position < ${extentText(length)}; position += ${arrangement.lanes}u)`;
  emitter.push({ tag: "block", head, body });
}

function writeResults(stores: readonly Value[], plan: Plan, emitter: Emitter, context: LowerContext): void {
  const guard = !isWhole(plan.rowCount, plan.arrangement.rows);
  const full = stores.filter(
    (value) => sameShape(value.type.shape, plan.cluster.space) && plan.cluster.axes.length > 0,
  );
  const rows = stores.filter((value) => !full.includes(value));
  if (full.length > 0) {
    const body = forEachElement(plan, emitter, () => writeStores(full, () => plan.fullIndex, emitter, context));
    if (guard) {
      const loop = emitter.scope(() => pushLoop(body, plan, emitter));
      emitter.push({ tag: "block", head: "if (inside)", body: loop });
    } else pushLoop(body, plan, emitter);
  }
  if (rows.length === 0) return;
  const conditions = [...(plan.arrangement.lanes > 1 ? ["lane == 0u"] : []), ...(guard ? ["inside"] : [])];
  const row = variableIndex("row", plan.rowCount);
  const body = emitter.scope(() =>
    writeStores(rows, (value) => splitIndex(row, value.type.shape, indexAlgebra), emitter, context),
  );
  if (conditions.length === 0) body.forEach((statement) => emitter.push(statement));
  else emitter.push({ tag: "block", head: `if (${conditions.join(" && ")})`, body });
}
