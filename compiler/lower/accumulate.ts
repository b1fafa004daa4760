/// Accumulators of reductions in a kernel: how one element, or another lane's part, is taken in.
import type { DType } from "../../ir/type.ts";
import type { ReductionOp, Value } from "../../ir/value.ts";
import type { Namer } from "../wgsl/names.ts";
import type { Emitter } from "./emitter.ts";

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
}

/** Names of the accumulators of one reduction. */
export interface Accumulating {
  readonly value: Value;
  readonly op: ReductionOp;
  readonly parts: readonly string[];
  readonly arrays: readonly string[];
  readonly result: string;
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

/** Element type of what a reduction takes in. */
export function dtypeOf(reduced: Value): DType {
  return reduced.operands[0].type.dtype;
}

/** `largest_lanes[local.x]` → `largest`. */
function targetName(target: string): string {
  return target.replace(/(_lanes(_\d+)?)?(\[.*)?$/, "");
}

/** So many lanes read each other's parts at once. */
const fewLanes = 8;

/**
 * Combines the parts of all lanes of a row through workgroup memory, so that each lane has the whole; always in the same
 * order, so that sums repeat bit by bit. Where lanes are many, a few of them take in the others first: reads weigh as much
 * as barriers do.
 */
export function combineLanes(
  all: readonly Accumulating[],
  { rows, lanes, alongRow }: Arrangement,
  namer: Namer,
  emitter: Emitter,
): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const share = (): void => {
    for (const { parts, arrays } of all) parts.forEach((part, i) => line(`${arrays[i]}[local.x] = ${part};`));
  };
  const own = alongRow ? "local.x - lane" : `local.x % ${rows}u`;
  const at = (lane: string): string => (rows === 1 ? lane : `${own} + ${alongRow ? lane : `${lane} * ${rows}u`}`);
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
  share();
  line("workgroupBarrier();");
  const heads = lanes <= fewLanes ? lanes : 2 ** Math.ceil(Math.log2(lanes) / 2);
  if (heads < lanes) {
    const body = emitter.scope(() => {
      takeIn(`lane + ${heads}u`, lanes, ` += ${heads}u`);
      share();
    });
    emitter.push({ tag: "block", head: `if (lane < ${heads}u)`, body });
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
