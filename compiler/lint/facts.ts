/// What holds in a branch because its condition does: in `where(x > 0, log(x), 0)` the logarithm's x is positive.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { isFinite, isInfinite, isNaN } from "../../ir/ops/bits.ts";
import { and, equal, greater, greaterEqual, less, lessEqual, not, notEqual, or } from "../../ir/ops/compare.ts";
import { abs, sqrt } from "../../ir/ops/functions.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { apply, same, sameAttrs, type Op, type Value } from "../../ir/value.ts";
import { anything, type Range, type Ranges } from "../rewrite/range.ts";
import { makeBounds, special, tiny, type Bounds } from "./bounds.ts";

/** What is known beside the formula of a value. */
export interface Fact extends Range {
  readonly nonzero: boolean;
  /** Special elements that it has not. */
  readonly excluded: number;
}

/** Facts by value; those of one shape hold element by element. */
export type Facts = ReadonlyMap<Value, Fact>;

const nothing: Fact = { ...anything, nonzero: false, excluded: 0 };
const infinities = special.plus | special.minus | special.givenPlus | special.givenMinus;

/** Bounds of a value of which a fact is known. */
export function refined(bounds: Bounds, fact: Fact | undefined): Bounds {
  if (!fact) return bounds;
  const range = { low: Math.max(bounds.low, fact.low), high: Math.min(bounds.high, fact.high) };
  return makeBounds(range, bounds.nonzero || fact.nonzero, bounds.specials & ~fact.excluded);
}

/** What is known where a condition holds, or does not; `ranges` are those of values around it. */
export function factsOf(condition: Value, holds: boolean, ranges: Ranges): Facts {
  const facts = new Map<Value, Fact>();
  const learn = (value: Value, fact: Partial<Fact>): void => learnInto(facts, value, { ...nothing, ...fact });
  const read = (each: Value, truth: boolean): void => {
    const [a, b] = each.operands;
    if (each.op === not.op) read(a, !truth);
    else if (each.op === (truth ? and.op : or.op)) [a, b].forEach((part) => read(part, truth));
    else if (each.op === and.op || each.op === or.op) {
      const [first, second] = [a, b].map((part) => factsOf(part, truth, ranges));
      for (const [value, fact] of eitherOf(first, second)) learn(value, fact);
    } else if (each.op.kind === "layout") {
      for (const [value, fact] of factsOf(a, truth, ranges)) learn(apply(each.op, [value], each.attrs), fact);
    } else if (each.op === isNaN.op && !truth) learn(a, { excluded: special.nan });
    else if (each.op === isFinite.op && truth) learn(a, { excluded: special.nan | infinities });
    else if (each.op === isInfinite.op && !truth) learn(a, { excluded: infinities });
    else readComparison(each, truth, ranges, learn);
  };
  read(condition, holds);
  return facts;
}

type Learn = (value: Value, fact: Partial<Fact>) => void;

/** Comparisons, as whether the left side is above the right one. */
const orders: ReadonlyMap<Op, { readonly above: boolean; readonly strict: boolean }> = new Map([
  [greater.op, { above: true, strict: true }],
  [greaterEqual.op, { above: true, strict: false }],
  [less.op, { above: false, strict: true }],
  [lessEqual.op, { above: false, strict: false }],
]);

function readComparison({ op, operands: [a, b] }: Value, truth: boolean, ranges: Ranges, learn: Learn): void {
  const order = orders.get(op);
  if (order) {
    const above = order.above === truth;
    const [upper, lower] = above ? [a, b] : [b, a];
    readOrder(upper, lower, order.strict === truth, truth, ranges, learn);
  }
  if (op !== equal.op && op !== notEqual.op) return;
  if ((op === equal.op) === truth) {
    learn(a, { ...ranges(b), excluded: special.nan });
    learn(b, { ...ranges(a), excluded: special.nan });
    return;
  }
  for (const [x, other] of [
    [a, b],
    [b, a],
  ]) {
    if (constantValue(other) === 0) learn(x, { nonzero: true });
    if (x.type.dtype === "f32" && !x.constant) learn(sub(x, other) as Value, { nonzero: true });
  }
}

/** NaN is above nothing, so a comparison that holds excludes it, and one that does not hold tells nothing of it. */
function readOrder(upper: Value, lower: Value, strict: boolean, holds: boolean, ranges: Ranges, learn: Learn): void {
  const excluded = holds ? special.nan : 0;
  const [above, below] = [ranges(lower).low, ranges(upper).high];
  const low = strict ? next(above, 1) : above;
  const high = strict ? next(below, -1) : below;
  const noMinus = special.minus | special.givenMinus;
  const noPlus = special.plus | special.givenPlus;
  learn(upper, { low, excluded: excluded | (above > -Infinity || strict ? noMinus : 0) });
  learn(lower, { high, excluded: excluded | (below < Infinity || strict ? noPlus : 0) });
  if (upper.type.dtype !== "f32") return;
  learn(sub(upper, lower) as Value, { low: strict ? tiny : 0 });
  learn(sub(lower, upper) as Value, { high: strict ? -tiny : 0 });
}

/** A number next to another, as float32 has them: above it (1) or below (−1). */
function next(number: number, direction: 1 | -1): number {
  if (!Number.isFinite(number)) return number;
  return number + direction * Math.max(Math.abs(number) * 2 ** -24, tiny);
}

/** What both facts say. */
function together(a: Fact, b: Fact): Fact {
  const range = { low: Math.max(a.low, b.low), high: Math.min(a.high, b.high) };
  const nonzero = a.nonzero || b.nonzero || range.low > 0 || range.high < 0;
  return { ...range, nonzero, excluded: a.excluded | b.excluded };
}

/** What holds where one of two conditions does. */
function eitherOf(a: Facts, b: Facts): Facts {
  return new Map(
    [...a].flatMap(([value, fact]) => {
      const other = b.get(value);
      if (!other) return [];
      const range = { low: Math.min(fact.low, other.low), high: Math.max(fact.high, other.high) };
      const nonzero = fact.nonzero && other.nonzero;
      return [[value, { ...range, nonzero, excluded: fact.excluded & other.excluded }] as const];
    }),
  );
}

/** The facts of a branch and of the one around it. */
export function joined(outer: Facts, inner: Facts): Facts {
  const shared = [...inner].map(([value, fact]) => [value, together(outer.get(value) ?? nothing, fact)] as const);
  return new Map([...outer, ...shared]);
}

/** Notes a fact, and what it tells of operands. */
function learnInto(facts: Map<Value, Fact>, value: Value, fact: Fact): void {
  if (value.constant) return;
  const both = together(facts.get(value) ?? nothing, fact);
  facts.set(value, both);
  const [a, b] = value.operands;
  const { low, high, nonzero } = both;
  const tell = (operand: Value, range: Range, excluded = 0): void =>
    learnInto(facts, operand, { ...range, nonzero, excluded });
  if (value.op === neg.op) tell(a, { low: -high, high: -low }, mirrored(both.excluded));
  if (value.op === abs.op) tell(a, high >= 0 ? { low: -high, high } : anything);
  if (value.op === sqrt.op) tell(a, { low: low > 0 ? tiny : -Infinity, high: high >= 0 ? high * high : Infinity });
  if (value.op === mul.op && same(a, b))
    tell(a, high >= 0 ? { low: -Math.sqrt(high), high: Math.sqrt(high) } : anything);
  else tellOther(value, both, (operand, range) => learnInto(facts, operand, { ...nothing, ...range }));
}

/** From what is known of x + c, c − x, c·x and x/c to x. */
function tellOther({ op, operands: [a, b] }: Value, { low, high }: Fact, tell: (x: Value, range: Range) => void): void {
  const [left, right] = [a, b].map((each) => each && constantValue(each));
  if (op === add.op && right !== undefined) tell(a, { low: low - right, high: high - right });
  if (op === add.op && left !== undefined) tell(b, { low: low - left, high: high - left });
  if (op === sub.op && right !== undefined) tell(a, { low: low + right, high: high + right });
  if (op === sub.op && left !== undefined) tell(b, { low: left - high, high: left - low });
  if (op === mul.op && left !== undefined && left > 0) tell(b, { low: low / left, high: high / left });
  if (op === mul.op && right !== undefined && right > 0) tell(a, { low: low / right, high: high / right });
  if (op === div.op && right !== undefined && right > 0) tell(a, { low: low * right, high: high * right });
}

/** Special elements of −x. */
function mirrored(bits: number): number {
  const pairs = [
    [special.plus, special.minus],
    [special.givenPlus, special.givenMinus],
  ];
  return pairs.reduce(
    (result, [p, m]) => result | ((bits & p) !== 0 ? m : 0) | ((bits & m) !== 0 ? p : 0),
    bits & special.nan,
  );
}

/** What facts about the elements of a layout tell of the elements of its operand. */
export function throughLayout(facts: Facts, layout: Value): Facts {
  const moved = [...facts].filter(([value]) => value.op === layout.op && sameAttrs(value.attrs, layout.attrs));
  return new Map([...everywhere(facts), ...moved.map(([value, fact]) => [value.operands[0], fact] as const)]);
}

/** Facts about values of one element: they hold wherever the value is read. */
export function everywhere(facts: Facts): Facts {
  return new Map([...facts].filter(([{ type }]) => type.shape.every((extent) => extent === 1)));
}
