/// Numbers that nobody meant: NaN and ∞ that JavaScript computed and the model has as constants.
import { livingValues, type Graph } from "../../ir/graph.ts";
import { add, div, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { underLayouts, type Op, type OpKind, type Value } from "../../ir/value.ts";

/** An operation on a constant that is not finite. */
export interface Spoilt {
  readonly value: Value;
  readonly number: number;
}

/** What computes with each element; what only chooses or moves elements may well have NaN among them. */
const computing: readonly OpKind[] = ["elementwise", "reduction", "cumulative", "contraction"];

/** What a constant ∞ leaves nothing of; bounds, conditions and masks have it on purpose, and a product may be NaN besides. */
const summing: readonly Op[] = [add.op, sub.op, div.op];

/** The operations in a graph, as the user wrote it, on constants that are not finite by mistake. */
export function spoiltIn(written: Graph): readonly Spoilt[] {
  return [...livingValues(written)].flatMap((value) => {
    const { op, operands } = value;
    if (op === selectOp || !computing.includes(op.kind)) return [];
    const numbers = operands.flatMap((operand) => constantValue(underLayouts(operand)) ?? []);
    const number = numbers.find((each) => Number.isNaN(each) || (summing.includes(op) && !Number.isFinite(each)));
    return number === undefined ? [] : [{ value, number }];
  });
}
