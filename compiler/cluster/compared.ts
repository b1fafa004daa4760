/// Comparisons of a tensor with elements of its own, as in x ≥ its kth largest element, or √(max x - x). One of the two
/// rounded by itself lies above the other, or below: both are to be made of the same numbers.
import { add, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { abs } from "../../ir/ops/functions.ts";
import { isFloat } from "../../ir/type.ts";
import { underLayouts, type Op, type Value } from "../../ir/value.ts";
import { sourcesOf } from "../rewrite/selected.ts";
import { differencesIn, isQuotient, numberOf, partsOf, type Difference, type Part } from "./decides.ts";
import { descend } from "./descend.ts";

/** A comparison of floats that are selected from the same values: what each side is made of, and what both have. */
interface Comparison {
  readonly sides: readonly Value[];
  readonly shared: readonly Value[];
}

/** What a side is made of: sums of values as they are, and of elements that are selected from others. */
interface Side {
  readonly whole: Set<Value>;
  readonly selected: Set<Value>;
}

/** A value to be reached: on the side of the negative numbers where the factor is negative. */
interface Reach extends Part {
  readonly kind: keyof Side;
}

function comparisonsWithOwn(values: readonly Value[]): readonly Comparison[] {
  const quotients = new Set<Value>();
  return values.flatMap(differencesIn).flatMap((difference) => comparisonsOf(difference, quotients));
}

/** Of a difference, and of quotients in it that are not among those known: they are 1 where both of theirs are equal. */
function comparisonsOf(difference: Difference, known: Set<Value>): readonly Comparison[] {
  const { sides, offset } = reachedFrom(difference);
  const [left, right] = sides;
  const reached = sides.flatMap(({ whole, selected }) => [...whole, ...selected]);
  const quotients = reached.filter((each) => isQuotient(each) && !known.has(each));
  for (const each of quotients) known.add(each);
  const within = quotients.flatMap(({ operands: [first, second] }) => comparisonsOf({ first, second }, known));
  // Too far from where it decides as both are equal.
  if (!difference.whole && Math.abs(offset) >= 1) return within;
  const shared = [
    ...[...left.selected].filter((each) => right.whole.has(each) || right.selected.has(each)),
    ...[...left.whole].filter((each) => right.selected.has(each)),
  ];
  return shared.length > 0 ? [{ sides: reached, shared }, ...within] : within;
}

/** So many values are looked at for one difference: each of a chain of sums would see the whole chain before it. */
const mostReached = 32;

/** Both sides of a difference, and what it is where they are equal. */
function reachedFrom({ first, second }: Difference): { sides: readonly [Side, Side]; offset: number } {
  const sides: readonly [Side, Side] = [makeSide(), makeSide()];
  const pending: Reach[] = [{ value: first, factor: 1, kind: "whole" }];
  if (second) pending.push({ value: second, factor: -1, kind: "whole" });
  let offset = 0;
  for (let at = 0; at < Math.min(pending.length, mostReached); at++) {
    const { value, factor, kind } = pending[at];
    if (kind === "whole") offset += factor * (numberOf(value) ?? 0);
    const reached = sides[factor < 0 ? 1 : 0][kind];
    if (value.constant || !isFloat(value.type.dtype) || reached.has(value)) continue;
    reached.add(value);
    for (const part of partsOf(value)) pending.push({ value: part.value, factor: factor * part.factor, kind });
    for (const source of sourcesOf(value)) pending.push({ value: source, factor, kind: "selected" });
  }
  return { sides, offset };
}

const makeSide = (): Side => ({ whole: new Set(), selected: new Set() });

/**
 * The tensors from which the sides of such comparisons are made, which must not be rounded (`--storage f16`); `isTensor`
 * says which values lie in memory.
 */
export function comparedWithOwn(values: readonly Value[], isTensor: (value: Value) => boolean): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const { sides, shared } of comparisonsWithOwn(values)) {
    for (const value of sides) if (isTensor(value)) found.add(value);
    // What is computed again for each side is made of the same numbers.
    descend(shared, (value) => {
      if (!isTensor(value)) return true;
      found.add(value);
      return false;
    });
  }
  return found;
}

/**
 * The formulas that both sides of such comparisons are selected from. A kernel must not compute them again: compilers of
 * shaders are free to contract and to approximate, and do so differently in another kernel.
 */
export function computedOnce(values: readonly Value[]): ReadonlySet<Value> {
  const formulas = comparisonsWithOwn(values).flatMap(({ shared }) => {
    const whole = shared.filter(isFormula);
    // What they are sums of is computed on the way.
    const under = new Set(whole.flatMap((value) => partsOf(value).map((part) => part.value)));
    for (const value of under) for (const part of partsOf(value)) under.add(part.value);
    return whole.filter((value) => !under.has(value));
  });
  return new Set(formulas.filter((value) => !isRoundedAlike(value)));
}

const isFormula = (value: Value): boolean => value.op.kind === "elementwise" && sourcesOf(value).length === 0;

/** Ops that are rounded correctly wherever they are computed. */
const correct: ReadonlySet<Op> = new Set([add, sub, mul, neg, abs].map(({ op }) => op));

/** True for one such op of leaves: there is nothing to contract. */
const isRoundedAlike = ({ op, operands }: Value): boolean =>
  correct.has(op) && operands.every((operand) => underLayouts(operand).op.kind === "leaf");
