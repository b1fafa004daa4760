/// Selections: what multiplies a selection moves into the branch, so that the other branch cannot leak ∞ or NaN.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { equal } from "../../../ir/ops/compare.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import { staysFinite } from "../finite.ts";
import { identity, reads, rule, type Condition, type Rule } from "../rule.ts";
import { isApart } from "./apart.ts";
import { where } from "../untyped.ts";

/**
 * A selection that others read as well stays where it is: each product would need one of its own. Where the factor or the
 * divisor could leak ∞ or NaN it takes one all the same; that costs no flop.
 */
const movesInside: Condition = ({ values: { y } }, { op, operands: [a, b] }, { uses }) =>
  uses(a === y ? b : a) <= 1 || !staysFinite(op === div.op ? div(1, y) : y);

/** One of two selections at least is not read otherwise, so that there is one less afterwards. */
const mergesOne: Condition = (_, { operands }, { uses }) => operands.some((selection) => uses(selection) <= 1);

/** Neither of two selections is read otherwise: what others read of them would be there as well. */
const mergesBoth: Condition = (_, { operands }, { uses }) => operands.every((selection) => uses(selection) <= 1);

/** What is inside is read nowhere else, so that it goes where it is replaced. */
const readsAlone: Condition = (_, { operands: [, a, b] }, { uses }) => uses(a.constant ? b : a) <= 1;

/** Selections with a 0 in one branch, in products, quotients and sums. */
export const selectRules: readonly Rule[] = [
  rule("selection with a known condition", "exact", "select(true, x, y) = x", ["select"], decided),
  identity("selection of one value", "exact", "select(c, x, x) = x"),
  identity("selection by a negation", "exact", "select(not(c), x, y) = select(c, y, x)"),
  identity("selection chosen already", "exact", "select(c, select(c, x, y), z) = select(c, x, z)"),
  identity("alternative chosen already", "exact", "select(c, x, select(c, y, z)) = select(c, x, z)"),
  // One selection in the place of two: a factor that goes in has one way to go, however many relu lie on top of each other.
  identity("selection in a selection", "exact", "select(c, select(d, x, 0), 0) = select(and(c, d), x, 0)", readsAlone),
  // Two by one condition first: going into each other they would be four.
  identity("product of selections", "exact", "select(c, x, 0) * select(c, y, 0) = select(c, x * y, 0)", mergesOne),
  identity("product of alternatives", "exact", "select(c, 0, x) * select(c, 0, y) = select(c, 0, x * y)", mergesOne),
  identity("factor into a selection", "stabilizes", "select(c, x, 0) * y = select(c, x * y, 0)", movesInside),
  identity("factor into an alternative", "stabilizes", "select(c, 0, x) * y = select(c, 0, x * y)", movesInside),
  identity("divisor into a selection", "stabilizes", "select(c, x, 0) / y = select(c, x / y, 0)", movesInside),
  identity("divisor into an alternative", "stabilizes", "select(c, 0, x) / y = select(c, 0, x / y)", movesInside),
  rule(
    "factor beside a sum of selections",
    "stabilizes",
    "s * exp(z) = s * select(equal(s, 0), 1, exp(z)) for s = select(c, x, 0) + select(d, y, 0)",
    ["mul"],
    besideSumOfSelections,
    reads(add.op, sub.op),
  ),
  rule(
    "guard of what a branch divides by",
    "exact",
    "select(c, 0, y / select(c, 1, x) * (x / z)) = select(c, 0, y / x * (x / z))",
    ["select"],
    divisorInBranch,
    reads(mul.op, div.op, neg.op, selectOp),
  ),
  identity("selection of a negation", "reassociates", "select(c, -x, 0) = -select(c, x, 0)", readsAlone),
  identity("alternative of a negation", "reassociates", "select(c, 0, -x) = -select(c, 0, x)", readsAlone),
  identity("sum of selections", "exact", "select(c, x, 0) + select(c, y, 0) = select(c, x + y, 0)", mergesOne),
  identity("difference of selections", "exact", "select(c, x, 0) - select(c, y, 0) = select(c, x - y, 0)", mergesOne),
  identity("sum of alternatives", "exact", "select(c, 0, x) + select(c, 0, y) = select(c, 0, x + y)", mergesOne),
  identity("both branches", "reassociates", "select(c, x, 0) + select(c, 0, y) = select(c, x, y)"),
  // Beside a choice between two: a derivative hands each branch its parts one after the other.
  identity("sum in one branch", "reassociates", "select(c, x, y) + select(c, z, 0) = select(c, x + z, y)", mergesBoth),
  identity("sum in the other", "reassociates", "select(c, x, y) + select(c, 0, z) = select(c, x, y + z)", mergesBoth),
  identity("difference in one", "reassociates", "select(c, x, y) - select(c, z, 0) = select(c, x - z, y)", mergesBoth),
  identity(
    "difference in the other",
    "reassociates",
    "select(c, x, y) - select(c, 0, z) = select(c, x, y - z)",
    mergesBoth,
  ),
];

function decided({ operands: [condition, a, b] }: Value): Value | undefined {
  const known = constantValue(condition);
  return known === undefined ? undefined : known ? a : b;
}

/** A product is looked through as deep as a derivative makes it. */
const deepest = 6;

/** True for a product with this factor above. */
function hasFactor({ op, operands: [a, b, c] }: Value, factor: Value, depth = deepest): boolean {
  if (depth === 0) return false;
  const isFactor = (each: Value): boolean => same(each, factor) || hasFactor(each, factor, depth - 1);
  if (op === selectOp) return constantValue(c) === 0 ? isFactor(b) : constantValue(b) === 0 && isFactor(c);
  return op === mul.op ? isFactor(a) || isFactor(b) : (op === div.op || op === neg.op) && isFactor(a);
}

/**
 * Where a branch multiplies by x and divides by x under the guard of the branch, it divides by x, and both cancel: their
 * product may overflow on the way.
 */
function divisorInBranch({ op, operands }: Value): Value | undefined {
  const [condition] = operands;
  const at = constantValue(operands[1]) === 0 ? 2 : constantValue(operands[2]) === 0 ? 1 : 0;
  if (at === 0) return undefined;
  const whole = operands[at];
  const without = (value: Value, depth: number): Value => {
    const isProduct = value.op === mul.op || value.op === div.op || value.op === neg.op || value.op === selectOp;
    if (!isProduct || depth === 0) return value;
    const parts = value.operands.map((each, i) =>
      value.op === div.op && i === 1 ? unguarded(each) : without(each, depth - 1),
    );
    return parts.every((each, i) => each === value.operands[i]) ? value : apply(value.op, parts, value.attrs);
  };
  const unguarded = (divisor: Value): Value => {
    const isGuarded = divisor.op === selectOp && same(divisor.operands[0], condition);
    return isGuarded && hasFactor(whole, divisor.operands[at]) ? divisor.operands[at] : divisor;
  };
  const branch = without(whole, deepest);
  return branch === whole ? undefined : apply(op, operands.with(at, branch));
}

/** True for a selection that is 0 in one branch, whatever its sign. */
function isZeroSelection({ op, operands: [inner, a, b] }: Value): boolean {
  if (op === neg.op) return isZeroSelection(inner);
  return op === selectOp && (constantValue(a) === 0 || constantValue(b) === 0);
}

/** True for a factor that cannot leak where the total is 0: made of the total, and of what is finite. */
function staysFiniteBeside(factor: Value, total: Value, depth = deepest): boolean {
  if (same(factor, total)) return true;
  const isProduct = factor.op === mul.op || factor.op === neg.op;
  if (!isProduct || depth === 0) return staysFinite(factor);
  return factor.operands.every((each) => staysFiniteBeside(each, total, depth - 1));
}

/** Two gradients, each of which may be cut off, added up: 0 where both are, whatever they are multiplied by. */
function besideSumOfSelections({ operands: [left, right] }: Value): Value | undefined {
  for (const [total, factor] of [
    [left, right],
    [right, left],
  ]) {
    const isSum = total.op === add.op || total.op === sub.op;
    if (!isSum || !total.operands.every(isZeroSelection) || staysFiniteBeside(factor, total)) continue;
    const isNothing: Value = equal(total, 0);
    if (isApart(factor, () => isNothing, 1)) continue;
    return mul(total, where(isNothing, 1, factor));
  }
  return undefined;
}
