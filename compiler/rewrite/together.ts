/// Sums in which an element is taken from its own values, as max y − y: the difference is 0 where they are the same one, and
/// stays whole where one of the two would be taken apart and the other not.
import { add, neg, sub } from "../../ir/ops/arithmetic.ts";
import { underLayouts, type Op, type Value } from "../../ir/value.ts";
import { atomMonomial, isExponential, negatedMonomial, type Monomial } from "./monomial.ts";
import { ontoLayouts } from "./rules/uniform.ts";
import { selectedFrom, selectedFromBoth, sourcesOf } from "./selected.ts";

/** What a sum adds up, or takes away. */
interface Part {
  readonly value: Value;
  readonly isTaken: boolean;
}

/** Sums that are longer stay as they are. */
const mostParts = 16;

const sums: ReadonlySet<Op> = new Set([add, sub, neg].map(({ op }) => op));

/** The parts of a sum, through layouts as well, of which some that are sums themselves count as one. */
function partsOf(sum: Value, asOne: ReadonlySet<Value>): readonly Part[] {
  const found: Part[] = [];
  const pending: Part[] = [{ value: sum, isTaken: false }];
  for (let part = pending.pop(); part; part = pending.pop()) {
    if (found.length + pending.length >= mostParts) return [];
    const { value, isTaken } = part;
    const inner = underLayouts(value);
    if (!sums.has(inner.op) || asOne.has(value) || asOne.has(inner)) {
      found.push(part);
      continue;
    }
    const isLastTaken = isTaken !== (inner.op !== add.op);
    const operands = inner.operands.map((operand, place, { length }) => ({
      value: ontoLayouts(value, inner, operand),
      isTaken: place === length - 1 ? isLastTaken : isTaken,
    }));
    pending.push(...operands.toReversed());
  }
  return found;
}

/** The parts of a sum; what one of them has elements of is one of them as well, and is not taken apart. */
function partsWithOwn(sum: Value): readonly Part[] {
  const selections = partsOf(sum, new Set()).filter(({ value }) => sourcesOf(value).length > 0);
  if (selections.length === 0) return [];
  return partsOf(sum, new Set(selections.flatMap(({ value }) => [...selectedFrom(value)])));
}

/** The terms of a sum with such differences; undefined where it has none. */
export function termsTogether(
  sum: Value,
  termsOf: (part: Value) => readonly Monomial[],
): readonly Monomial[] | undefined {
  const parts = [...partsWithOwn(sum)];
  const whole: Monomial[] = [];
  for (let at = 0; at < parts.length; at++) {
    const other = parts.findIndex((part, place) => place > at && isTorn(parts[at], part, termsOf));
    if (other < 0) continue;
    const [more, less] = parts[at].isTaken ? [parts[other], parts[at]] : [parts[at], parts[other]];
    whole.push(atomMonomial(sub(more.value, less.value) as Value));
    parts.splice(other, 1);
    parts.splice(at--, 1);
  }
  if (whole.length === 0) return undefined;
  const rest = parts.flatMap(({ value, isTaken }) => (isTaken ? termsOf(value).map(negatedMonomial) : termsOf(value)));
  return [...whole, ...rest];
}

/** True where an element less another of the same values would be terms that do not cancel digit by digit. */
function isTorn(a: Part, b: Part, termsOf: (part: Value) => readonly Monomial[]): boolean {
  if (a.isTaken === b.isTaken || selectedFromBoth(a.value, b.value).length === 0) return false;
  const [left, right] = [termsOf(a.value), termsOf(b.value)];
  return left.length !== right.length || left.some((term, i) => isExponential(term) !== isExponential(right[i]));
}
