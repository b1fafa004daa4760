/// Cases of reductions: every one over every choice of axes.
import { allOps } from "../../../../ir/ops/all.ts";
import { reduce } from "../../../../ir/ops/sum.ts";
import type { ReductionOp } from "../../../../ir/value.ts";
import { of, rough, type Case, type Input, type Make, type Numbers, type Table } from "./case.ts";

/** Every reduction, over every choice of axes; those that only compare also with NaN and ∞. */
export function reductions(): Table {
  const numbers: Readonly<Record<string, Numbers>> = { product: "near one" };
  // Whether a total of the largest numbers overflows on the way depends on the order in which they are taken.
  const odd = (op: ReductionOp): Numbers => (["sum", "product"].includes(op.name) ? "infinities" : "edges");
  const rows = (op: ReductionOp): readonly Case[] => {
    const over =
      (axes: readonly number[]): Make =>
      (x) =>
        reduce(op, x, { axes });
    const usual = numbers[op.name] ?? "normal";
    const differs = op.differentiate !== undefined;
    const each = (name: string, axes: readonly number[], ...shape: Input["shape"]): Case => ({
      ...{ name, inputs: [of(usual, "f32", ...shape)], make: over(axes), smooth: differs && shape.length < 4 },
    });
    return [
      each("over the last axis", [1], 3, 7),
      each("over the first axis", [0], 7, 3),
      each("over the outer axes", [0, 2], 3, 4, 5),
      each("over one of five", [2], 2, 1, 3, 2, 3),
      each("over one element", [1], 4, 1),
      each("over all", [0, 1], 3, 5),
      each("of a vector", [0], 9),
      each("over axes of named sizes", [0, 2], "n", 4, "m"),
      each("beside an axis of a named size", [1], "2*n", 3),
      { ...each("over a long row", [1], 2, 2049), smooth: false },
      { ...each("over long columns", [0], 300, 5), smooth: false },
      rough("of NaN, infinities and ties", [of(odd(op), "f32", 40, 9)], over([1])),
      rough("of NaN, infinities and ties, along columns", [of(odd(op), "f32", 9, 40)], over([0])),
      rough("of NaN in a long row", [of(odd(op), "f32", 3, 700)], over([1])),
      ...(op.accumulators("i32").some(({ dtype }) => dtype === "i32") && op.name !== "logsumexp"
        ? (["i32", "u32"] as const).map((dtype) => rough(`of ${dtype}`, [of("edges", dtype, 6, 9)], over([1])))
        : []),
    ];
  };
  return Object.fromEntries(allOps().flatMap((op) => (op.kind === "reduction" ? [[op.name, rows(op)]] : [])));
}
