/// Rows over their spread, (x − x̄)/σ, and the gradients of such: one number for each row stays one number for each row.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { constantOp, constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, broadcastAttrs, broadcastAlong, broadcastOp, sum, sumOp } from "../../../ir/ops/sum.ts";
import { isFloat } from "../../../ir/type.ts";
import { apply, same, sameAttrs, type Value } from "../../../ir/value.ts";
import { mapped, reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { hasDivisor, isEndless } from "./lengths.ts";
import { isDeviation } from "./reduce.ts";
import { isUniform, withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** Products are looked into as deep as people write them: of values that are read twice each, there are 2ⁿ paths. */
const deepest = 8;

/** What is the same all along some axes, and no plain number: those stand where they cost least already. */
function numberOfRows(value: Value, axes: Axes): Value | undefined {
  return isUniform(value) ? undefined : withoutAxes(value, axes);
}

/** x/s as x and s, of a product that nobody else reads a part of; `s` is one number for each row. */
function takeDivisor(
  value: Value,
  axes: Axes,
  around: Surroundings,
): { readonly rest: Value; readonly divisor: Value } | undefined {
  const [a, b] = value.operands;
  if ((value.op !== mul.op && value.op !== div.op) || around.uses(value) > 1) return undefined;
  const divisor = value.op === div.op ? numberOfRows(b, axes) : undefined;
  if (divisor) return { rest: a, divisor };
  const left = takeDivisor(a, axes, around);
  if (left) return { ...left, rest: apply(value.op, [left.rest, b]) };
  // Of a square the one operand says it for both: looking twice would double with every square of a square.
  const right = value.op === mul.op && a !== b ? takeDivisor(b, axes, around) : undefined;
  return right && { ...right, rest: mul(a, right.rest) };
}

/** Σ x/s = Σ x / s: one division a row, unless the quotients are there anyway. */
function sumOfQuotients(value: Value, around: Surroundings): Value | undefined {
  const [x] = value.operands;
  if (!isFloat(x.type.dtype)) return undefined;
  const taken = takeDivisor(x, axesOf(value), around);
  // Of a unit vector no entry is above 1: without its length what it is multiplied by may overflow.
  if (taken && isEndless(taken.divisor) && !hasDivisor(taken.rest, taken.divisor)) return undefined;
  return taken && div(sum(taken.rest, { axes: axesOf(value) }), taken.divisor);
}

/** True where a value adds up to nothing along the axes: deviations from the mean, times one number for each row. */
function sumsToNothing(value: Value, axes: Axes, depth = deepest): boolean {
  const [a, b] = value.operands;
  if (value.op === sub.op && isDeviation(value, axes)) return true;
  if (depth === 0) return false;
  if (value.op === neg.op) return sumsToNothing(a, axes, depth - 1);
  const isScaled = (factor: Value, rest: Value): boolean =>
    withoutAxes(factor, axes) !== undefined && sumsToNothing(rest, axes, depth - 1);
  if (value.op === div.op) return isScaled(b, a);
  if (value.op !== mul.op) return false;
  return isScaled(a, b) || isScaled(b, a);
}

/**
 * A sum of terms without those that add up to nothing; undefined where there are none, or nothing else. What others read
 * is not made anew without them: ∂L/∂β is the sum of all of ∂L/∂y.
 */
function withoutNothing(value: Value, axes: Axes, around: Surroundings): Value | undefined {
  const [a, b] = value.operands;
  const inside = (part: Value): Value | undefined => withoutNothing(part, axes, around);
  if (value.op === add.op || value.op === sub.op) {
    if (sumsToNothing(b, axes)) return inside(a) ?? a;
    if (sumsToNothing(a, axes) && value.op === add.op) return inside(b) ?? b;
  }
  if (around.uses(value) > 1) return undefined;
  if (value.op === div.op && withoutAxes(b, axes)) return mapped(inside(a), (rest) => div(rest, b));
  if (value.op === mul.op && withoutAxes(b, axes)) return mapped(inside(a), (rest) => mul(rest, b));
  if (value.op === mul.op && withoutAxes(a, axes)) return mapped(inside(b), (rest) => mul(a, rest));
  if (value.op !== add.op && value.op !== sub.op) return undefined;
  if (sumsToNothing(a, axes)) return neg(inside(b) ?? b);
  const left = inside(a);
  // A double is one reader of its half: looking twice would double with every double of a double.
  const right = a === b ? left : inside(b);
  return left || right ? apply(value.op, [left ?? a, right ?? b]) : undefined;
}

/** c without a divisor s that is in it, also in what it adds up: Σ x/s is Σ x without it. */
function withoutDivisor(c: Value, s: Value, depth = deepest): Value | undefined {
  const [a, b] = c.operands;
  if (c.op === div.op && same(b, s)) return a;
  if (depth === 0) return undefined;
  if (c.op === neg.op) return mapped(withoutDivisor(a, s, depth - 1), neg);
  if (c.op === sumOp) {
    const divisor = a.op === div.op ? numberOfRows(a.operands[1], axesOf(c)) : undefined;
    return divisor && same(divisor, s) ? sum(a.operands[0], { axes: axesOf(c) }) : undefined;
  }
  if (c.op !== div.op && c.op !== mul.op) return undefined;
  const left = withoutDivisor(a, s, depth - 1);
  if (left) return apply(c.op, [left, b]);
  return c.op === mul.op ? mapped(withoutDivisor(b, s, depth - 1), (right) => mul(a, right)) : undefined;
}

/** Divisors of products, outermost first. */
function divisorsOf({ op, operands: [a, b] }: Value, depth = deepest): readonly Value[] {
  if (depth === 0) return [];
  const of = (factor: Value): readonly Value[] => divisorsOf(factor, depth - 1);
  if (op === div.op) return [...(isUniform(b) ? [] : [b]), ...of(a)];
  return op === mul.op ? [...of(a), ...of(b)] : op === neg.op ? of(a) : [];
}

/** The same repetition of another value. */
function repeated(value: Value, like: Value): Value {
  const { shape, axes } = broadcastAttrs(like);
  return broadcastAlong(value, shape, axes);
}

/** x·(c/s) = (x/s)·c for one c/s a row, where others read x/s. */
function knownQuotient(value: Value, { uses }: Surroundings): Value | undefined {
  for (const [x, spread] of bothWays(value)) {
    if (spread.op !== broadcastOp) continue;
    const [c] = spread.operands;
    for (const s of divisorsOf(c)) {
      const quotient: Value = div(x, repeated(s, spread));
      if (uses(quotient) > 1) return mul(quotient, repeated(withoutDivisor(c, s)!, spread));
    }
  }
  return undefined;
}

/** (k·x)·c = k·(x·c) = x·(k·c) for one c a row. */
function numberTimesRows(value: Value, { uses }: Surroundings): Value | undefined {
  for (const [outer, product] of bothWays(value)) {
    const isPart = outer.op === constantOp || outer.op === broadcastOp;
    if (!isPart || product.op !== mul.op || uses(product) > 1) continue;
    for (const [inner, x] of bothWays(product)) {
      const [k, spread] = [outer, inner].map(numberIn).toSorted((a, b) => Number(a.rows) - Number(b.rows));
      if (k.number === undefined || !spread.rows) continue;
      return mul(x, repeated(mul(spread.value.operands[0], k.number), spread.value));
    }
  }
  return undefined;
}

/** A number, or one for each row. */
function numberIn(value: Value): {
  readonly value: Value;
  readonly number: number | undefined;
  readonly rows: boolean;
} {
  return { value, number: constantValue(value), rows: value.op === broadcastOp && !isUniform(value) };
}

function bothWays({ operands: [a, b] }: Value): readonly (readonly [Value, Value])[] {
  return [
    [a, b],
    [b, a],
  ];
}

/** A term of a sum with its sign. */
interface Term {
  readonly value: Value;
  readonly negative: boolean;
}

/** The terms of a sum, as far as nobody else reads parts of it. */
function termsOf(value: Value, { uses }: Surroundings): readonly Term[] {
  const terms: Term[] = [];
  const pending: (Term & { readonly isRoot?: true })[] = [{ value, negative: false, isRoot: true }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { op, operands } = next.value;
    const opens = (op === add.op || op === sub.op) && (next.isRoot || uses(next.value) <= 1);
    if (!opens || terms.length + pending.length > mostTerms) terms.push(next);
    else {
      const [a, b] = operands;
      pending.push({ value: b, negative: (op === sub.op) !== next.negative }, { value: a, negative: next.negative });
    }
  }
  return terms;
}

const mostTerms = 8;

/** x/s + y·(c/s) = (x + y·c)/s for one s a row, where that leaves no reader to the quotients. */
function commonDivisor(value: Value, around: Surroundings): Value | undefined {
  if (!isFloat(value.type.dtype)) return undefined;
  const terms = termsOf(value, around);
  for (const { value: quotient } of terms) {
    const spread = quotient.operands[1];
    if (quotient.op !== div.op || spread.op !== broadcastOp || isUniform(spread)) continue;
    const rests = terms.map((term) => withoutRowDivisor(term.value, spread));
    const group = terms.filter((_, place) => rests[place]);
    if (group.length < 2 || group.some((term) => around.uses(term.value) > readersAmong(term.value, group))) continue;
    const inner = terms.flatMap(({ negative }, place) => (rests[place] ? [{ value: rests[place], negative }] : []));
    const others = terms.filter((_, place) => !rests[place]);
    return sumOf([...others, { value: div(sumOf(inner), spread), negative: false }]);
  }
  return undefined;
}

/** How many readers a term loses: the sum that it is a term of, and another term that adds it up. */
function readersAmong(value: Value, terms: readonly Term[]): number {
  return 1 + terms.filter((term) => term.value !== value && addsUp(term.value, value)).length;
}

function addsUp(value: Value, part: Value, depth = deepest): boolean {
  if (value.op === sumOp) return value.operands[0] === part;
  const passes = value.op === mul.op || value.op === div.op || value.op === neg.op || value.op === broadcastOp;
  return passes && depth > 0 && value.operands.some((operand) => addsUp(operand, part, depth - 1));
}

/** What is taken off comes last, and of that what is one number for each row first: g − ḡ − ẑ·c. */
function sumOf(terms: readonly Term[]): Value {
  const place = ({ value, negative }: Term): number => (negative ? (value.op === broadcastOp ? 1 : 2) : 0);
  const [first, ...rest] = terms.toSorted((a, b) => place(a) - place(b));
  const start = first.negative ? neg(first.value) : first.value;
  return rest.reduce<Value>((total, { value, negative }) => (negative ? sub(total, value) : add(total, value)), start);
}

/** A term without the divisor that `spread` repeats: y/s, c/s, or y·(c/s). */
function withoutRowDivisor(term: Value, spread: Value, depth = deepest): Value | undefined {
  const [a, b] = term.operands;
  if (term.op === div.op && same(b, spread)) return a;
  if (depth === 0) return undefined;
  const inside = (factor: Value): Value | undefined => withoutRowDivisor(factor, spread, depth - 1);
  if (term.op === neg.op) return mapped(inside(a), neg);
  if (term.op === mul.op) {
    const right = inside(b);
    return right ? mul(a, right) : mapped(inside(a), (left) => mul(left, b));
  }
  if (term.op !== broadcastOp || !sameAttrs(term.attrs, spread.attrs)) return undefined;
  return mapped(withoutDivisor(a, spread.operands[0], depth - 1), (rest) => repeated(rest, term));
}

const arithmetic = [add, sub].map((operator) => operator.op.name);

/** Divisors of rows, and deviations that add up to nothing. */
export const standardizedRules: readonly Rule[] = [
  rule(
    "terms that add up to nothing",
    "assumes-finite",
    "sum(x + (y - mean(y))) = sum(x)",
    [sumOp.name],
    (value, around) =>
      isFloat(value.type.dtype)
        ? mapped(withoutNothing(value.operands[0], axesOf(value), around), (rest) => sum(rest, { axes: axesOf(value) }))
        : undefined,
  ),
  rule("sum of quotients", "assumes-finite", "sum(x / broadcast(s)) = sum(x) / s", [sumOp.name], sumOfQuotients),
  rule(
    "quotient that is there",
    "assumes-finite",
    "x * (c / s) = (x / s) * c",
    [mul.op.name],
    knownQuotient,
    reads(broadcastOp),
  ),
  rule(
    "number times rows",
    "reassociates",
    "2 * (x * broadcast(c)) = x * broadcast(2 * c)",
    [mul.op.name],
    numberTimesRows,
    reads(mul.op),
  ),
  rule("common divisor of rows", "assumes-finite", "x / s + y * (c / s) = (x + y * c) / s", arithmetic, commonDivisor),
];
