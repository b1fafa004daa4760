/// Variances under weights as differences of means: Σwxy/n − (Σwx/n)·(Σwy/n) loses the digits of a common offset, whether
/// the weights are a distribution, a mask, or any others that are divided by their sum.
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, castOp, selectOp } from "../../../ir/ops/choose.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import { asWeightedSum } from "../as-sum.ts";
import { mentionsExponential } from "../exponential.ts";
import { factorsOf, type Opening } from "../factors.ts";
import { rangeOf } from "../range.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { addUpTo } from "./reduce.ts";
import { and, equal, where } from "../untyped.ts";
import { ontoLayout, withoutAxes } from "./uniform.ts";
import { shortfall } from "./whole.ts";

/** Σ of factors along axes over a divisor; a condition is a factor of 1 and 0. */
interface Mean {
  readonly factors: readonly Value[];
  readonly axes: readonly number[];
  readonly divisor: Value | undefined;
}

/** What counts an element or not is a factor as well: as a choice of 0, or as 1 and 0. */
const partsOfMasked: Opening = (value) => {
  const { op, type, operands } = value;
  const [a, b, c] = operands;
  if (op === selectOp && type.dtype === "f32" && constantValue(c) === 0) return [a, b];
  if (op === castOp && a.type.dtype === "bool") return [a];
  if (op.kind === "layout" && a.op === mul.op) return a.operands.map((factor) => ontoLayout(factor, value));
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

/** Products are looked into as deep as people write them. */
const deepest = 4;

/** The products, and what they are divided by: a sum of weights that are there n times is n · Σ m. */
const mostOthers = 3;

/** What a product has above and below. */
interface Fraction {
  readonly over: readonly Value[];
  readonly under: readonly Value[];
}

function fractionOf(value: Value, depth = deepest): Fraction {
  const { op, operands } = value;
  if (depth === 0 || (op !== mul.op && op !== div.op)) return { over: [value], under: [] };
  const [a, b] = operands.map((operand) => fractionOf(operand, depth - 1));
  const [more, less] = op === mul.op ? [b.over, b.under] : [b.under, b.over];
  return { over: [...a.over, ...more], under: [...a.under, ...less] };
}

/** Both lists without what they have in common. */
function cancelled(over: readonly Value[], under: readonly Value[]): readonly [readonly Value[], readonly Value[]] {
  return under.reduce<readonly [readonly Value[], readonly Value[]]>(
    ([left, right], each) => {
      const rest = without(left, [each]);
      return rest ? [rest, right] : [left, [...right, each]];
    },
    [over, []],
  );
}

/** A product or quotient in which weighted means are sums, also where they are written as products of a matrix and a vector. */
function withSums(value: Value, depth = deepest): Value {
  const weighted = asWeightedSum(value);
  if (weighted) return weighted;
  if (depth === 0 || (value.op !== mul.op && value.op !== div.op)) return value;
  const operands = value.operands.map((operand) => withSums(operand, depth - 1));
  return operands.every((operand, i) => operand === value.operands[i]) ? value : apply(value.op, operands);
}

/** Σwxy/n − (Σwx/n)·(Σwy/n) = Σw(x − x̄)(y − ȳ)/n for means under the weights w, in whatever units both are. */
function weightedVariance({ type, operands }: Value, facts: Surroundings): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  const [whole, part] = operands.map((operand) => withSums(operand));
  const [first, second] = [fractionOf(whole), fractionOf(part)];
  const [sums, others] = cancelled([...second.over, ...first.under], [...second.under, ...first.over]);
  if (sums.length !== 2 || others.length > mostOthers || !sums.every(isTotal)) return undefined;
  for (const products of others.filter(isTotal)) {
    const under = others.filter((each) => each !== products);
    const divisor = under.length > 0 ? under.reduce((a, b) => mul(a, b)) : undefined;
    const spreads = first.over.includes(products) ? deviationsOf(products, sums, divisor, facts) : undefined;
    if (spreads) return inPlaceOf(whole, products, spreads);
  }
  return undefined;
}

const isTotal = ({ op }: Value): boolean => op === sumOp;

/** A product or quotient with one of its factors above replaced, once: it may be there several times. */
function inPlaceOf(whole: Value, factor: Value, by: Value, depth = deepest): Value | undefined {
  if (whole === factor) return by;
  if (depth === 0 || (whole.op !== mul.op && whole.op !== div.op)) return undefined;
  const [a, b] = whole.operands;
  const left = inPlaceOf(a, factor, by, depth - 1);
  if (left) return apply(whole.op, [left, b]);
  const right = whole.op === mul.op ? inPlaceOf(b, factor, by, depth - 1) : undefined;
  return right && apply(mul.op, [a, right]);
}

/** Σw(x − x̄)(y − ȳ) of Σwxy, Σwx and Σwy, where the weights add up to the divisor, or none is negative. */
function deviationsOf(
  products: Value,
  [left, right]: readonly Value[],
  divisor: Value | undefined,
  facts: Surroundings,
): Value | undefined {
  const axes = axesOf(products);
  if ([left, right].some((total) => axesOf(total).join() !== axes.join())) return undefined;
  const [all, some, others] = [products, left, right].map((total) => factorsWith(total.operands[0]));
  // What both means have in common beside what the products have.
  const weights = without([...some, ...others], all);
  const [x, y] = weights ? [some, others].map((factors) => without(factors, weights)) : [];
  if (!weights || weights.length === 0 || x?.length !== 1 || y?.length !== 1) return undefined;
  const under = (mean: readonly Value[], of: Value): Value =>
    sum(productOf([...weights, mul(deviation(x[0], mean[0], axes), deviation(of, mean[1], axes))]), { axes });
  if (addUpTo(productOf(weights), axes, divisor, facts)) {
    return under(
      [left, right].map((total) => (divisor ? div(total, divisor) : total)),
      y[0],
    );
  }
  const weight = productOf(weights);
  // Exponentials over another number than their sum are products of exponentials, which other rules put together.
  if (!divisor || mentionsExponential(weight)) return undefined;
  const missing = shortfall(divisor, (side) => addUpTo(weight, axes, side, facts));
  if (missing) {
    // With means as they are written: no weights are too small to divide by.
    const means = [left, right].map((each) => div(each, divisor));
    return add(under(means, y[0]), mul(mul(means[0], means[1]), missing));
  }
  // Weights of both signs may add up to next to nothing, and means under them are as large as that is small.
  if (rangeOf(weight).low < 0) return undefined;
  const total = sum(weight, { axes });
  const means = [left, right].map((each) => div(each, where(equal(total, 0), 1, total)));
  return add(under(means, y[0]), mul(mul(means[0], means[1]), mul(total, sub(1, div(total, divisor)))));
}

const deviation = (x: Value, mean: Value, axes: readonly number[]): Value =>
  sub(productOf([x]), spread(mean, x.type, axes));

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
const subtractsProduct = ({ operands: [, part] }: Value): boolean => part.op === mul.op || part.op === div.op;

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
