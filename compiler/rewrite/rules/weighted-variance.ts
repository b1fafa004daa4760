/// Variances under weights as differences of means: Σwxy/n − (Σwx/n)·(Σwy/n) loses the digits of a common offset, whether
/// the weights are a distribution, a mask, or any others that are divided by their sum.
import { div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, castOp, selectOp } from "../../../ir/ops/choose.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { same, type Value } from "../../../ir/value.ts";
import { factorsOf, type Opening } from "../factors.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { addUpTo } from "./reduce.ts";
import { and, where } from "../untyped.ts";
import { withoutAxes } from "./uniform.ts";

/** Σ of factors along axes over a divisor; a condition is a factor of 1 and 0. */
interface Mean {
  readonly factors: readonly Value[];
  readonly axes: readonly number[];
  readonly divisor: Value | undefined;
}

/** What counts an element or not is a factor as well: as a choice of 0, or as 1 and 0. */
const partsOfMasked: Opening = ({ op, type, operands: [a, b, c] }) => {
  if (op === selectOp && type.dtype === "f32" && constantValue(c) === 0) return [a, b];
  if (op === castOp && a.type.dtype === "bool") return [a];
  return op === mul.op ? [a, b] : undefined;
};

/** The factors of a product; a longer one counts as one factor. */
const factorsWith = (element: Value): readonly Value[] => factorsOf(element, partsOfMasked) ?? [element];

function meanOf(value: Value): Mean | undefined {
  const divisor = value.op === div.op ? value.operands[1] : undefined;
  const total = divisor ? value.operands[0] : value;
  if (total.op !== sumOp) return undefined;
  return { factors: factorsWith(total.operands[0]), axes: axesOf(total), divisor };
}

/** The factors that are left of some when others are taken from them; undefined where one of those is missing. */
function without(some: readonly Value[], others: readonly Value[]): readonly Value[] | undefined {
  return others.reduce<readonly Value[] | undefined>((left, other) => {
    const at = left?.findIndex((each) => same(each, other)) ?? -1;
    return at < 0 ? undefined : left!.toSpliced(at, 1);
  }, some);
}

/** The product of numbers where all conditions among the factors hold, elsewhere 0; of conditions alone 1 and 0. */
function productOf(factors: readonly Value[]): Value {
  const conditions = factors.filter(({ type }) => type.dtype === "bool");
  const numbers = factors.filter(({ type }) => type.dtype !== "bool");
  const condition = conditions.length > 0 ? conditions.reduce((a, b) => and(a, b)) : undefined;
  if (numbers.length === 0) return cast(condition!, "f32");
  const product = numbers.reduce((a, b) => mul(a, b));
  return condition ? where(condition, product, 0) : product;
}

/** Both divide by the same. */
const alike = (a: Mean, b: Mean): boolean =>
  a.divisor && b.divisor ? same(a.divisor, b.divisor) : a.divisor === b.divisor;

/** Σwxy/n − (Σwx/n)·(Σwy/n) = Σw(x − x̄)(y − ȳ)/n for means under the weights w. */
function weightedVariance({ type, operands: [whole, part] }: Value, facts: Surroundings): Value | undefined {
  if (type.dtype !== "f32" || part.op !== mul.op) return undefined;
  const [products, left, right] = [whole, ...part.operands].map(meanOf);
  if (!products || !left || !right || !alike(products, left) || !alike(products, right)) return undefined;
  if ([left, right].some(({ axes }) => axes.join() !== products.axes.join())) return undefined;
  // What both means have in common beside what the products have.
  const weights = without([...left.factors, ...right.factors], products.factors);
  const [x, y] = weights ? [left, right].map(({ factors }) => without(factors, weights)) : [];
  if (!weights || weights.length === 0 || x?.length !== 1 || y?.length !== 1) return undefined;
  const weight = productOf(weights);
  if (!addUpTo(weight, products.axes, products.divisor, facts)) return undefined;
  const { axes, divisor } = products;
  const deviation = (of: Value, mean: Value): Value => sub(productOf([of]), spread(mean, of.type, axes));
  const square = mul(deviation(x[0], part.operands[0]), deviation(y[0], part.operands[1]));
  const total = sum(productOf([...weights, square]), { axes });
  return divisor ? div(total, divisor) : total;
}

/** Σw(x − x̄) = 0 for a mean under the weights w, whatever it is multiplied with that is the same for the row. */
function sumOfDeviations(value: Value, facts: Surroundings): Value | undefined {
  const [element] = value.operands;
  if (value.type.dtype !== "f32" || element.op !== mul.op) return undefined;
  const axes = axesOf(value);
  const factors = factorsWith(element).filter((factor) => !withoutAxes(factor, axes));
  const isNothing = factors.some((deviation, at) => {
    if (deviation.op !== sub.op) return false;
    const [x, repeated] = deviation.operands;
    const mean = withoutAxes(repeated, axes);
    const found = mean && meanOf(mean);
    const weights = found && without(found.factors, [x]);
    if (!found || !weights || weights.length === 0 || found.axes.join() !== axes.join()) return false;
    const rest = without(factors.toSpliced(at, 1), weights);
    return rest?.length === 0 && addUpTo(productOf(weights), axes, found.divisor, facts);
  });
  return isNothing ? constant(0, "f32", value.type.shape) : undefined;
}

/** A look that costs little. */
const subtractsProduct = ({ operands: [, part] }: Value): boolean => part.op === mul.op;

/** In gradients: what deviates from a mean under weights adds up to nothing under them. */
export const weightedDeviationRules: readonly Rule[] = [
  rule(
    "sum of weighted deviations",
    "assumes-finite",
    "sum(w * (x - sum(w * x) / sum(w))) = 0",
    [sumOp.name],
    sumOfDeviations,
    ({ operands: [element] }) => element.op === mul.op,
  ),
];

/** Variances under weights. */
export const weightedVarianceRules: readonly Rule[] = [
  rule(
    "weighted variance by deviations",
    "stabilizes",
    "sum(w * x * y) / n - sum(w * x) / n * (sum(w * y) / n) = sum(w * (x - sum(w * x) / n) * (y - sum(w * y) / n)) / n",
    ["sub"],
    weightedVariance,
    subtractsProduct,
  ),
];
