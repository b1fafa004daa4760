/// Covariances of all pairs of columns, E[xyᵀ] − E[x]·E[y]ᵀ with a product of matrices: of numbers far from 0 nothing is left of
/// the difference. Deviations are multiplied instead.
import { mul, sub } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs, contractOp } from "../../../ir/ops/contract.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { spread } from "../../../ir/ops/sum.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import { asSum } from "../as-sum.ts";
import { mentionsExponential } from "../exponential.ts";
import { timesNumber } from "../factors.ts";
import { reads, rule, type Rule } from "../rule.ts";

/** So much is the rounding of numbers in double precision. */
const rounding = 1e-12;

function covariance({ operands: [products, squares] }: Value): Value | undefined {
  const [{ inner, factor }, outer] = [timesNumber(products), timesNumber(squares)];
  if (inner.op !== contractOp || outer.inner.op !== mul.op) return undefined;
  // A mean of ∞ has no deviations, where the difference may still say that it is ∞.
  if (inner.operands.some((x) => mentionsExponential(x))) return undefined;
  const { batch, contracted } = contractAttrs(inner);
  if (batch.length > 0 || contracted.length !== 1) return undefined;
  const [pair] = contracted;
  const count = inner.operands[0].type.shape[pair[0]];
  if (typeof count !== "number") return undefined;
  if (Math.abs(count * factor - outer.factor) > rounding * Math.abs(outer.factor)) return undefined;
  const means = inner.operands.map((x, side): Value => mean(x, { axes: [pair[side]] }));
  if (!isProductOf(outer.inner, asSum(apply(contractOp, means, { batch: [], contracted: [] })))) return undefined;
  const deviations = inner.operands.map((x, side): Value => sub(x, spread(means[side], x.type, [pair[side]])));
  const product = apply(contractOp, deviations, inner.attrs);
  const at = products.operands.indexOf(inner);
  if (products === inner) return product;
  return at < 0 ? mul(factor, product) : apply(products.op, products.operands.with(at, product), products.attrs);
}

/** The same product, whichever factor comes first. */
function isProductOf(value: Value, { operands: [a, b] }: Value): boolean {
  const [left, right] = value.operands;
  return (same(left, a) && same(right, b)) || (same(left, b) && same(right, a));
}

/** Before differentiating: the slope is one of deviations as well. */
export const covarianceRules: readonly Rule[] = [
  rule(
    "covariance by deviations",
    "stabilizes",
    "contract(x, y) / n - mean(x) * mean(y) = contract(x - mean(x), y - mean(y)) / n",
    ["sub"],
    covariance,
    reads(mul.op),
  ),
];
