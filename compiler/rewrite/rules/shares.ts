/// What is left of a distribution: 1 − p of one share is the sum of all others, and nothing cancels where that is added up.
import { add, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp, where } from "../../../ir/ops/choose.ts";
import { greater, less, not } from "../../../ir/ops/compare.ts";
import { cumsumOp, logcumsumexpOp } from "../../../ir/ops/cumulative.ts";
import { softplus } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { log1mexp, logaddexp } from "../../../ir/ops/logspace.ts";
import { logsumexp, logsumexpOp } from "../../../ir/ops/reduce.ts";
import { spread, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import type { TensorType } from "../../../ir/type.ts";
import { linearOf, writeLinear, type Linear } from "../linear.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { oneHotAxes } from "./reduce.ts";
import { isSpreadOf } from "./uniform.ts";

/** ln of the share that a value has in the whole: the value, and ln Σ eˣ of the whole. */
interface Share {
  readonly part: Value;
  readonly total: Value;
}

function shareOf(x: Value): Share | undefined {
  if (x.op === sub.op) return { part: x.operands[0], total: x.operands[1] };
  if (x.op !== neg.op || x.operands[0].op !== sub.op) return undefined;
  const [total, part] = x.operands[0].operands;
  return { part, total };
}

const axesOf = ({ attrs }: Value): readonly number[] => attrs.axes as readonly number[];

/** The elements of x that count: where(c, x, none), or where(c, none, x). */
function counted({ op, operands }: Value, x: Value, none: number): Value | undefined {
  const [condition, a, b] = operands;
  if (op !== selectOp) return undefined;
  if (constantValue(b) === none && same(a, x)) return condition;
  return constantValue(a) === none && same(b, x) ? (not(condition as never) as Value) : undefined;
}

/** Which elements of the whole a share is made of: those of a sum, or the one that a label picks. */
function membersOf(part: Value, total: Value, facts: Surroundings): Value | undefined {
  const [x] = total.operands;
  const axes = axesOf(total);
  if (part.op !== logsumexpOp && part.op !== sumOp) return undefined;
  if (axesOf(part).join() !== axes.join()) return undefined;
  const members = counted(part.operands[0], x, part.op === sumOp ? 0 : -Infinity);
  if (!members || part.op === logsumexpOp) return members;
  return axes.length === 1 && oneHotAxes(members, facts, axes) ? members : undefined;
}

/** Above this share the others are added up: two shares cannot both be larger. Below it 1 − p has all its digits. */
const largestShare = Math.log(0.75);

function complementOfShare({ operands: [x] }: Value, facts: Surroundings): Value | undefined {
  const share = shareOf(x);
  if (!share) return undefined;
  const isLarge = greater(x as never, largestShare) as Value;
  const rest = restOfSome(share, facts) ?? restOfEach(share, isLarge);
  if (!rest) return undefined;
  const few = where(isLarge as never, largestShare, x as never) as Value;
  return where(isLarge as never, rest as never, log1mexp(few) as never) as Value;
}

/** ln of what some elements of each row leave of it. */
function restOfSome({ part, total }: Share, facts: Surroundings): Value | undefined {
  const members = total.op === logsumexpOp ? membersOf(part, total, facts) : undefined;
  if (!members) return undefined;
  const others = where(not(members as never), total.operands[0] as never, -Infinity) as Value;
  return sub(logsumexp(others, { axes: axesOf(total) }), total);
}

/** ln of what an element leaves of its row, for that whose share is large. */
function restOfEach({ part, total }: Share, isLarge: Value): Value | undefined {
  const [inner] = total.operands;
  const isWhole = inner?.op === logsumexpOp && same(inner.operands[0], part) && isSpreadOf(total, inner, axesOf(inner));
  if (!isWhole) return undefined;
  const others = logsumexp(where(isLarge as never, -Infinity, part as never) as Value, { axes: axesOf(inner) });
  return sub(spread(others, part.type, axesOf(inner)), total);
}

/** Σ softplus(x), or its running sums, out of −Σ softplus(x) and Σ −softplus(x). */
function sumOfSoftplus(value: Value): Value | undefined {
  const total = value.op === neg.op ? value.operands[0] : value;
  if (total.op !== cumsumOp && (total.op !== sumOp || axesOf(total).length !== 1)) return undefined;
  if (total.op === cumsumOp && total.attrs.exclusive === true) return undefined;
  const [inner] = total.operands;
  const element = value === total && inner.op === neg.op ? inner.operands[0] : inner;
  if (element.op !== softplus.op || (element === inner) === (value === total)) return undefined;
  return apply(total.op, [element], total.attrs);
}

/** Up to here 1 − Π (1 − p) is added up; beyond, its logarithm is small, and has its digits from the product. */
const largestTotal = 0.5;

/** ln Σ pᵢ Π (1 − pₖ) over all k before i, for pᵢ = σ(xᵢ): what 1 − Π (1 − pᵢ) is, and nothing vanishes. */
function complementOfProduct({ operands: [value], type }: Value): Value | undefined {
  const [total, added] = addedUp(sumOfSoftplus(value)) ?? ofFew(linearOf(value), type) ?? [];
  if (!total || !added) return undefined;
  const isSmall = less(total as never, largestTotal);
  const large = where(isSmall, largestTotal, total as never) as Value;
  return where(isSmall, added as never, log1mexp(neg(large)) as never);
}

/** Along an axis: the total of all softplus, and the sum of shares. */
function addedUp(total: Value | undefined): readonly [Value, Value] | undefined {
  if (!total) return undefined;
  const [element] = total.operands;
  const [x] = element.operands;
  if (total.op === cumsumOp) return [total, apply(logcumsumexpOp, [sub(x, total)], total.attrs)];
  const [axis] = axesOf(total);
  return [total, logsumexp(sub(x, apply(cumsumOp, [element], { axis })) as Value, { axes: [axis] })];
}

/** The same for a few that are written out. */
function ofFew({ constant, terms, softplus: parts }: Linear, type: TensorType): readonly [Value, Value] | undefined {
  if (constant !== 0 || terms.size > 0 || parts.length < 2) return undefined;
  if (parts.some(({ coefficient }) => coefficient !== -1)) return undefined;
  let total: Value | undefined;
  const shares = parts.map(({ argument }) => {
    const x = writeLinear(argument, type);
    total = total ? (add(total, softplus(x)) as Value) : softplus(x);
    return sub(x, total) as Value;
  });
  return total && [total, shares.reduce((left, right) => logaddexp(left, right) as Value)];
}

/** Complements of shares of a softmax, and of products of complements. */
export const shareRules: readonly Rule[] = [
  rule(
    "complement of a share",
    "stabilizes",
    "log1mexp(logsumexp(select(c, x, -inf)) - logsumexp(x)) = logsumexp(select(not(c), x, -inf)) - logsumexp(x)",
    ["log1mexp"],
    complementOfShare,
  ),
  rule(
    "complement of a product of complements",
    "stabilizes",
    "log1mexp(-sum(softplus(x))) = logsumexp(x - cumsum(softplus(x)))",
    ["log1mexp"],
    complementOfProduct,
  ),
];
