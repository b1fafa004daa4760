/// The end of a kernel of rows that adds up columns: its threads take columns then, and go over the rows of the workgroup
/// once more, which lie in the nearest memory. What was found for a row they read in memory of the workgroup.
import type { Dim } from "../../ir/dim.ts";
import { wgslType } from "../../ir/ops/define.ts";
import { splitIndex } from "../../ir/ops/layout.ts";
import type { Value } from "../../ir/value.ts";
import { isRow, readsOf, sameIndex, throughLayouts, type Access } from "../cluster/access.ts";
import { termIndex } from "../cluster/columns.ts";
import type { Traffic } from "../cluster/store.ts";
import { indexWithin } from "../cluster/within.ts";
import { identifier, type Namer } from "../wgsl/names.ts";
import type { Arrangement } from "./accumulate.ts";
import { pushGuarded } from "./element-loops.ts";
import type { Emitter } from "./emitter.ts";
import { indexAlgebra, placeKey, variableIndex, type Index } from "./index.ts";
import { hintFor, widen, type Expression, type LowerContext, type Statement } from "./kernel.ts";
import { writeStores } from "./store.ts";

/** The kernel of rows before its end. */
export interface RowPlan {
  readonly arrangement: Arrangement;
  readonly rowCount: Dim;
  readonly length: Dim;
  readonly namer: Namer;
  /** Where what is computed for a row is held. */
  readonly finished: Map<Value, Expression>;
  readonly declarations: string[];
  /** The name of an array of the workgroup; `type` says also when it is declared. */
  arrayOf(wanted: string, type: string): string;
}

/** What is known of a row, and the array of the workgroup in which it lies for all rows of that. */
interface Left {
  readonly value: Value;
  readonly array: string;
}

/** Writes the sums of columns; gives the operations that are done for every element. */
export function writeColumns(
  columns: readonly Value[],
  traffic: Traffic,
  plan: RowPlan,
  emitter: Emitter,
  context: LowerContext,
): number {
  const { space, axes } = traffic.cluster;
  const { namer, finished, rowCount, length } = plan;
  const { rows, lanes, width } = plan.arrangement;
  const left = leaveRows(rowValues(columns, traffic), plan, emitter, context);
  const [variable, row] = ["column", "at"];
  const lane = width === 4 ? { variable, extent: length } : undefined;
  const group = variableIndex("group.x", (rowCount as number) / rows);
  const column = splitIndex(variableIndex(variable, length), space.slice(space.length - axes.length), indexAlgebra);
  let operations = 0;
  const { body } = emitter.loop(variable, () => {
    const totals = columns.map(() => namer("total"));
    const start = width === 4 ? "vec4f(0.0)" : "0.0";
    for (const total of totals) emitter.push(line(`var ${total} = ${start};`));
    const loop = emitter.loop(row, () => {
      for (const { value, array } of left) {
        const text = namer(hintFor(value, context));
        emitter.push(line(`let ${text} = ${array}[${row}];`));
        finished.set(value, { tag: "name", text, dtype: value.type.dtype, lanes: 1 });
      }
      const index: readonly Index[] = [group, variableIndex(row, rows), ...column];
      const terms = columns.map(({ operands: [operand] }) => emitter.emit(operand, index, lane));
      terms.forEach((term, at) => {
        emitter.push({ tag: "assign", before: `${totals[at]} += `, value: lane ? widen(term) : term, after: ";" });
      });
    });
    operations = loop.operations;
    emitter.push({ tag: "block", head: `for (var ${row} = 0u; ${row} < ${rows}u; ${row}++)`, body: loop.body });
    columns.forEach((value, at) =>
      finished.set(value, { tag: "name", text: totals[at], dtype: value.type.dtype, lanes: width }),
    );
    writeStores(columns, () => [group, ...column], emitter, context, lane);
  });
  pushColumns(body, { threads: rows * lanes, width, length: length as number }, emitter);
  return operations;
}

const line = (text: string): Statement => ({ tag: "line", text });

/**
 * What is the same for a row, of what the terms are made of. A value of as many elements as there are rows may also be read
 * at the place of a column, or of another row: that is computed where it is read.
 */
function rowValues(columns: readonly Value[], { cluster, loads }: Traffic): readonly Value[] {
  const loaded = new Set(loads);
  const [own, elsewhere] = [new Set<Value>(), new Set<Value>()];
  const met = new Map<Value, Set<string>>();
  const isNew = (value: Value, index: readonly Index[]): boolean => {
    const places = met.get(value) ?? new Set();
    met.set(value, places);
    return places.size !== places.add(placeKey(index)).size;
  };
  const pending: Access[] = columns.map((value) => ({ value: value.operands[0], index: termIndex(value, cluster) }));
  for (let read = pending.pop(); read; read = pending.pop()) {
    const { value, index } = throughLayouts(read.value, read.index);
    if (value.op.kind === "leaf" || loaded.has(value) || !isNew(value, index)) continue;
    const isOfRow = isRow(value.type.shape, cluster.space, cluster.axes);
    const isOwn = isOfRow && sameIndex(indexWithin(value.type.shape, cluster)!, index);
    if (isOfRow) (isOwn ? own : elsewhere).add(value);
    if (!isOwn) pending.push(...readsOf(value, index));
  }
  return [...own].filter((value) => !elsewhere.has(value));
}

/** Leaves what was computed of each row where all threads find it, behind a barrier. */
function leaveRows(values: readonly Value[], plan: RowPlan, emitter: Emitter, context: LowerContext): readonly Left[] {
  const { rows, lanes } = plan.arrangement;
  const row = variableIndex("row", plan.rowCount);
  const slot = lanes === 1 ? "local.x" : `local.x / ${lanes}u`;
  const left = values.map((value) => {
    const type = `array<${wgslType(value.type.dtype, 1)}, ${rows}>`;
    const array = plan.arrayOf(`${identifier(hintFor(value, context))}_rows`, type);
    plan.declarations.push(`var<workgroup> ${array}: ${type};`);
    return { value, array };
  });
  if (left.length === 0) return left;
  const body = emitter.scope(() => {
    for (const { value, array } of left) {
      const found = emitter.emit(value, splitIndex(row, value.type.shape, indexAlgebra));
      emitter.push({ tag: "assign", before: `${array}[${slot}] = `, value: found, after: ";" });
    }
  });
  pushGuarded(lanes > 1 ? ["lane == 0u"] : [], body, emitter);
  emitter.push(line("workgroupBarrier();"));
  return left;
}

/** The threads of a workgroup, what each takes at a time, and how many columns there are. */
interface Extents {
  readonly threads: number;
  readonly width: number;
  readonly length: number;
}

/** Has each thread take a column, or four of them, and then the next that nobody has. */
function pushColumns(body: readonly Statement[], { threads, width, length }: Extents, emitter: Emitter): void {
  const first = width === 1 ? "local.x" : `local.x * ${width}u`;
  const step = threads * width;
  const head =
    step < length
      ? `for (var column = ${first}; column < ${length}u; column += ${step}u)`
      : step > length
        ? `if (column < ${length}u)`
        : undefined;
  if (step >= length) emitter.push(line(`let column = ${first};`));
  if (head) emitter.push({ tag: "block", head, body });
  else body.forEach((statement) => emitter.push(statement));
}
