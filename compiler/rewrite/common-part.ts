/// What a value has of a number that all scores of a row have in common: value(z) = value(z − c) + its multiple of c. An
/// identity for whatever the value is made of; what is neither a sum nor a multiple counts as having none of it.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { and, greaterEqual, less } from "../../ir/ops/compare.ts";
import { exp, log } from "../../ir/ops/functions.ts";
import { batchAxes, gatherOp } from "../../ir/ops/gather.ts";
import { constant, constantValue, sizeValue } from "../../ir/ops/leaf.ts";
import { reshapeOp, reshapeTo } from "../../ir/ops/layout.ts";
import { logsumexpOp, maxOp, minOp } from "../../ir/ops/reduce.ts";
import { axesOf, broadcastAlong, keptAxes, spread, sum, sumOp } from "../../ir/ops/sum.ts";
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
import { timesNumber } from "./factors.ts";
import { finitePeak, isPeak, reducedIn } from "./finite-peak.ts";
import type { Linear } from "./linear.ts";
import { isSpreadOf, ontoLayout, underShapes, withoutAxes } from "./rules/uniform.ts";
import { weightIn } from "./rules/whole.ts";
import { not, where } from "./untyped.ts";

type Axes = readonly number[];

/** below + Σ common. */
export interface CommonPart {
  /** The value of scores less what they have in common. */
  readonly below: Value;
  readonly common: readonly CommonTerm[];
}

/** Scores, and what is taken away from each row of them. */
export interface Rows {
  readonly scores: Value;
  readonly axes: Axes;
  readonly peak: Value;
  /** The largest of each row, where the peak is that in some rows only. */
  readonly largest?: Value;
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
      return isLessOwnPeak(value, rows.axes) ? undefined : ofSum(value, of(a), of(b));
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
    case gatherOp:
      return ofGathered(value, of(a));
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
  const shaped = (x: Value): Value =>
    layout.op === reshapeOp ? reshapeTo(underShapes(x), layout.type.shape) : move(x);
  return mappedPart(part, move, (term) => ({ ...term, ...mapPowers(term, shaped), base: shaped(term.base) }));
}

/** One entry of a row for each position: the row counts where there is one, and nothing where it is outside. */
function ofGathered({ op, type, operands, attrs }: Value, part: CommonPart): CommonPart | undefined {
  const [x, indices] = operands;
  const axis = batchAxes(attrs);
  const extent = sizeValue(x.type.shape[axis], indices.type.dtype);
  const along = indices.type.shape.map((_, at) => at);
  // Positions take the place of the axis that is read.
  const rest = type.shape.flatMap((_, at) => (at < along.length ? [] : [at]));
  const onto = [...along.slice(0, axis), ...rest];
  const move = (row: Value): Value => broadcastAlong(row, type.shape, onto);
  const common: CommonTerm[] = [];
  for (const term of part.common) {
    const flat = flatTerm(term, [axis]);
    if (!flat) return undefined;
    common.push({ ...flat, ...mapPowers(flat, move), base: move(flat.base) });
  }
  const isInside = broadcastAlong(and(greaterEqual(indices, 0), less(indices, extent)), type.shape, along);
  const [one, none] = [1, 0].map((number) => constant(number, type.dtype, type.shape));
  const counted: Value = where(isInside, one, none);
  return mappedPart(
    { below: part.below, common },
    (below) => apply(op, [below, indices], attrs),
    (term) => scaledTerm(term, counted, 1),
  );
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
  const isOfRows = value.op === logsumexpOp && axes.join() === rows.axes.join();
  // Of scores less their largest no exponential overflows.
  if (isOfRows && isLessPeak(below, rows)) return { below: log(sum(exp(below), { axes })), common };
  const apart = isOfRows && rows.largest ? apartFrom(value.operands[0], rows, rows.largest) : undefined;
  return { below: apart ?? apply(value.op, [below], value.attrs), common };
}

/** ln Σ e^(k·z) less k times a peak that is not the largest of all rows: what that leaves of the largest is added. */
function apartFrom(x: Value, { scores, axes, peak }: Rows, largest: Value): Value | undefined {
  const { inner, factor } = timesNumber(x);
  if (!same(inner, scores) || !same(largest, finitePeak(scores, factor, axes))) return undefined;
  const times = (value: Value): Value => (factor === 1 ? value : mul(factor, value));
  const logarithm: Value = log(sum(exp(times(sub(scores, spread(largest, scores.type, axes)))), { axes }));
  return add(times(sub(largest, peak)), logarithm);
}

/** z − peak, or a number times it, where the peak is the largest of what it is taken from. */
function isLessPeak(value: Value, { scores, axes, peak }: Rows): boolean {
  const { inner, factor } = timesNumber(value);
  return inner.op === sub.op && same(inner.operands[0], scores) && same(peak, finitePeak(scores, factor, axes));
}

/** What is less its own largest, smallest or mean has nothing in common any more. */
export function isLessOwnPeak({ op, operands: [a, b] }: Value, axes: Axes): boolean {
  if (op !== sub.op || !isPeak(b)) return false;
  const peak = underLayouts(b);
  const { reduction, of } = reducedIn(peak) ?? {};
  if (!reduction || !of || axesOf(reduction).join() !== axes.join()) return false;
  const isOwn = same(of, a) || (reduction.op === sumOp && weightIn(of, a) !== undefined);
  return isOwn && isSpreadOf(b, peak, axes);
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
