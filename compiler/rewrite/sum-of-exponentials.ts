/// Sums of exponentials as one exponential, where their signs are known.
import { div, mul } from "../../ir/ops/arithmetic.ts";
import { log1mexp, logaddexp } from "../../ir/ops/logspace.ts";
import type { TensorType } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";
import {
  addLinear,
  equalLinear,
  isNested,
  linearAtom,
  linearConstant,
  linearLogaddexp,
  linearOf,
  writeLinear,
  type Linear,
} from "./linear.ts";
import { exponentialMonomial, isExponential, isPure, type Monomial } from "./monomial.ts";
import { rangeOf } from "./range.ts";
import { complementOf, differenceOfSigmoids } from "./sigmoids.ts";

/** What may be taken for granted about a value. */
export interface Assumption {
  /** It is positive where it is a number: the operand of a logarithm. */
  readonly positive?: boolean;
}

/** The terms with equal exponentials added up. */
export function mergedTerms(terms: readonly Monomial[]): readonly Monomial[] {
  const result: Monomial[] = [];
  for (const term of terms) {
    const at = isPure(term)
      ? result.findIndex((other) => isPure(other) && equalLinear(other.exponent, term.exponent))
      : -1;
    if (at < 0) result.push(term);
    else result[at] = { ...term, coefficient: result[at].coefficient + term.coefficient };
  }
  return result.filter(({ coefficient }) => coefficient !== 0);
}

/** So many logarithms within one another are compared as sums; of more each two make one value. */
const mostTerms = 4;

/** A sum of exponentials as one: Σ cᵢ e^uᵢ of one sign, or a difference of two whose sign is known. */
export function sumOfTerms(terms: readonly Monomial[], assumption: Assumption, type: TensorType): Monomial | undefined {
  if (terms.length === 1) return terms[0];
  if (terms.length === 0) return undefined;
  if (!terms.every(isPure) || !terms.some(isExponential)) return undefined;
  if (terms.some(({ exponent }) => isNested(exponent))) return undefined;
  const sign = Math.sign(terms[0].coefficient);
  if (terms.every(({ coefficient }) => Math.sign(coefficient) === sign)) {
    const logarithms = terms.map(logarithmOf);
    const isShort = terms.length <= mostTerms;
    return exponentialMonomial(isShort ? logarithms.reduce(linearLogaddexp) : ofMany(logarithms, type), sign);
  }
  return terms.length === 2 ? difference(terms, assumption, type) : undefined;
}

/** ln Σ eᵘ of many u, two by two. */
function ofMany(exponents: readonly Linear[], type: TensorType): Linear {
  let values = exponents.map((each) => writeLinear(each, type));
  while (values.length > 1) {
    values = values.flatMap((left, i, all) => {
      const right = all[i + 1];
      return i % 2 === 1 ? [] : [right ? (logaddexp(left, right) as Value) : left];
    });
  }
  return linearAtom(values[0]);
}

/** ln |c · eᵘ|. */
function logarithmOf({ coefficient, exponent }: Monomial): Linear {
  return addLinear(exponent, linearConstant(Math.log(Math.abs(coefficient))));
}

/** eᵃ − eᵇ = eᵃ(1 − e^(b − a)). */
function difference(terms: readonly Monomial[], { positive }: Assumption, type: TensorType): Monomial | undefined {
  const [a, b] = [...terms].sort((x, y) => y.coefficient - x.coefficient).map(logarithmOf);
  const complement = complementOf(addLinear(b, a, -1));
  if (complement) return exponentialMonomial(addLinear(a, complement));
  const sigmoids = differenceOfSigmoids(a, b);
  const { gap, rest } = sigmoids ?? { gap: addLinear(b, a, -1), rest: a };
  const written = writeGap(gap, type);
  if (!positive && !(rangeOf(written).high <= 0)) return undefined;
  return exponentialMonomial(addLinear(rest, linearAtom(log1mexp(written))));
}

/** A sum in which k·x − k·y is k·(x − y): (d + h)/s − (d − h)/s is 2h/s, and its digits are those of h. */
export function writeGap(gap: Linear, type: TensorType): Value {
  const [left, right] = gap.terms;
  const isPair = gap.terms.size === 2 && left[1] === -right[1];
  const joined = isPair ? differenceOfMultiples(left[0], right[0]) : undefined;
  if (!joined) return writeLinear(gap, type);
  return writeLinear(addLinear({ ...gap, terms: new Map() }, linearOf(joined), left[1]), type);
}

/** k·x − k·y as a product. */
function differenceOfMultiples(a: Value, b: Value): Value | undefined {
  if (a.op !== b.op || (a.op !== mul.op && a.op !== div.op)) return undefined;
  const at = a.operands.findIndex((k, i) => (a.op === mul.op || i === 1) && k === b.operands[i]);
  if (at < 0) return undefined;
  const [x, y] = [a, b].map(({ operands }) => linearOf(operands[1 - at]));
  const rest = addLinear(x, y, -1);
  // Where nothing cancels the difference of products is as good.
  if (rest.terms.size >= x.terms.size + y.terms.size) return undefined;
  return apply(a.op, a.operands.with(1 - at, writeLinear(rest, a.type)));
}
