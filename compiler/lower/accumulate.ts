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

/** A tree over the lanes of a row, in workgroup memory; always in the same order, so that sums repeat bit by bit. */
export function combineLanes(
  all: readonly Accumulating[],
  { rows, lanes, alongRow }: Arrangement,
  namer: Namer,
  emitter: Emitter,
): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  for (const { parts, arrays } of all) parts.forEach((part, i) => line(`${arrays[i]}[local.x] = ${part};`));
  const other = alongRow || rows === 1 ? "local.x + stride" : `local.x + stride * ${rows}u`;
  const combine = emitter.scope(() => {
    line(`let other = ${other};`);
    for (const { op, value, arrays } of all) {
      const own = arrays.map((array) => `${array}[local.x]`);
      const theirs = arrays.map((array) => `${array}[other]`);
      const [here, there] =
        arrays.length === 1 ? [own, theirs] : [own, theirs].map((parts) => bindParts(parts, namer, emitter));
      assignParts(own, (first) => op.wgsl.combine(here, there, first, dtypeOf(value)), namer, emitter);
    }
  });
  const head = `for (var stride = ${lanes / 2}u; stride > 0u; stride /= 2u)`;
  const guarded = { tag: "block", head: "if (lane < stride)", body: combine } as const;
  emitter.push({ tag: "block", head, body: [{ tag: "line", text: "workgroupBarrier();" }, guarded] });
  line("workgroupBarrier();");
}

/** Variables for elements that are read more than once. */
function bindParts(parts: readonly string[], namer: Namer, emitter: Emitter): readonly string[] {
  return parts.map((text) => {
    const name = namer(`${targetName(text)}_${text.includes("other") ? "there" : "here"}`);
    emitter.push({ tag: "line", text: `let ${name} = ${text};` });
    return name;
  });
}
