/// Sums of logarithms in one form: numbers times atoms, and ln(1 + eᵘ) apart, because softplus(−u) = softplus(u) − u.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { exp, log1p, softplus } from "../../ir/ops/functions.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { logaddexp } from "../../ir/ops/logspace.ts";
import { logsumexpOp } from "../../ir/ops/reduce.ts";
import type { TensorType } from "../../ir/type.ts";
import { apply, same, underLayouts, type Value } from "../../ir/value.ts";
import { mentionsInfinity } from "./finite.ts";
import { paired, type Part } from "./paired.ts";
import { ontoLayout, withoutAxes } from "./rules/uniform.ts";
import { axesOf } from "../../ir/ops/sum.ts";

/** constant + Σ coefficient · atom + Σ coefficient · softplus(argument). */
export interface Linear {
  readonly constant: number;
  /** No coefficient is 0. */
  readonly terms: ReadonlyMap<Value, number>;
  readonly softplus: readonly Softplus[];
}

/** coefficient · ln(1 + e^argument). */
interface Softplus {
  readonly argument: Linear;
  readonly coefficient: number;
}

/** Everything that a sum is made of, logarithms of sums taken apart. */
export function linearAtoms({ terms, softplus: parts }: Linear): readonly Value[] {
  return [...terms.keys(), ...parts.flatMap(({ argument }) => linearAtoms(argument))];
}

/** The number alone. */
export function linearConstant(number: number): Linear {
  return { constant: number, terms: new Map(), softplus: [] };
}

/** The value as one atom. */
export function linearAtom(value: Value, coefficient = 1): Linear {
  return { constant: 0, terms: new Map([[value, coefficient]]), softplus: [] };
}

/** ln(1 + eᵘ). */
export function linearSoftplus(argument: Linear): Linear {
  return { constant: 0, terms: new Map(), softplus: [{ argument, coefficient: 1 }] };
}

/** ln(eᵃ + eᵇ). */
export function linearLogaddexp(a: Linear, b: Linear): Linear {
  return addLinear(b, linearSoftplus(addLinear(a, b, -1)));
}

/** True where nothing but a number is left. */
export function isNumber({ terms, softplus: parts }: Linear): boolean {
  return terms.size === 0 && parts.length === 0;
}

/** a + scale · b. */
export function addLinear(a: Linear, b: Linear, scale = 1): Linear {
  const terms = new Map(a.terms);
  for (const [atom, coefficient] of b.terms) increase(terms, atom, scale * coefficient);
  let total: Linear = { constant: a.constant + scale * b.constant, terms, softplus: a.softplus };
  for (const { argument, coefficient } of b.softplus) total = addSoftplus(total, argument, scale * coefficient);
  return total;
}

/** scale · a. */
export function scaleLinear(a: Linear, scale: number): Linear {
  return addLinear(linearConstant(0), a, scale);
}

/** True when both are the same sum. */
export function equalLinear(a: Linear, b: Linear): boolean {
  const difference = addLinear(a, b, -1);
  return isNumber(difference) && Math.abs(difference.constant) < 1e-12;
}

function increase(terms: Map<Value, number>, atom: Value, by: number): void {
  // Only constants can be the same and two objects.
  const known = !terms.has(atom) && atom.constant ? [...terms.keys()].find((each) => same(each, atom)) : undefined;
  const key = known ?? atom;
  const total = (terms.get(key) ?? 0) + by;
  if (total === 0) terms.delete(key);
  else terms.set(key, total);
}

function addSoftplus(to: Linear, argument: Linear, coefficient: number): Linear {
  const at = to.softplus.findIndex((known) => equalLinear(known.argument, argument));
  if (at >= 0) {
    const total = to.softplus[at].coefficient + coefficient;
    const parts = total === 0 ? to.softplus.toSpliced(at, 1) : to.softplus.with(at, { argument, coefficient: total });
    return { ...to, softplus: parts };
  }
  const mirrored = scaleLinear(argument, -1);
  if (to.softplus.some((known) => equalLinear(known.argument, mirrored))) {
    return addLinear(addSoftplus(to, mirrored, coefficient), argument, coefficient);
  }
  return { ...to, softplus: [...to.softplus, { argument, coefficient }] };
}

/** How many values may still be looked at; what lies beyond is an atom. Shared values count each time they are met. */
export interface Budget {
  left: number;
}

/** Enough for what a person writes in one formula. */
export const newBudget = (): Budget => ({ left: 200 });

/** Logarithms within logarithms are taken apart as deep as people write them: comparing two doubles with each level. */
const mostNested = 3;

/** True for a sum whose logarithm of an exponential is left as it is. */
export function isNested({ softplus: parts }: Linear, levels = mostNested): boolean {
  return levels === 0 || parts.some(({ argument }) => isNested(argument, levels - 1));
}

/** A value as a sum. */
export function linearOf(value: Value, budget: Budget = newBudget()): Linear {
  const number = constantValue(value);
  if (number !== undefined && Number.isFinite(number)) return linearConstant(number);
  if (value.type.dtype !== "f32" || budget.left-- <= 0) return linearAtom(value);
  const [a, b] = value.operands;
  const of = (operand: Value): Linear => linearOf(operand, budget);
  switch (value.op) {
    case neg.op:
      return scaleLinear(of(a), -1);
    case add.op:
      return addLinear(of(a), of(b));
    case sub.op:
      return addLinear(of(a), of(b), -1);
    case mul.op:
      return scaledBy(constantValue(a), b, budget) ?? scaledBy(constantValue(b), a, budget) ?? linearAtom(value);
    case div.op:
      return scaledBy(reciprocalOf(b), a, budget) ?? linearAtom(value);
    case softplus.op:
    case logaddexp.op:
      return logarithmOf(value, value.operands.map(of));
    case log1p.op:
      return a.op === exp.op ? logarithmOf(value, a.operands.map(of)) : linearAtom(value);
    case logsumexpOp:
      return linearLogsumexp(value, budget);
    default:
      return value.op.kind === "layout" ? mapLinear(of(a), (atom) => ontoLayout(atom, value)) : linearAtom(value);
  }
}

/** ln(1 + eᵃ), or ln(eᵃ + eᵇ). */
function logarithmOf(value: Value, exponents: readonly Linear[]): Linear {
  const [a, b] = exponents;
  if (exponents.some((each) => isNested(each))) return linearAtom(value);
  return b ? linearLogaddexp(a, b) : linearSoftplus(a);
}

function scaledBy(number: number | undefined, value: Value, budget: Budget): Linear | undefined {
  if (number === undefined || number === 0) return undefined;
  const inside = linearOf(value, budget);
  const isLarge = !isNumber(inside) && Math.abs(number * inside.constant) >= largestNumber;
  return isLarge ? undefined : scaleLinear(inside, number);
}

/** A sum stays whole where its number would be this large: of z + 1e9·m − 1e9 for z − 1e9·(1 − m) nothing is left. */
const largestNumber = 16;

/** 1/c where that has no rounding error: x / 3 stays a quotient. */
function reciprocalOf(value: Value): number | undefined {
  const number = constantValue(value);
  if (number === undefined || number === 0) return undefined;
  return Math.fround(1 / number) === 1 / number && number * (1 / number) === 1 ? 1 / number : undefined;
}

/** Which operand of a selection counts, where the other is −∞. */
function countedOperand({ op, operands }: Value): number | undefined {
  if (op !== selectOp) return undefined;
  const left = [1, 2].filter((position) => constantValue(operands[position]) !== -Infinity);
  return left.length === 1 ? left[0] : undefined;
}

/** What is the same along the reduced axes comes out: ln Σ e^(x + c) = c + ln Σ eˣ, also where only some x count. */
function linearLogsumexp(value: Value, budget: Budget): Linear {
  const [x] = value.operands;
  const position = countedOperand(x);
  const inside = linearOf(position === undefined ? x : x.operands[position], budget);
  const axes = axesOf(value);
  let outside = linearConstant(inside.constant);
  const rest = new Map<Value, number>();
  for (const [atom, coefficient] of inside.terms) {
    const reduced = withoutAxes(atom, axes);
    if (reduced) outside = addLinear(outside, linearOf(reduced, budget), coefficient);
    else rest.set(atom, coefficient);
  }
  if (isNumber(outside) && outside.constant === 0) return linearAtom(value);
  if (rest.size === 0 && inside.softplus.length === 0) return linearAtom(value);
  const kept = writeLinear({ ...inside, constant: 0, terms: rest }, x.type);
  const element = position === undefined ? kept : apply(selectOp, x.operands.with(position, kept), x.attrs);
  return addLinear(outside, linearAtom(apply(logsumexpOp, [element], value.attrs)));
}

/** The sum with every atom replaced. */
export function mapLinear({ constant: number, terms, softplus: parts }: Linear, map: (atom: Value) => Value): Linear {
  return {
    constant: number,
    terms: new Map([...terms].map(([atom, coefficient]) => [map(atom), coefficient])),
    softplus: parts.map(({ argument, coefficient }) => ({ argument: mapLinear(argument, map), coefficient })),
  };
}

/** The sum as a value: each softplus on the side that leaves the shorter sum, ln(eᵃ + eᵇ) where one term belongs to it. */
export function writeLinear(linear: Linear, type: TensorType): Value {
  const beside = besideRows(linear);
  let rest: Linear = { ...beside, softplus: [] };
  const parts: (readonly [Value, number])[] = [];
  for (const { argument, coefficient } of beside.softplus) {
    const { written, left } = writeSoftplus(argument, coefficient, rest, type);
    parts.push(...written);
    rest = left;
  }
  return sumOf([...parts, ...rest.terms], rest.constant, type);
}

interface Written {
  readonly written: readonly (readonly [Value, number])[];
  /** What is still to be written. */
  readonly left: Linear;
}

const sizeOf = ({ constant: number, terms }: Linear): number => terms.size + (number === 0 ? 0 : 1);

function writeSoftplus(argument: Linear, coefficient: number, rest: Linear, type: TensorType): Written {
  const plain = softplus(writeLinear(argument, type));
  if (argument.softplus.length > 0 || sizeOf(rest) === 0) return { written: [[plain, coefficient]], left: rest };
  const mirrored = softplus(writeLinear(scaleLinear(argument, -1), type));
  // k·softplus(u) + rest = k·softplus(−u) + (rest + k·u)
  const other = addLinear(rest, argument, coefficient);
  if (rowsIn(rest, argument) > rowsIn(other, argument)) return { written: [[plain, coefficient]], left: rest };
  if (sizeOf(other) < sizeOf(rest)) return { written: [[mirrored, coefficient]], left: other };
  const share = multipleOf(rest, argument, coefficient);
  if (share !== undefined && share > 0 && share < 1) {
    const written = [[plain, coefficient * (1 - share)] as const, [mirrored, coefficient * share] as const];
    return { written, left: addLinear(rest, argument, coefficient * share) };
  }
  // k·softplus(a − b) + k·b = k·ln(eᵃ + eᵇ); a number alone is taken in where that leaves none: ln(2 + eˣ).
  const b = scaleLinear(rest, 1 / coefficient);
  const a = addLinear(argument, b);
  const within = [...rest.terms.keys()].every((atom) => argument.terms.has(atom));
  const isTakenIn = rest.terms.size > 0 ? argument.constant !== 0 : Math.abs(a.constant) < 1e-6;
  if (!within || (rest.constant !== 0 && !isTakenIn)) return { written: [[plain, coefficient]], left: rest };
  const joined = logaddexp(writeLinear(a, type), writeLinear(b, type)) as Value;
  return { written: [[joined, coefficient]], left: linearConstant(0) };
}

/** x − ln(Σ eˣ + e^c) as (x − ln Σ eˣ) − softplus(c − ln Σ eˣ): the difference stays small where x is large. */
export function besideRows(linear: Linear): Linear {
  return linear.softplus.reduce<Linear>((result, { argument, coefficient }, at) => {
    if (argument.softplus.length > 0) return result;
    const mirrored = { argument: scaleLinear(argument, -1), coefficient };
    const other = addLinear({ ...result, softplus: result.softplus.with(at, mirrored) }, argument, coefficient);
    return rowsIn(other, argument) > rowsIn(result, argument) ? other : result;
  }, linear);
}

/** How many of the rows ln Σ eˣ in an argument a sum has beside their x, which may not all be −∞: k·(x − ln Σ eˣ). */
function rowsIn({ terms }: Linear, argument: Linear): number {
  const isBesideRow = (total: Value): boolean => {
    const row = underLayouts(total);
    const scale = terms.get(total) ?? 0;
    if (row.op !== logsumexpOp || scale === 0) return false;
    const opposite = scaleLinear(linearOf(row.operands[0]), -scale);
    const isRow = ([x, by]: Part): boolean => equalLinear(opposite, linearAtom(x, by)) && !mentionsInfinity(x);
    return [...terms].some(isRow);
  };
  return [...argument.terms.keys()].filter(isBesideRow).length;
}

/** j where rest = −j · coefficient · argument. */
function multipleOf(rest: Linear, argument: Linear, coefficient: number): number | undefined {
  const [first] = argument.terms;
  if (!first) return undefined;
  const share = -(rest.terms.get(first[0]) ?? 0) / (coefficient * first[1]);
  return sizeOf(addLinear(rest, argument, coefficient * share)) === 0 ? share : undefined;
}

function sumOf(unpaired: readonly Part[], number: number, type: TensorType): Value {
  const parts = unpaired.length > 2 ? paired(unpaired) : unpaired;
  const numbered: readonly Part[] =
    number === 0 ? parts : [...parts, [constant(Math.abs(number), type.dtype, type.shape), Math.sign(number)]];
  if (numbered.length === 0) return constant(0, type.dtype, type.shape);
  const sized = ([value, coefficient]: readonly [Value, number]): Value =>
    Math.abs(coefficient) === 1 ? value : (mul(Math.abs(coefficient), value) as Value);
  const first = Math.max(
    0,
    numbered.findIndex(([, coefficient]) => coefficient > 0),
  );
  const start = numbered[first][1] > 0 ? sized(numbered[first]) : neg(sized(numbered[first]));
  return numbered
    .filter((_, position) => position !== first)
    .reduce<Value>((total, part) => (part[1] > 0 ? add(total, sized(part)) : sub(total, sized(part))), start);
}
