/// Differences of nearly equal numbers that a graph computes: E[x²] − E[x]².
import { div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { contractAttrs } from "../../ir/ops/contract.ts";
import { sumOp } from "../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";

/** True for a mean of squares less the square of the mean of the same. */
export function cancelled(value: Value): boolean {
  if (value.op !== sub.op) return false;
  const [squares, square] = value.operands.map(underLayouts);
  const x = squaredMean(square);
  return x !== undefined && meanOfSquares(squares, x);
}

/** x, where a value is the square of its mean. */
function squaredMean(value: Value): Value | undefined {
  const [a, b] = value.operands;
  if (value.op === mul.op && same(a, b)) return summed(undivided(a));
  return undefined;
}

function meanOfSquares(value: Value, x: Value): boolean {
  const total = undivided(value);
  const [a, b] = total.operands;
  if (total.op.kind === "contraction") {
    const { batch, contracted } = contractAttrs(total);
    return [...batch, ...contracted].every(([left, right]) => left === right) && same(a, x) && same(b, x);
  }
  const inner = summed(total);
  return inner?.op === mul.op && same(inner.operands[0], x) && same(inner.operands[1], x);
}

/** A total, of which a mean is a part. */
function undivided(value: Value): Value {
  const under = underLayouts(value);
  if (under.op === div.op) return underLayouts(under.operands[0]);
  if (under.op !== mul.op) return under;
  const whole = under.operands.map(underLayouts).find((each) => !each.constant);
  return whole ?? under;
}

function summed(value: Value): Value | undefined {
  return value.op === sumOp ? value.operands[0] : undefined;
}
