/// Writes a sum of products as an expression: common factors in front, the sum in parentheses, divisors last.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { constant, constantValue, sizeOp, sizeValue } from "../../ir/ops/leaf.ts";
import { multiplyDims, type Dim } from "../../ir/dim.ts";
import type { TensorType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { whole, type Fraction, type Polynomial, type Term } from "./polynomial.ts";

/** Higher powers are not written out. */
const highestPower = 3;

/** The factored expression; undefined where a power is too high to write out. */
export function factored({ terms, atoms }: Polynomial, type: TensorType): Value | undefined {
  const high = terms.some(({ powers }) => [...powers.values()].some((power) => Math.abs(power) > highestPower));
  return high ? undefined : sumOf(terms, { atoms, type });
}

interface Writing {
  /** The order of factors. */
  readonly atoms: readonly Value[];
  readonly type: TensorType;
}

function sumOf(terms: readonly Term[], writing: Writing): Value {
  const { dtype, shape } = writing.type;
  if (terms.length === 0) return constant(0, dtype, shape);
  const { positive, value } = signedSum(terms, writing);
  return positive ? value : neg(value);
}

/** Common factors times the rest; the sign is handed on, so that it can merge into a sum around it. */
function signedSum(terms: readonly Term[], writing: Writing): Signed {
  const common = commonFactor(terms);
  const rest = terms.map((term) => quotient(term, common));
  return signed(common, rest.length === 1 ? undefined : plainSum(rest, writing), writing);
}

/** A sum whose terms share no factor: those that share one with some others are grouped. */
function plainSum(terms: readonly Term[], writing: Writing): Value {
  const shared = mostShared(terms);
  if (!shared) return alternatingSum(numbersApart(terms).map((term) => signed(term, undefined, writing)));
  const has = ({ powers }: Term): boolean => Math.sign(powers.get(shared.atom) ?? 0) === shared.sign;
  const group = signedSum(terms.filter(has), writing);
  return alternatingSum([group, ...terms.filter((term) => !has(term)).map((term) => signed(term, undefined, writing))]);
}

/** Numbers that are not one because that would round are not added up first: the smaller ones go last. */
function numbersApart(terms: readonly Term[]): readonly Term[] {
  const size = ({ coefficient: { over, under } }: Term): number => Math.abs(over / under);
  const [, ...smaller] = terms.filter(({ powers }) => powers.size === 0).toSorted((a, b) => size(b) - size(a));
  return smaller.length === 0 ? terms : [...terms.filter((term) => !smaller.includes(term)), ...smaller];
}

interface Signed {
  readonly positive: boolean;
  readonly value: Value;
}

function signed(term: Term, sum: Value | undefined, writing: Writing): Signed {
  const positive = isPositive(term);
  const size = positive ? term : { ...term, coefficient: minus(term.coefficient) };
  return { positive, value: productOf(size, sum, writing) };
}

/** a + b − c, a positive term first. */
function alternatingSum(parts: readonly Signed[]): Value {
  const first = Math.max(
    0,
    parts.findIndex((part) => part.positive),
  );
  const start = parts[first].positive ? parts[first].value : neg(parts[first].value);
  return parts
    .filter((_, position) => position !== first)
    .reduce((total, part) => (part.positive ? add(total, part.value) : sub(total, part.value)), start);
}

/** coefficient · atoms · sum / divisors, for a positive coefficient. */
function productOf({ coefficient, powers }: Term, sum: Value | undefined, { atoms, type }: Writing): Value {
  const used = atoms.filter((atom) => powers.has(atom));
  const repeat = (sign: number): Value[] =>
    used.flatMap((atom) => new Array<Value>(Math.max(0, sign * powers.get(atom)!)).fill(atom));
  const { factor, divisor } = written(coefficient);
  const number = (value: number): Value => constant(value, type.dtype, type.shape);
  const over = [...repeat(1), ...(sum ? [sum] : [])];
  if (factor !== 1 || over.length === 0) over.unshift(number(factor));
  const under = mergedSizes([...repeat(-1), ...(divisor === 1 ? [] : [number(divisor)])]);
  const product = over.reduce((left, right) => mul(left, right));
  return under.reduce((left, right) => div(left, right), product);
}

/** Divisors that are sizes or whole numbers become one: x / 2 / batch is x / (2·batch). */
function mergedSizes(divisors: readonly Value[]): readonly Value[] {
  const size = (value: Value): Dim | undefined => {
    const number = constantValue(value);
    if (value.op === sizeOp) return value.attrs.size as Dim;
    return number !== undefined && Number.isSafeInteger(number) && number > 0 ? number : undefined;
  };
  const sizes = divisors.flatMap((value) => size(value) ?? []);
  if (sizes.length < 2) return divisors;
  const [{ type }] = divisors;
  const merged = sizeValue(sizes.reduce(multiplyDims), type.dtype, type.shape);
  return [...divisors.filter((value) => size(value) === undefined), merged];
}

/** A fraction as factor and divisor: a whole quotient either way is one number, else a number if float32 has it. */
function written({ over, under }: Fraction): { readonly factor: number; readonly divisor: number } {
  const ratio = over / under;
  if (Number.isInteger(under / over) && under > over) return { factor: 1, divisor: under / over };
  if (Math.fround(ratio) === ratio || !isFloat32(over) || !isFloat32(under)) return { factor: ratio, divisor: 1 };
  return { factor: over, divisor: under };
}

const isFloat32 = (number: number): boolean => Math.fround(number) === number;
const isPositive = ({ coefficient }: Term): boolean => coefficient.over > 0;
const minus = ({ over, under }: Fraction): Fraction => ({ over: -over, under });

/** What every term has: powers, and the coefficient where it is the same up to sign. */
function commonFactor(terms: readonly Term[]): Term {
  const [first] = terms;
  const powers = new Map<Value, number>();
  for (const atom of first.powers.keys()) {
    const all = terms.map((term) => term.powers.get(atom) ?? 0);
    if (all.every((each) => each > 0)) powers.set(atom, Math.min(...all));
    else if (all.every((each) => each < 0)) powers.set(atom, Math.max(...all));
  }
  return { coefficient: commonCoefficient(terms), powers };
}

function commonCoefficient(terms: readonly Term[]): Fraction {
  const [{ coefficient }] = terms;
  if (terms.length === 1) return coefficient;
  const sign = terms.some(isPositive) ? 1 : -1;
  if (!terms.every((term) => isSameSize(term.coefficient, coefficient))) return whole(sign);
  // 0.5 and 1/2 are one number: the fraction of whole numbers says it exactly.
  const { over, under } = (terms.find((term) => Number.isInteger(term.coefficient.over)) ?? terms[0]).coefficient;
  return { over: sign * Math.abs(over), under };
}

const isSameSize = (a: Fraction, b: Fraction): boolean => Math.abs(a.over) * b.under === Math.abs(b.over) * a.under;

function quotient(term: Term, by: Term): Term {
  const powers = new Map<Value, number>();
  for (const [atom, power] of term.powers) {
    const rest = power - (by.powers.get(atom) ?? 0);
    if (rest !== 0) powers.set(atom, rest);
  }
  const { over, under } = term.coefficient;
  const { coefficient } = by;
  if (isSameSize(term.coefficient, coefficient))
    return { coefficient: whole(Math.sign(over) * Math.sign(coefficient.over)), powers };
  return { coefficient: { over: over * Math.sign(coefficient.over), under }, powers };
}

/** The atom that most terms share, if any two do. */
function mostShared(terms: readonly Term[]): { readonly atom: Value; readonly sign: number } | undefined {
  let best: { atom: Value; sign: number; count: number } | undefined;
  for (const term of terms) {
    for (const [atom, power] of term.powers) {
      const sign = Math.sign(power);
      const count = terms.filter((other) => Math.sign(other.powers.get(atom) ?? 0) === sign).length;
      if (count > 1 && count > (best?.count ?? 1)) best = { atom, sign, count };
    }
  }
  return best;
}
