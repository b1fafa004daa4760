/// How large the numbers are of which a value is the sum: float32 keeps no more digits of it than of them.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { abs } from "../../ir/ops/functions.ts";
import { sumOp } from "../../ir/ops/sum.ts";
import { isFloat } from "../../ir/type.ts";
import { postorder, withOperands, type Value } from "../../ir/value.ts";

/**
 * The value with |a| + |b| for a − b, and so on as far as there are sums and products: what it would be if nothing
 * cancelled.
 */
export function magnitudeOf(root: Value): Value {
  const known = new Map<Value, Value>();
  for (const value of postorder([root]))
    known.set(value, isFloat(value.type.dtype) ? uncancelled(value, known) : value);
  return known.get(root)!;
}

function uncancelled(value: Value, known: ReadonlyMap<Value, Value>): Value {
  const { op, operands } = value;
  const magnitudes = operands.map((operand) => known.get(operand)!);
  const [a, b] = magnitudes;
  if (op === add.op || op === sub.op) return add(a, b);
  if (op === neg.op) return a;
  if (op === div.op) return div(a, abs(operands[1]));
  if (op === mul.op || op === sumOp || op.kind === "contraction" || op.kind === "layout")
    return withOperands(value, magnitudes);
  return abs(value);
}
