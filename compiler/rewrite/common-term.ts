/// Multiples of a number that rows have in common, with the factors before it: terms that cancel are seen by their factors.
import { div, mul, neg } from "../../ir/ops/arithmetic.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { remembering } from "../../ir/intern.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { sum } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, same, underLayouts, type Value } from "../../ir/value.ts";
import { ontoLayout, withoutAxes } from "./rules/uniform.ts";

type Axes = readonly number[];

/** coefficient · Π factorᵖᵒʷᵉʳ · c, where c is repeated, or added up over rows. */
export interface CommonTerm {
  readonly coefficient: number;
  /** Of what it was added up: where that is much more, the rest has cancelled. */
  readonly size: number;
  readonly powers: ReadonlyMap<Value, number>;
  readonly base: Value;
}

/** True where nothing is left but the rounding of numbers of a computer that has many digits. */
export const vanishes = ({ coefficient, size }: CommonTerm): boolean => Math.abs(coefficient) <= 1e-12 * size;

/** The term along a row of which all is the same; undefined where it is not. */
export function flatTerm(term: CommonTerm, axes: Axes): CommonTerm | undefined {
  const base = withoutAxes(term.base, axes);
  const powers = new Map<Value, number>();
  for (const [factor, power] of term.powers) {
    const flat = isScalar(factor) ? factor : withoutAxes(factor, axes);
    if (!flat) return undefined;
    powers.set(flat, power);
  }
  return base && { ...term, powers, base };
}

/** A sum over rows: what differs from row to row stays inside. */
export function summedTerm({ powers, base, ...term }: CommonTerm, axes: Axes): CommonTerm {
  const scalars = new Map([...powers].filter(([factor]) => isScalar(factor)));
  const inside = [...powers].filter(([factor]) => !isScalar(factor));
  const element = inside.length === 0 ? base : mul(productOf(inside), base);
  return { ...term, powers: scalars, base: sum(element, { axes }) };
}

/** True for one number. */
export const isScalar = ({ type }: Value): boolean => elementCount(type.shape) === 1;

/** Π factorᵖᵒʷᵉʳ. */
export function productOf(powers: Iterable<readonly [Value, number]>): Value {
  let product: Value | undefined;
  for (const [factor, power] of powers) {
    for (let i = 0; i < Math.abs(power); i++) {
      if (power > 0) product = product ? mul(product, factor) : factor;
      else product = div(product ?? 1, factor);
    }
  }
  return product!;
}

/** A number of times a term. */
export function sized(term: CommonTerm, times: number): CommonTerm {
  return { ...term, coefficient: times * term.coefficient, size: Math.abs(times) * term.size };
}

/** A product of more factors than this is one factor: the square of a square of a square is many. */
const mostFactors = 24;

const isProduct = ({ op }: Value): boolean => op === mul.op || op === div.op;

/** How many factors a product comes to. */
const factorCount = remembering((value: Value): number => {
  const inner = underLayouts(value);
  if (inner.op === neg.op) return factorCount(inner.operands[0]);
  return isProduct(inner) ? inner.operands.reduce((count, each) => count + factorCount(each), 0) : 1;
});

/** A term times a value, taken apart into factors. */
export function scaledTerm(term: CommonTerm, factor: Value, power: number): CommonTerm {
  const number = constantValue(factor);
  const [a, b] = factor.operands;
  if (number) return sized(term, number ** power);
  if (factorCount(factor) > mostFactors) return times(term, factor, power);
  if (factor.op === neg.op) return scaledTerm(sized(term, -1), a, power);
  if (factor.op === mul.op) return scaledTerm(scaledTerm(term, a, power), b, power);
  if (factor.op === div.op) return scaledTerm(scaledTerm(term, a, power), b, -power);
  if (factor.op.kind === "layout" && [mul.op, div.op, neg.op].some((op) => a.op === op)) {
    const parts = a.operands.map((part) => ontoLayout(part, factor));
    return scaledTerm(term, apply(a.op, parts, a.attrs), power);
  }
  return times(term, factor, power);
}

/** A term times one factor. */
function times(term: CommonTerm, factor: Value, power: number): CommonTerm {
  const key = scalarIn(factor) ?? factor;
  const powers = new Map(term.powers);
  const total = (powers.get(key) ?? 0) + power;
  if (total === 0) powers.delete(key);
  else powers.set(key, total);
  return { ...term, powers };
}

/** The one number that is repeated. */
function scalarIn(value: Value): Value | undefined {
  const inner = underLayouts(value);
  return isScalar(inner) ? inner : undefined;
}

/** The factors moved with the value that they are before. */
export function mapPowers(term: CommonTerm, move: (x: Value) => Value): Pick<CommonTerm, "powers"> {
  return {
    powers: new Map([...term.powers].map(([factor, power]) => [isScalar(factor) ? factor : move(factor), power])),
  };
}

/** Terms of the same number under the same factors, added up; none is dropped, so that it is seen what has cancelled. */
export function mergedTerms(terms: readonly CommonTerm[]): readonly CommonTerm[] {
  return terms.reduce<readonly CommonTerm[]>((found, term) => {
    const at = found.findIndex((each) => isAlike(each, term));
    if (at < 0) return [...found, term];
    const { coefficient, size } = found[at];
    return found.with(at, { ...term, coefficient: coefficient + term.coefficient, size: size + term.size });
  }, []);
}

/** True for the same number under the same factors, whatever coefficients both have. */
export function isAlike(a: CommonTerm, b: CommonTerm): boolean {
  const matches = [...a.powers].every(([factor, power]) => b.powers.get(factor) === power);
  return same(a.base, b.base) && a.powers.size === b.powers.size && matches;
}

/** A term as a value of a shape. */
export function writeCommon({ coefficient, powers, base }: CommonTerm): Value {
  let written = base;
  for (const [factor, power] of powers) {
    const flat = isScalar(factor) ? reshapeTo(factor, []) : factor;
    for (let i = 0; i < Math.abs(power); i++) written = power > 0 ? mul(written, flat) : div(written, flat);
  }
  return Math.abs(coefficient) === 1 ? (coefficient < 0 ? neg(written) : written) : mul(coefficient, written);
}
