/// Sums in which an element is taken from its own values, as max y − y: the difference is 0 where they are the same one. It
/// stays whole where one of the two would be taken apart and the other not.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { remembering } from "../../ir/intern.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { underLayouts, type Op, type Value } from "../../ir/value.ts";
import { atomMonomial, isExponential, type Monomial } from "./monomial.ts";
import { ontoLayouts } from "./rules/uniform.ts";
import { sourcesOf } from "./selected.ts";

/** A number of times a value. */
interface Multiple {
  readonly value: Value;
  readonly factor: number;
}

/** Sums that are longer stay as they are. */
const mostParts = 16;

const sums: ReadonlySet<Op> = new Set([add, sub, neg].map(({ op }) => op));

/** What a value is a multiple of, where it is a sign or a number times something. */
function insideMultiple({ op, operands: [a, b] }: Value): Multiple | undefined {
  if (op === neg.op) return { value: a, factor: -1 };
  if (op !== mul.op && op !== div.op) return undefined;
  const [number, divisor] = [constantValue(a), constantValue(b)];
  if (op === div.op) return divisor ? { value: a, factor: 1 / divisor } : undefined;
  return number ? { value: b, factor: number } : divisor ? { value: a, factor: divisor } : undefined;
}

/** The parts of a sum, through layouts as well, of which some that are sums themselves count as one. */
function partsOf(sum: Value, asOne: ReadonlySet<Value>): readonly Multiple[] {
  const found: Multiple[] = [];
  const pending: Multiple[] = [{ value: sum, factor: 1 }];
  for (let part = pending.pop(); part; part = pending.pop()) {
    if (found.length + pending.length >= mostParts) return [];
    const { value, factor } = part;
    const inner = underLayouts(value);
    const isOne = asOne.has(value) || asOne.has(inner);
    const multiple = insideMultiple(inner);
    if (isOne || (!multiple && !sums.has(inner.op))) {
      found.push(part);
      continue;
    }
    const [a, b] = inner.operands.map((operand) => ontoLayouts(value, inner, operand));
    if (multiple)
      pending.push({ value: multiple.value === inner.operands[0] ? a : b, factor: factor * multiple.factor });
    else pending.push({ value: b, factor: inner.op === add.op ? factor : -factor }, { value: a, factor });
  }
  return found;
}

/** The values of which a part has elements as they are, or multiples of them: how many times each. */
function timesOf(part: Multiple): ReadonlyMap<Value, number> {
  const found = new Map([[part.value, part.factor]]);
  for (const [value, factor] of found) {
    const inside = insideMultiple(value);
    const reached = [...sourcesOf(value).map((source) => ({ value: source, factor: 1 })), ...(inside ? [inside] : [])];
    for (const { value: source, factor: times } of reached) {
      if (!source.constant && !found.has(source)) found.set(source, factor * times);
    }
  }
  return found;
}

/** The parts of a sum; what one of them has elements of is one of them as well, and is not taken apart. */
const partsWithOwn = remembering((sum: Value): readonly Multiple[] => {
  const selections = partsOf(sum, new Set()).filter(({ value }) => sourcesOf(value).length > 0);
  if (selections.length === 0) return [];
  return partsOf(sum, new Set(selections.flatMap((selection) => [...timesOf(selection).keys()])));
});

/** True where a part takes away elements of what another one adds. */
function isTaken(a: Multiple, b: Multiple): boolean {
  const [left, right] = [timesOf(a), timesOf(b)];
  return [...left].some(([value, factor]) => right.get(value) === -factor);
}

/** The terms of a sum with such differences; undefined where it has none. */
export function termsTogether(
  sum: Value,
  termsOf: (part: Value) => readonly Monomial[],
): readonly Monomial[] | undefined {
  const parts = [...partsWithOwn(sum)];
  const whole: Monomial[] = [];
  for (let at = 0; at < parts.length; at++) {
    const other = parts.findIndex(
      (part, place) => place > at && isTaken(parts[at], part) && isTorn(parts[at], part, termsOf),
    );
    if (other < 0) continue;
    whole.push(wholeOf(parts[at], parts[other]));
    parts.splice(other, 1);
    parts.splice(at--, 1);
  }
  if (whole.length === 0) return undefined;
  return [...whole, ...parts.flatMap(({ value, factor }) => termsOf(value).map((term) => timesNumber(term, factor)))];
}

const timesNumber = (term: Monomial, by: number): Monomial => ({ ...term, coefficient: by * term.coefficient });

/** The sum of two multiples as one factor. */
function wholeOf(a: Multiple, b: Multiple): Monomial {
  const [first, second] = a.factor < 0 && b.factor > 0 ? [b, a] : [a, b];
  const by = second.factor / first.factor;
  const sized: Value = Math.abs(by) === 1 ? second.value : mul(Math.abs(by), second.value);
  const total: Value = by < 0 ? sub(first.value, sized) : add(first.value, sized);
  return timesNumber(atomMonomial(total), first.factor);
}

/**
 * True where an element less another of the same values would be terms that do not cancel digit by digit: they differ in
 * kind, or one is the largest of what the other is, and no logarithm of their difference has a slope where it is 0.
 */
function isTorn(a: Multiple, b: Multiple, termsOf: (part: Value) => readonly Monomial[]): boolean {
  const [left, right] = [termsOf(a.value), termsOf(b.value)];
  if (left.length !== right.length || left.some((term, i) => isExponential(term) !== isExponential(right[i])))
    return true;
  return left.some(isExponential) && (timesOf(a).has(underLayouts(b.value)) || timesOf(b).has(underLayouts(a.value)));
}
