/// Cases of the table-driven suite: every elementwise op on every combination of element types that it takes, with the
/// numbers that it is tried on.
import { allOps } from "../../../ir/ops/all.ts";
import type { DType } from "../../../ir/type.ts";
import { CompileError } from "../../../ir/diagnostic.ts";
import type { Attrs, ElementwiseOp } from "../../../ir/value.ts";
import { rows, type Row } from "./rows.ts";

/** An op on operands of certain element types. */
export interface Case {
  readonly op: ElementwiseOp;
  readonly row: Row;
  readonly dtypes: readonly DType[];
  readonly result: DType;
  readonly attrs: Attrs;
  /** Letters and digits only: the name of an output. */
  readonly name: string;
}

/** All elementwise ops. */
export const elementwiseOps: readonly ElementwiseOp[] = allOps().flatMap((op) =>
  op.kind === "elementwise" ? [op] : [],
);

const types: readonly DType[] = ["f32", "i32", "u32", "bool"];

function combinations<T>(choices: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return choices.reduce<readonly (readonly T[])[]>(
    (before, options) => before.flatMap((head) => options.map((option) => [...head, option])),
    [[]],
  );
}

/** Every combination of element types that the op takes; conversions to every type. */
export function casesOf(op: ElementwiseOp): readonly Case[] {
  const row = rows[op.name];
  const wanted: readonly Attrs[] = ["cast", "bitcast"].includes(op.name) ? types.map((dtype) => ({ dtype })) : [{}];
  const all = combinations<DType>(row.smooth.map(() => types)).flatMap((dtypes) =>
    wanted.map((attrs) => ({ dtypes, attrs })),
  );
  return all.flatMap(({ dtypes, attrs }): readonly Case[] => {
    const result = resultType(op, dtypes, attrs);
    if (!result) return [];
    const name = [op.name, ...dtypes, ...(attrs.dtype ? ["to", result] : [])].join("_");
    return [{ op, row, dtypes, result, attrs, name }];
  });
}

function resultType(op: ElementwiseOp, dtypes: readonly DType[], attrs: Attrs): DType | undefined {
  try {
    return op.infer(
      dtypes.map((dtype) => ({ dtype, shape: [] })),
      attrs,
    ).dtype;
  } catch (error) {
    if (error instanceof CompileError && error.code === "dtype-mismatch") return undefined;
    throw error;
  }
}

/** The same numbers for every run. */
export function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const largest = 3.4028234663852886e38;
const smallest = 1.1754943508222875e-38;

/** Where functions go wrong; no subnormal numbers, which devices may take for 0. */
const edges: Readonly<Record<DType, readonly number[]>> = {
  f32: [
    ...[0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -7, 0.1, 88.5, -88.5, 1e-20, -1e10, 16777216],
    ...[smallest, largest, -largest, Infinity, -Infinity, NaN],
  ].map(Math.fround),
  i32: [0, 1, -1, 2, 7, -7, 31, 33, 65535, 16777217, 2147483647, -2147483648],
  u32: [0, 1, 2, 7, 31, 33, 65535, 16777217, 2147483648, 4294967295],
  bool: [0, 1],
  f16: [],
};

function drawn(dtype: DType, random: () => number): number {
  if (dtype === "bool") return random() < 0.5 ? 0 : 1;
  if (dtype === "i32") return Math.floor((random() - 0.5) * 2 ** (1 + 31 * random()));
  if (dtype === "u32") return Math.floor(random() * 2 ** (32 * random()));
  const sign = random() < 0.5 ? -1 : 1;
  const kind = random();
  if (kind < 0.4) return Math.fround(sign * 10 * random());
  if (kind < 0.6) return Math.fround(sign * (1 + (random() - 0.5) * 2 ** (-20 * random())));
  if (kind < 0.8) return Math.fround(sign * 120 * random());
  return Math.fround(Math.max(smallest, 2 ** (-126 + 253.9 * random())) * sign);
}

/** Tuples of operands: all edges with all others, points of the row, and `count` drawn ones. */
export function tuplesOf({ op, row, dtypes }: Case, count: number): readonly (readonly number[])[] {
  const random = stream(op.name.length * 7919 + op.name.charCodeAt(0));
  const few = dtypes.length > 2;
  const choices = dtypes.map((dtype, i) => [
    ...(row.only?.[i] ?? (few ? edges[dtype].filter((_, at) => at % 3 === 0) : edges[dtype])),
    ...(dtype === "f32" ? (row.points?.[i] ?? []).map(Math.fround) : []),
  ]);
  const random1 = (dtype: DType, i: number): number => {
    const only = row.only?.[i];
    return only ? only[Math.floor(random() * only.length)] : drawn(dtype, random);
  };
  const extra = Array.from({ length: count }, () => dtypes.map(random1));
  return [...(dtypes.length > 2 ? combinations(choices).slice(0, 400) : combinations(choices)), ...extra];
}
