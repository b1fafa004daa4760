/// Sums of products: what an arithmetic expression is over its atoms, the values that are no arithmetic themselves.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { sigmoid } from "../../ir/ops/functions.ts";
import { constantValue, sizeOp, sizeValue } from "../../ir/ops/leaf.ts";
import { broadcastAlong, broadcastOp, type BroadcastAttrs } from "../../ir/ops/sum.ts";
import { dimTerms, divideDims, type Dim } from "../../ir/dim.ts";
import { isLongSum } from "./long-sum.ts";
import { same, type Op, type Value } from "../../ir/value.ts";

/** A rational number: 1/37 has no rounding error until it is written down. */
export interface Fraction {
  readonly over: number;
  readonly under: number;
}

/** A coefficient times powers of atoms, none of exponent 0. */
export interface Term {
  readonly coefficient: Fraction;
  readonly powers: ReadonlyMap<Value, number>;
}

/** Larger expressions stay as they are: what a person would collect by hand is small. */
const limits = { terms: 16, nodes: 48, factors: 24 };

/** An arithmetic expression as a sum of products, and what it was made of. */
export interface Polynomial {
  readonly terms: readonly Term[];
  /** Atoms in order of appearance. */
  readonly atoms: readonly Value[];
  /** The arithmetic values inside, users before operands, the root first. */
  readonly inner: readonly Value[];
}

/** True for the ops that `expand` looks through. */
export function isArithmetic(value: Value): boolean {
  return arithmeticOps.has(value.op) && value.type.dtype === "f32";
}

const arithmeticOps: ReadonlySet<Op> = new Set([add, sub, mul, div, neg].map(({ op }) => op));

/** How far an expression is taken apart. */
export interface ExpandOptions {
  /** Values to take as they are. */
  readonly opaque?: ReadonlySet<Value>;
  /** False keeps a sum that is a factor as it is: (1 − y)·a stays one term. */
  readonly multiplyOut: boolean;
}

/** An expression as a sum of products; undefined when that grows too large. */
export function expand(root: Value, { opaque, multiplyOut }: ExpandOptions): Polynomial | undefined {
  const inner = arithmeticIn(root, opaque);
  if (!inner) return undefined;
  const atoms: Value[] = [];
  const intern = (value: Value): Value => {
    // Equal constants may be several objects, everything else is one.
    const known = value.constant ? atoms.find((atom) => same(atom, value)) : undefined;
    if (!known && !atoms.includes(value)) atoms.push(value);
    return known ?? value;
  };
  const members = new Set(inner);
  const leaves = new Set(inner.flatMap((value) => value.operands));
  const memo = new Map<Value, readonly Term[] | undefined>();
  const termsOf = (value: Value): readonly Term[] | undefined => {
    if (!memo.has(value)) memo.set(value, toTerms(value));
    return memo.get(value);
  };
  function toTerms(value: Value): readonly Term[] | undefined {
    const number = constantValue(value);
    if (number !== undefined) return number === 0 ? [] : [{ coefficient: whole(number), powers: new Map() }];
    const [a, b] = value.operands;
    if (!members.has(value)) return atomTerms(value, leaves, intern);
    if (value.op === neg.op) return termsOf(a)?.map((term) => scaled(term, whole(-1)));
    if (value.op === add.op) return collected(termsOf(a), termsOf(b));
    if (value.op === sub.op)
      return collected(
        termsOf(a),
        termsOf(b)?.map((term) => scaled(term, whole(-1))),
      );
    return product(value, { members, termsOf, intern, multiplyOut });
  }
  const terms = termsOf(root);
  return terms && { terms, atoms, inner };
}

/** An atom is itself, or simple arithmetic that its op hides. */
function atomTerms(value: Value, leaves: ReadonlySet<Value>, intern: (value: Value) => Value): readonly Term[] {
  const mirrored = mirroredSigmoid(value, leaves);
  if (mirrored) return [{ coefficient: whole(1), powers: new Map() }, scaled(atomTerm(intern(mirrored)), whole(-1))];
  const [x] = value.operands;
  if (value.op === broadcastOp && x.op === neg.op && x.type.shape.length > 0) {
    const { shape, axes } = value.attrs as unknown as BroadcastAttrs;
    return [scaled(atomTerm(intern(broadcastAlong(x.operands[0], shape, axes))), whole(-1))];
  }
  const [part, ...others] = value.op === sizeOp ? dimTerms(value.attrs.size as Dim) : [];
  if (!part || others.length > 0 || part.coefficient === 1) return [atomTerm(intern(value))];
  const names = divideDims(value.attrs.size as Dim, part.coefficient)!;
  return [scaled(atomTerm(intern(sizeValue(names, value.type.dtype, value.type.shape))), whole(part.coefficient))];
}

/** σ(−x) is 1 − σ(x), where σ(x) is at hand anyway. */
function mirroredSigmoid(value: Value, leaves: ReadonlySet<Value>): Value | undefined {
  if (value.op !== sigmoid.op || value.operands[0].op !== neg.op) return undefined;
  const [x] = value.operands[0].operands;
  return [...leaves].find((leaf) => leaf.op === sigmoid.op && same(leaf.operands[0], x));
}

/**
 * The arithmetic values of an expression, the root first, in the order of their distance; undefined when there are too many.
 * What the root reads of long sums is taken as it is: each layer of a deep network is the same expression then.
 */
export function arithmeticIn(root: Value, opaque?: ReadonlySet<Value>): readonly Value[] | undefined {
  const inner = new Set<Value>();
  const pending = [root];
  for (const value of pending) {
    if (inner.has(value) || !isArithmetic(value) || opaque?.has(value)) continue;
    if (value !== root && isLongSum(value)) continue;
    inner.add(value);
    if (inner.size > limits.nodes) return undefined;
    for (let i = 0; i < value.operands.length; i++) pending.push(value.operands[i]);
  }
  return [...inner];
}

interface Expansion {
  readonly members: ReadonlySet<Value>;
  readonly multiplyOut: boolean;
  termsOf(value: Value): readonly Term[] | undefined;
  intern(value: Value): Value;
}

/** Factors that are sums cancel as a whole before they are multiplied out: (a + b) · c / (a + b) is c. */
function product(value: Value, { members, termsOf, intern, multiplyOut }: Expansion): readonly Term[] | undefined {
  const over: Value[] = [];
  const under: Value[] = [];
  const sign = gatherFactors(value, members, over, under);
  if (sign === undefined) return undefined;
  let terms: readonly Term[] | undefined = [{ coefficient: whole(sign), powers: new Map() }];
  for (const factor of [...over]) {
    const cancelled = under.findIndex((divisor) => same(divisor, factor));
    if (cancelled < 0) continue;
    under.splice(cancelled, 1);
    over.splice(over.indexOf(factor), 1);
  }
  for (const factor of over) {
    const parts = termsOf(factor);
    const whole = !multiplyOut && parts && parts.length > 1;
    terms = multiplied(terms, whole ? [atomTerm(intern(factor))] : parts);
  }
  for (const divisor of under) terms = multiplied(terms, reciprocal(divisor, termsOf, intern));
  return terms;
}

/** Factors of a product, and its sign; undefined where there are too many: squares of squares have 2ⁿ. */
function gatherFactors(value: Value, members: ReadonlySet<Value>, over: Value[], under: Value[]): 1 | -1 | undefined {
  const [a, b] = value.operands;
  if (!members.has(value) || value.op === add.op || value.op === sub.op) {
    return over.push(value) + under.length > limits.factors ? undefined : 1;
  }
  const sign = gatherFactors(a, members, over, under);
  if (sign === undefined) return undefined;
  if (value.op === neg.op) return sign === 1 ? -1 : 1;
  const [into, other] = value.op === mul.op ? [over, under] : [under, over];
  const second = gatherFactors(b, members, into, other);
  return second && (sign === second ? 1 : -1);
}

function reciprocal(
  divisor: Value,
  termsOf: Expansion["termsOf"],
  intern: Expansion["intern"],
): readonly Term[] | undefined {
  const terms = termsOf(divisor);
  if (!terms || terms.length === 0) return undefined;
  if (terms.length > 1) return [{ coefficient: whole(1), powers: new Map([[intern(divisor), -1]]) }];
  const [{ coefficient, powers }] = terms;
  const inverse = { over: coefficient.under, under: coefficient.over };
  return [{ coefficient: inverse, powers: new Map([...powers].map(([atom, power]) => [atom, -power])) }];
}

function multiplied(a: readonly Term[] | undefined, b: readonly Term[] | undefined): readonly Term[] | undefined {
  if (!a || !b || a.length * b.length > limits.terms) return undefined;
  return collected(
    a.flatMap((x) => b.map((y) => timesTerm(x, y))),
    [],
  );
}

function timesTerm(a: Term, b: Term): Term {
  const powers = new Map(a.powers);
  for (const [atom, power] of b.powers) {
    const total = (powers.get(atom) ?? 0) + power;
    if (total === 0) powers.delete(atom);
    else powers.set(atom, total);
  }
  return { coefficient: timesFraction(a.coefficient, b.coefficient), powers };
}

/** The sum of both, like terms merged. */
function collected(a: readonly Term[] | undefined, b: readonly Term[] | undefined): readonly Term[] | undefined {
  if (!a || !b) return undefined;
  if (a.length === 0 && b.length === 1 && b[0].coefficient.over !== 0) return b;
  if (b.length === 0 && a.length === 1 && a[0].coefficient.over !== 0) return a;
  const merged: Term[] = [];
  for (const term of [...a, ...b]) {
    const at = placeOf(term, merged);
    if (at < 0) merged.push(term);
    else merged[at] = { ...term, coefficient: plusFraction(merged[at].coefficient, term.coefficient) };
  }
  const terms = merged.filter(({ coefficient }) => coefficient.over !== 0);
  return terms.length > limits.terms ? undefined : terms;
}

/** The term that one is added to, if there is one. */
function placeOf({ powers, coefficient }: Term, terms: readonly Term[]): number {
  for (let i = 0; i < terms.length; i++) {
    const isAlike = samePowers(terms[i].powers, powers);
    if (isAlike && (powers.size > 0 || keepsDigits(ratioOf(terms[i].coefficient), ratioOf(coefficient)))) return i;
  }
  return -1;
}

/** What may be lost of a number that becomes one with another. */
const mostLost = 1e-5;

/** True where float32 has what two numbers add up to. Of 1 + 1e-7 − x little is left where x is 1: 1e-7 stays by itself. */
export function keepsDigits(x: number, y: number): boolean {
  const lost = Math.abs(Math.fround(x + y) - (x + y));
  return lost <= mostLost * Math.min(Math.abs(x), Math.abs(y));
}

function samePowers(a: ReadonlyMap<Value, number>, b: ReadonlyMap<Value, number>): boolean {
  if (a.size !== b.size) return false;
  for (const atom of a.keys()) if (b.get(atom) !== a.get(atom)) return false;
  return true;
}

function atomTerm(atom: Value): Term {
  return { coefficient: whole(1), powers: new Map([[atom, 1]]) };
}

function scaled(term: Term, by: Fraction): Term {
  return { ...term, coefficient: timesFraction(term.coefficient, by) };
}

/** A number as a fraction. */
export function whole(number: number): Fraction {
  return { over: number, under: 1 };
}

const ratioOf = ({ over, under }: Fraction): number => over / under;

function timesFraction(a: Fraction, b: Fraction): Fraction {
  return reduced(a.over * b.over, a.under * b.under);
}

function plusFraction(a: Fraction, b: Fraction): Fraction {
  return a.under === b.under
    ? reduced(a.over + b.over, a.under)
    : reduced(a.over * b.under + b.over * a.under, a.under * b.under);
}

function reduced(over: number, under: number): Fraction {
  if (under < 0) return reduced(-over, -under);
  if (!Number.isSafeInteger(over) || !Number.isSafeInteger(under)) return { over, under };
  let [a, b] = [Math.abs(over), under];
  while (b !== 0) [a, b] = [b, a % b];
  return a > 1 ? { over: over / a, under: under / a } : { over, under };
}
