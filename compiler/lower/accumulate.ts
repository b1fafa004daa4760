/// Accumulators of reductions in a kernel: how one element, or another lane's part, is taken in.
import type { DType } from "../../ir/type.ts";
import type { ReductionOp, Value } from "../../ir/value.ts";
import type { Namer } from "../wgsl/names.ts";
import type { Emitter } from "./emitter.ts";
import { components, withoutQuads, type Expression } from "./kernel.ts";

/** How the threads of a workgroup are shared between rows and lanes within a row. */
export interface Arrangement {
  readonly rows: number;
  readonly lanes: number;
  /** Lanes are neighbouring threads; otherwise rows are. */
  readonly alongRow: boolean;
  /** Elements that a lane reads at a time. */
  readonly width: 1 | 4;
  /** Neighbouring rows that a lane takes at a time; `rows` counts them as one. */
  readonly tall: 1 | 4;
  /** So many parts of a row are also taken each by itself, by neighbouring lanes; those that are left over have none. */
  readonly parts: number;
  /** What the number of a lane among those of a row is called. */
  readonly lane: "lane" | "part_lane";
}

/** Names of the accumulators of one reduction. */
export interface Accumulating {
  readonly value: Value;
  readonly op: ReductionOp;
  readonly parts: readonly string[];
  readonly arrays: readonly string[];
}

/** Parts may read each other: with several, all are computed before any is assigned. */
export function assignParts(
  targets: readonly string[],
  values: (first: string) => readonly string[],
  namer: Namer,
  emitter: Emitter,
): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const [first, ...others] = values(targets[0]);
  const added = `${targets[0]} + `;
  if (others.length === 0 && first.startsWith(added)) return line(`${targets[0]} += ${first.slice(added.length)};`);
  if (others.length === 0) return line(`${targets[0]} = ${first};`);
  const next = [namer(`new_${targetName(targets[0])}`)];
  line(`let ${next[0]} = ${first};`);
  for (const text of values(next[0]).slice(1)) {
    next.push(namer(`new_${targetName(targets[next.length])}`));
    line(`let ${next.at(-1)} = ${text};`);
  }
  targets.forEach((target, i) => line(`${target} = ${next[i]};`));
}

/** Takes in elements in their order, of each reduction as many as `textsOf` gives, which are at these places. */
export function takeInElements(
  all: readonly Accumulating[],
  textsOf: (operand: Value) => readonly string[],
  places: readonly string[],
  namer: Namer,
  emitter: Emitter,
): void {
  places.forEach((place, step) => {
    for (const { value, op, parts } of all) {
      const lifted = op.wgsl.lift(textsOf(value.operands[0])[step], place);
      assignParts(parts, (first) => op.wgsl.combine(parts, lifted, first, dtypeOf(value)), namer, emitter);
    }
  });
}

/** The texts of four elements in a variable, or of one number four times. */
export function elementTexts(expression: Expression, namer: Namer, emitter: Emitter): readonly string[] {
  const name = expression.tag === "name" ? expression.text : namer("element");
  if (expression.tag !== "name") emitter.push({ tag: "let", name, value: expression });
  return components.map((component) => (expression.lanes === 4 ? `${name}.${component}` : name));
}

/** Element type of what a reduction takes in. */
export function dtypeOf(reduced: Value): DType {
  return reduced.operands[0].type.dtype;
}

/** `largest_lanes[local.x]` → `largest`. */
function targetName(target: string): string {
  return target.replace(/(_lanes(_\d+)?)?(\[.*)?$/, "");
}

/** True where the lanes of a row are in one quad, which exchanges numbers without memory of the workgroup. */
export const isInQuad = ({ lanes, alongRow }: Arrangement): boolean => alongRow && (lanes === 2 || lanes === 4);

/**
 * Combines the parts of the lanes of a row, so that each has the whole; always in the same order, so that sums repeat bit
 * by bit.
 */
export function combineLanes(
  all: readonly Accumulating[],
  arrangement: Arrangement,
  namer: Namer,
  emitter: Emitter,
): void {
  if (isInQuad(arrangement)) combineQuads(all, arrangement, namer, emitter);
  else combineInMemory(all, arrangement, namer, emitter);
}

/** Leaves the parts of a lane where others find them, behind a barrier. */
function leaveParts(all: readonly Accumulating[], emitter: Emitter): void {
  for (const { parts, arrays } of all)
    parts.forEach((part, i) => emitter.push({ tag: "line", text: `${arrays[i]}[local.x] = ${part};` }));
}

/** With the neighbour's part, then with what the other two have made of theirs. */
function combineQuads(
  all: readonly Accumulating[],
  { lanes, tall }: Arrangement,
  namer: Namer,
  emitter: Emitter,
): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const elsewhere = (action: () => void): void =>
    emitter.push({ tag: "block", head: withoutQuads, body: emitter.scope(action) });
  const there = all.map(({ parts }) => parts.map((part) => namer(`${part}_there`)));
  const exchange = (name: "beside" | "below", start: string): void =>
    all.forEach(({ op, value, parts }, i) => {
      const accumulators = op.accumulators(dtypeOf(value));
      parts.forEach((part, j) => {
        const call = tall === 4 ? name : `${name}_${accumulators[j].dtype}`;
        line(`${start}${there[i][j]} = ${call}(${part});`);
      });
    });
  const takeIn = (): void =>
    all.forEach(({ op, value, parts }, i) =>
      assignParts(parts, (done) => op.wgsl.combine(parts, there[i], done, dtypeOf(value)), namer, emitter),
    );
  const readThere = (arrays: readonly string[], i: number, far: string): void =>
    arrays.forEach((array, j) => line(`${there[i][j]} = ${array}[local.x ^ ${far}];`));
  exchange("beside", "var ");
  elsewhere(() => {
    leaveParts(all, emitter);
    line("workgroupBarrier();");
    all.forEach(({ arrays }, i) => readThere(arrays, i, "1u"));
  });
  takeIn();
  if (lanes === 2) return;
  exchange("below", "");
  elsewhere(() =>
    all.forEach(({ op, value, arrays }, i) => {
      readThere(arrays, i, "2u");
      const last = bindParts(
        arrays.map((array) => `${array}[local.x ^ 3u]`),
        namer,
        emitter,
      );
      assignParts(there[i], (done) => op.wgsl.combine(there[i], last, done, dtypeOf(value)), namer, emitter);
    }),
  );
  takeIn();
}

/** So many lanes read each other's parts at once. */
const fewLanes = 8;

/** Through memory of the workgroup. Where lanes are many, a few take in the others first: reads weigh as much as barriers. */
function combineInMemory(
  all: readonly Accumulating[],
  { rows, lanes, alongRow, lane }: Arrangement,
  namer: Namer,
  emitter: Emitter,
): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const own = alongRow ? `local.x - ${lane}` : `local.x % ${rows}u`;
  const at = (other: string): string => (rows === 1 ? other : `${own} + ${alongRow ? other : `${other} * ${rows}u`}`);
  const takeIn = (from: string, end: number, step: string): void => {
    const body = emitter.scope(() => {
      for (const { op, value, parts, arrays } of all) {
        const read = arrays.map((array) => `${array}[${at("other")}]`);
        const theirs = read.length === 1 ? read : bindParts(read, namer, emitter);
        assignParts(parts, (done) => op.wgsl.combine(parts, theirs, done, dtypeOf(value)), namer, emitter);
      }
    });
    emitter.push({ tag: "block", head: `for (var other = ${from}; other < ${end}u; other${step})`, body });
  };
  leaveParts(all, emitter);
  line("workgroupBarrier();");
  const heads = lanes <= fewLanes ? lanes : 2 ** Math.ceil(Math.log2(lanes) / 2);
  if (heads < lanes) {
    const body = emitter.scope(() => {
      takeIn(`${lane} + ${heads}u`, lanes, ` += ${heads}u`);
      leaveParts(all, emitter);
    });
    emitter.push({ tag: "block", head: `if (${lane} < ${heads}u)`, body });
    line("workgroupBarrier();");
  }
  for (const { parts, arrays } of all)
    parts.forEach((part, i) => line(`${part} = ${arrays[i]}[${rows === 1 ? "0u" : own}];`));
  takeIn("1u", heads, "++");
}

/** Variables for elements that are read more than once. */
function bindParts(parts: readonly string[], namer: Namer, emitter: Emitter): readonly string[] {
  return parts.map((text) => {
    const name = namer(`${targetName(text)}_there`);
    emitter.push({ tag: "line", text: `let ${name} = ${text};` });
    return name;
  });
}
