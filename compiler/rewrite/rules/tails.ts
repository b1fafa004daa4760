/// Logarithms of probabilities of a normal distribution: erfc and 1 ± erf vanish long before their logarithms are large.
import { add, mul, neg } from "../../../ir/ops/arithmetic.ts";
import { greater } from "../../../ir/ops/compare.ts";
import { log, log1p } from "../../../ir/ops/functions.ts";
import { constant } from "../../../ir/ops/leaf.ts";
import { erf, erfc, logerfc } from "../../../ir/ops/special.ts";
import type { Value } from "../../../ir/value.ts";
import { addLinear, linearConstant, linearOf, type Linear } from "../linear.ts";
import { rule, type Rule } from "../rule.ts";
import { isApart } from "./apart.ts";
import { where } from "../untyped.ts";

/** A look that costs little: an error function under a few sums and numbers. */
function mentionsTail({ op, operands }: Value, depth = 6): boolean {
  if (op === erf.op || op === erfc.op) return true;
  const passes = op.kind === "elementwise" || op.kind === "layout";
  return passes && depth > 0 && operands.some((operand) => mentionsTail(operand, depth - 1));
}

/** k·erfc(u). */
interface Tail {
  readonly size: number;
  readonly u: Value;
}

/** A value as a tail, which k·(1 − erf(u)) and k·(2 − erfc(−u)) are as well. */
function tailOf({ terms, constant, softplus }: Linear): Tail | undefined {
  const [first, more] = [...terms];
  if (!first || more || softplus.length > 0) return undefined;
  const [{ op, operands }, coefficient] = first;
  const size = Math.abs(coefficient);
  const [u] = operands;
  if (op === erf.op && constant === size) return { size, u: coefficient > 0 ? neg(u) : u };
  if (op !== erfc.op) return undefined;
  if (constant === 0 && coefficient > 0) return { size, u };
  return constant === -2 * coefficient && coefficient < 0 ? { size, u: neg(u) } : undefined;
}

/** Beyond 1 from ln k + ln erfc(u), which have one sign for k ≤ 4; ln(1 − ½erfc(−u)) has its digits up to 0. */
function logOfTail(value: Value): Value | undefined {
  const [x] = value.operands;
  if (x.type.dtype !== "f32" || !mentionsTail(x)) return undefined;
  const tail = tailOf(value.op === log1p.op ? addLinear(linearOf(x), linearConstant(1)) : linearOf(x));
  if (!tail || tail.size > 4) return undefined;
  const { size, u } = tail;
  if (size === 1) return logerfc(u);
  const isFar = (x: Value): Value => greater(x, size === 0.5 ? 0 : 1);
  if (isApart(u, isFar)) return undefined;
  const far = isFar(u);
  // The side that is not taken is one of 0: its gradient is none, whatever that of a tail may be.
  const inner: Value = where(far, 0, u);
  const near: Value = size === 0.5 ? log1p(mul(-0.5, erfc(neg(inner))) as Value) : log(mul(size, erfc(inner)) as Value);
  return where(far, add(logerfc(u), log(constant(size, u.type.dtype, u.type.shape))), near);
}

/** Logarithms of tails. */
export const tailRules: readonly Rule[] = [
  rule("log of a normal tail", "stabilizes", "log(1 - erf(x)) = logerfc(x)", ["log", "log1p"], logOfTail),
];
