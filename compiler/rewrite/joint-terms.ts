/// Terms of which nothing is left where weights add up to what they should: c − c·Σ w, of which 1 − Σ w is known when it
/// runs. Taken together, they are c·(1 − Σ w), and as exact as that difference is.
import { add, mul, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { axesOf, sum, sumOp } from "../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";
import { isScalar, productOf, type CommonTerm } from "./common-term.ts";
import { factorsOf } from "./factors.ts";

/** A term as a number times factors, added up along axes where it is a sum over rows. */
interface Product {
  readonly coefficient: number;
  /** In front of the sum, or the only ones. */
  readonly outer: Factors;
  readonly inner?: { readonly axes: readonly number[]; readonly factors: Factors };
}

type Factors = readonly (readonly [Value, number])[];

function asProduct({ coefficient, powers, base }: CommonTerm): Product | undefined {
  const outer = [...powers];
  if (base.op !== sumOp) return { coefficient, outer: [...outer, [base, 1]] };
  const factors = factorsOf(base.operands[0])?.map((factor) => [factor, 1] as const);
  return factors && { coefficient, outer, inner: { axes: axesOf(base), factors } };
}

/** What a product has more of than another; undefined where that has what it has not. */
function moreOf(factors: Factors, than: Factors): Factors | undefined {
  const left = [...factors];
  for (const [factor, power] of than) {
    const at = left.findIndex(([each, times]) => same(each, factor) && times === power);
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return left;
}

/** The weights of the second that the first has not: what they add up to, or whether there is one. */
function weightsBetween(plain: Product, weighed: Product): Value | undefined {
  if (plain.inner?.axes.join() !== weighed.inner?.axes.join()) return undefined;
  const outer = moreOf(weighed.outer, plain.outer);
  const inner = moreOf(weighed.inner?.factors ?? [], plain.inner?.factors ?? []);
  const more = outer && inner && [...outer, ...inner];
  if (more?.length !== 1) return undefined;
  const [[weights, power]] = more;
  return power === 1 && isTotal(weights) ? weights : undefined;
}

/** Σ w, or a choice between 1 and 0. */
const isTotal = (weights: Value): boolean => underLayouts(weights).op === sumOp || isCount(weights);

/** 1 where something is there, and 0 elsewhere; also added up. */
export function isCount(weights: Value): boolean {
  const { op, operands } = underLayouts(weights);
  if (op === sumOp) return isCount(operands[0]);
  return op === selectOp && operands.slice(1).every((side) => [0, 1].includes(constantValue(side) ?? NaN));
}

/** Terms as one product. */
export interface JointTerm {
  readonly value: Value;
  /** What should add up to 1. */
  readonly weights: Value;
}

/** The terms as one of which weights are a part, where there are just two with opposite signs. */
export function jointTerm(terms: readonly CommonTerm[]): JointTerm | undefined {
  if (terms.length !== 2) return undefined;
  const products = terms.map(asProduct);
  const [a, b] = products;
  if (!a || !b || a.coefficient * b.coefficient >= 0) return undefined;
  return written(a, b) ?? written(b, a);
}

/** So much of a whole is the rounding of numbers in double precision. */
const rounding = 1e-12;

/** (j − k·Σ w)·c as (k·(1 − Σ w) + (j − k))·c, where j is k but for rounding: near 1 the difference is exact. */
function written(plain: Product, weighed: Product): JointTerm | undefined {
  const [j, k] = [plain.coefficient, -weighed.coefficient];
  const weights = Math.abs(j - k) < 1e-6 * Math.abs(k) ? weightsBetween(plain, weighed) : undefined;
  if (!weights) return undefined;
  const difference: Value = sub(1, weights);
  const times: Value = k === 1 ? difference : mul(k, difference);
  const left: Value = Math.abs(j - k) <= rounding * Math.abs(k) ? times : add(times, j - k);
  const { outer, inner } = plain;
  if (!inner) return { value: productOf([...outer, [left, 1]]), weights };
  const isInside = !isScalar(left);
  const element = productOf(isInside ? [...inner.factors, [left, 1]] : inner.factors);
  const total: Value = sum(element, { axes: inner.axes });
  const value = productOf([...outer, [total, 1], ...(isInside ? [] : [[left, 1] as const])]);
  return { value, weights };
}
