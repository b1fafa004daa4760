/// Formulas of which one side is written otherwise: what is left of them reads a plain number there.
import { neg } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { same, type Value } from "../../../ir/value.ts";

/**
 * True for an operand that a rule has left with `number` where its border is crossed: a selection that compares the very x
 * that it selects. A selection by any other condition, such as a mask, is a value like all others.
 */
export function isApart(u: Value, crosses: (x: Value) => Value | undefined, number = 0): boolean {
  if (u.op === neg.op) return isApart(u.operands[0], (x) => crosses(negated(x)), -number);
  if (u.op !== selectOp) return false;
  const [condition, inside, x] = u.operands;
  const border = constantValue(inside) === number ? crosses(x) : undefined;
  return border !== undefined && same(condition, border);
}

const negated = (x: Value): Value => (x.op === neg.op ? x.operands[0] : neg(x));
