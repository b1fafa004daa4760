/// Ops as rules apply them: to values whose types are known when a rule runs, and not when it is written.
import * as choices from "../../ir/ops/choose.ts";
import * as comparisons from "../../ir/ops/compare.ts";
import type { ElementwiseOp, Value } from "../../ir/value.ts";

type Operand = Value | number;

interface Unary {
  (x: Value): Value;
  readonly op: ElementwiseOp;
}

interface Binary {
  (a: Operand, b: Operand): Value;
  readonly op: ElementwiseOp;
}

/** a where the condition holds, else b. */
export const where = choices.where as (condition: Value, a: Operand, b: Operand) => Value;

export const equal = comparisons.equal as Binary;
export const notEqual = comparisons.notEqual as Binary;
export const less = comparisons.less as Binary;
export const greater = comparisons.greater as Binary;
export const greaterEqual = comparisons.greaterEqual as Binary;
export const and = comparisons.and as Binary;
export const not = comparisons.not as Unary;
