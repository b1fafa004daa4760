/// What a value has of a number that all scores of a row have in common: value(z) = value(z − c) + its multiple of c. An
/// identity for whatever the value is made of; what is neither a sum nor a multiple counts as having none of it.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { isFinite } from "../../ir/ops/bits.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { exp, log } from "../../ir/ops/functions.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { logsumexpOp, max, maxOp, min, minOp } from "../../ir/ops/reduce.ts";
import { axesOf, keptAxes, spread, sum, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, type Shape } from "../../ir/type.ts";
import { apply, same, underLayouts, type Value } from "../../ir/value.ts";
import {
  flatTerm,
  isScalar,
  mapPowers,
  mergedTerms,
  productOf,
  scaledTerm,
  sized,
  summedTerm,
  vanishes,
  type CommonTerm,
} from "./common-term.ts";
import type { Linear } from "./linear.ts";
import { ontoLayout, withoutAxes } from "./rules/uniform.ts";
import { not, where } from "./untyped.ts";

type Axes = readonly number[];

/** The largest number of rows, or the smallest where a negative factor follows; 0 for a row of −∞, or with ∞ in it. */
export function finitePeak(x: Value, factor: number, axes: Axes): Value {
  const largest: Value = (factor > 0 ? max : min)(x, { axes });
  return where(isFinite(largest), largest, 0);
}

/** below + Σ common. */
export interface CommonPart {
  /** The value of scores less what they have in common. */
  readonly below: Value;
  readonly common: readonly CommonTerm[];
}

/** True for such a peak, repeated along its row. */
export function isPeak(value: Value): boolean {
  const { op, operands } = underLayouts(value);
  return op === selectOp && operands[0].op === isFinite.op;
}

/** Scores, and what is taken away from each row of them. */
export interface Rows {
  readonly scores: Value;
  readonly axes: Axes;
  readonly peak: Value;
  /** Σ of weights along axes. */
  total(weights: Value, axes: Axes): Linear;
}

/** So many values of a formula are looked at. */
const mostValues = 60;

/** A sum of more terms counts as having nothing in common: a product of sums of them has as many terms as paths. */
const mostTerms = 32;

/** Takes what rows have in common out of a value. */
export function commonPartOf(root: Value, rows: Rows): CommonPart {
  const { scores, axes, peak } = rows;
  const known = new Map<Value, CommonPart>();
  const place = spread(peak, scores.type, axes);
  const lessPeak: Value = sub(scores, place);
  known.set(scores, { below: lessPeak, common: [{ coefficient: 1, size: 1, powers: new Map(), base: place }] });
  const of = (value: Value): CommonPart => {
    const found = known.get(value);
    if (found) return found;
    const isOver = known.size >= mostValues || value.type.dtype !== "f32" || value.constant;
    // Noted before its operands: a formula of any depth is left at the limit.
    known.set(value, { below: value, common: [] });
    const part = isOver ? undefined : partOf(value, of, rows);
    if (part) known.set(value, part);
    return known.get(value)!;
  };
  return of(root);
}

type PartOf = (value: Value) => CommonPart;

function partOf(value: Value, of: PartOf, rows: Rows): CommonPart | undefined {
  const { op, operands } = value;
  const [a, b] = operands;
  switch (op) {
    case neg.op:
      return mappedPart(of(a), neg, (term) => sized(term, -1));
    case add.op:
    case sub.op:
      return ofSum(value, of(a), of(b));
    case mul.op:
      return ofProduct(operands, of, rows);
    case div.op:
      return mappedPart(
        of(a),
        (x) => div(x, b),
        (term) => scaledTerm(term, b, -1),
      );
    case selectOp:
      return ofSelection(value, of);
    case sumOp:
      return ofTotal(value, of(a), rows);
    case logsumexpOp:
    case maxOp:
    case minOp:
      return ofExtreme(value, of(a), rows);
    default:
      return op.kind === "layout" ? ofLayout(value, of(a)) : undefined;
  }
}

function mappedPart(
  { below, common }: CommonPart,
  onBelow: (x: Value) => Value,
  onTerm: (term: CommonTerm) => CommonTerm,
): CommonPart | undefined {
  return common.length === 0 ? undefined : { below: onBelow(below), common: common.map(onTerm) };
}

function ofSum({ op, operands: [a, b] }: Value, left: CommonPart, right: CommonPart): CommonPart | undefined {
  if (left.common.length + right.common.length === 0) return undefined;
  const sign = op === add.op ? 1 : -1;
  const turned = right.common.map((term) => sized(term, sign));
  const common = mergedTerms([...left.common, ...turned]);
  if (common.length > mostTerms) return undefined;
  const below = apply(op, [left.common.length > 0 ? left.below : a, right.common.length > 0 ? right.below : b]);
  return { below, common };
}

/** k·x for a k that has nothing in common with x, or is one number for a row: then the row counts. */
function ofProduct([a, b]: readonly Value[], of: PartOf, { axes }: Rows): CommonPart | undefined {
  const isFactor = (x: Value): boolean => of(x).common.every(vanishes);
  const isRow = (x: Value): boolean => x.op.kind === "layout" && withoutAxes(x, axes) !== undefined;
  const [left, right] = [a, b].map((x) => isFactor(x) || isRow(x));
  if (right && !isFactor(a))
    return mappedPart(
      of(a),
      (x) => mul(x, b),
      (term) => scaledTerm(term, b, 1),
    );
  return left
    ? mappedPart(
        of(b),
        (x) => mul(a, x),
        (term) => scaledTerm(term, a, 1),
      )
    : undefined;
}

/** where(c, x, 0) is x times 1 or 0. */
function ofSelection({ operands, attrs, type }: Value, of: PartOf): CommonPart | undefined {
  const [condition] = operands;
  const at = [1, 2].find((side) => constantValue(operands[3 - side]) === 0);
  if (at === undefined) return undefined;
  const [one, none] = [1, 0].map((number) => constant(number, type.dtype, type.shape));
  const counted = where(at === 1 ? condition : not(condition), one, none);
  return mappedPart(
    of(operands[at]),
    (below) => apply(selectOp, operands.with(at, below), attrs),
    (term) => scaledTerm(term, counted, 1),
  );
}

function ofLayout(layout: Value, part: CommonPart): CommonPart | undefined {
  const move = (x: Value): Value => ontoLayout(x, layout);
  return mappedPart(part, move, (term) => ({ ...term, ...mapPowers(term, move), base: move(term.base) }));
}

/** The largest of a row, or ln Σ eˣ of it, where all of the row have the same in common. */
function ofExtreme(value: Value, part: CommonPart, rows: Rows): CommonPart | undefined {
  const axes = axesOf(value);
  const common: CommonTerm[] = [];
  for (const term of part.common) {
    const flat = flatTerm(term, axes);
    if (!flat) return undefined;
    common.push(flat);
  }
  if (common.length === 0) return undefined;
  const { below } = part;
  const isBelow = value.op === logsumexpOp && isLessPeak(below, rows) && axes.join() === rows.axes.join();
  // Of scores less their largest no exponential overflows.
  return { below: isBelow ? log(sum(exp(below), { axes })) : apply(value.op, [below], value.attrs), common };
}

/** z − peak, or a number times it, where the peak is the largest of what it is taken from. */
function isLessPeak(value: Value, { scores, axes, peak }: Rows): boolean {
  const { inner, factor } = timesNumber(value);
  return inner.op === sub.op && same(inner.operands[0], scores) && same(peak, finitePeak(scores, factor, axes));
}

/** A value as a number times another. */
export function timesNumber(value: Value): { readonly inner: Value; readonly factor: number } {
  const [a, b] = value.operands;
  if (value.op === neg.op) return scaledNumber(a, -1);
  const [left, right] = value.operands.map(constantValue);
  if (value.op === mul.op && left) return scaledNumber(b, left);
  if (value.op === mul.op && right) return scaledNumber(a, right);
  return value.op === div.op && right ? scaledNumber(a, 1 / right) : { inner: value, factor: 1 };
}

function scaledNumber(value: Value, by: number): { readonly inner: Value; readonly factor: number } {
  const { inner, factor } = timesNumber(value);
  return { inner, factor: by * factor };
}

/** Σ w·c = (Σ w)·c along the axes of a row, and a sum of that over rows. */
function ofTotal(value: Value, part: CommonPart, rows: Rows): CommonPart | undefined {
  const axes = axesOf(value);
  const [{ type }] = value.operands;
  const common: CommonTerm[] = [];
  for (const term of part.common) {
    const alongRow = axes.filter((axis) => withoutAxes(term.base, [axis]));
    const totals = totalsAlong(term, type.shape, alongRow, rows);
    if (!totals) return undefined;
    const kept = keptAxes(type.shape.length, alongRow);
    const rest = axes.flatMap((axis) => (alongRow.includes(axis) ? [] : [kept.indexOf(axis)]));
    common.push(...(rest.length > 0 ? totals.map((total) => summedTerm(total, rest)) : totals));
  }
  const merged = mergedTerms(common);
  return merged.length === 0 || merged.length > mostTerms
    ? undefined
    : { below: sum(part.below, { axes }), common: merged };
}

function totalsAlong(term: CommonTerm, shape: Shape, axes: Axes, rows: Rows): readonly CommonTerm[] | undefined {
  if (axes.length === 0) return [term];
  const inside = [...term.powers].filter(([factor]) => !isScalar(factor) && !withoutAxes(factor, axes));
  const others = new Map([...term.powers].filter(([factor]) => inside.every(([each]) => each !== factor)));
  const flat = flatTerm({ ...term, powers: others }, axes);
  if (!flat) return undefined;
  if (inside.length === 0) {
    const count = elementCount(axes.map((axis) => shape[axis]));
    return typeof count === "number" ? [sized(flat, count)] : undefined;
  }
  const { constant: number, terms, softplus } = rows.total(productOf(inside), axes);
  if (softplus.length > 0) return undefined;
  const known = number === 0 ? [] : [sized(flat, number)];
  return [...known, ...[...terms].map(([total, times]) => scaledTerm(sized(flat, times), total, 1))];
}
