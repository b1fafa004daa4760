/// One entry of each row, picked by a label: read where the row is computed, its logarithm taken before it is picked.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../../ir/ops/choose.ts";
import { and, equal, greaterEqual, less } from "../../../ir/ops/compare.ts";
import { log } from "../../../ir/ops/functions.ts";
import { batchAxes, gatherOp } from "../../../ir/ops/gather.ts";
import { reshapeTo } from "../../../ir/ops/layout.ts";
import { constantValue, iota, sizeValue } from "../../../ir/ops/leaf.ts";
import { logsumexpOp } from "../../../ir/ops/reduce.ts";
import { axesOf, broadcastAlong, sum, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, underLayouts, type Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf } from "../exponential.ts";
import { isExponential } from "../monomial.ts";
import { reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { oneHotAxes } from "./reduce.ts";
import { isNormalized } from "./rows.ts";
import { isSpreadOf, ontoLayouts, withoutAxes } from "./uniform.ts";
import { where } from "../untyped.ts";

/** Where a sum picks, and what it picks from: Σ y·p or Σ where(y, p, 0) for a comparison y. */
function pickedOf(element: Value): { readonly match: Value; readonly from: Value } | undefined {
  const [a, b, c] = element.operands;
  if (element.op === selectOp && constantValue(c) === 0) return { match: a, from: b };
  if (element.op !== mul.op) return undefined;
  if (a.op === castOp) return { match: a.operands[0], from: b };
  return b.op === castOp ? { match: b.operands[0], from: a } : undefined;
}

/** One element of each row is meant: ln Σ y·p is Σ y·ln p, also of its reciprocal and under layouts. */
function logOfPicked(x: Value, surroundings: Surroundings): Value | undefined {
  const [a, b] = x.operands;
  if (x.op.kind === "layout") {
    const inner = logOfPicked(a, surroundings);
    return inner && apply(x.op, [inner], x.attrs);
  }
  if (x.op === div.op && constantValue(a) === 1) {
    const inner = logOfPicked(b, surroundings);
    return inner && neg(inner);
  }
  const picked = x.op === sumOp ? pickedOf(a) : undefined;
  if (!picked) return undefined;
  const axes = axesOf(x);
  const whole = oneHotAxes(picked.match, surroundings, axes);
  if (!whole || whole.length !== axes.length || !whole.every((axis) => axes.includes(axis))) return undefined;
  // A zero of what is not picked has no say.
  return sum(where(picked.match, log(picked.from), 0), { axes });
}

/** Of one element of each row, ln Σ eˣ is x. */
function logsumexpOfPicked(value: Value, surroundings: Surroundings): Value | undefined {
  const [x] = value.operands;
  const [match, from, none] = x.operands;
  if (x.op !== selectOp || constantValue(none) !== -Infinity) return undefined;
  const axes = axesOf(value);
  const whole = oneHotAxes(match, surroundings, axes);
  if (whole?.length !== axes.length) return undefined;
  return sum(where(match, from, 0), { axes });
}

/** ln of gathered exponentials: gathered logarithms, and −∞ where a position is outside and reads 0. */
function logOfGathered(x: Value): Value | undefined {
  const [from, indices] = x.operands;
  if (x.op.kind === "layout") {
    const inner = logOfGathered(from);
    return inner && apply(x.op, [inner], x.attrs);
  }
  if (x.op !== gatherOp || !mentionsExponential(from) || !isExponential(monomialOf(from))) return undefined;
  const extent = sizeValue(from.type.shape[batchAxes(x.attrs)], indices.type.dtype);
  const inside = and(greaterEqual(indices, 0), less(indices, extent));
  const along = indices.type.shape.map((_, axis) => axis);
  const gathered = apply(gatherOp, [log(from), indices], x.attrs);
  return where(broadcastAlong(inside, x.type.shape, along), gathered, -Infinity);
}

/** A gather of one entry from each row as a sum that looks at the whole row, which is computed anyway. */
function entryOfRow(value: Value): Value | undefined {
  return isNormalized(value.operands[0]) ? asSum(value) : undefined;
}

function asSum(value: Value): Value | undefined {
  const [x, indices] = value.operands;
  const { shape } = x.type;
  const last = shape.length - 1;
  const single = indices.type.shape.slice(last).every((extent) => extent === 1);
  if (batchAxes(value.attrs) !== last || !single || x.type.dtype !== "f32") return undefined;
  const rows = shape.slice(0, last);
  const label = broadcastAlong(
    reshapeTo(indices, rows),
    shape,
    rows.map((_, axis) => axis),
  );
  const match = equal(iota(shape, last, indices.type.dtype), label);
  return reshapeTo(sum(where(match, x, 0), { axes: [last] }), value.type.shape);
}

/** ln Σ eˣ less an entry of x: the row is read anyway. */
function entryBesideLogsumexp(value: Value): Value | undefined {
  const [a, b] = value.operands;
  for (const [total, entry] of [
    [a, b],
    [b, a],
  ]) {
    const [row, picked] = [total, entry].map(underLayouts);
    if (row.op !== logsumexpOp || picked.op !== gatherOp || !same(row.operands[0], picked.operands[0])) continue;
    const written = asSum(picked);
    if (!written) continue;
    const replaced = ontoLayouts(entry, picked, written);
    return apply(value.op, total === a ? [a, replaced] : [replaced, b]);
  }
  return undefined;
}

/** ln Σ e^(x − c) for an entry c of x: the row is read anyway. */
function logsumexpBesideEntry(value: Value): Value | undefined {
  const [difference] = value.operands;
  const axes = axesOf(value);
  if (difference.op !== sub.op) return undefined;
  const [x, spread] = difference.operands;
  const picked = underLayouts(spread);
  const entry = picked.op === gatherOp && same(picked.operands[0], x) ? withoutAxes(spread, axes) : undefined;
  return entry && sub(apply(value.op, [x], value.attrs), entry);
}

/** ln Σ e^(k·z) less k·Σ y·z, or k times an entry of z: what is taken of the scaled row is taken of that row. */
function picksOverScale({ op, operands: [a, b] }: Value): Value | undefined {
  const isFirst = besideNumber(a).op === logsumexpOp;
  const [total, scaled] = isFirst ? [besideNumber(a), b] : [besideNumber(b), a];
  const [row] = total.operands;
  if (total.op !== logsumexpOp || row.op !== scaled.op || (row.op !== mul.op && row.op !== div.op)) return undefined;
  const axes = axesOf(total);
  // The factors of a product are in any order.
  const orders = row.op === mul.op ? [[0, 1] as const, [1, 0] as const] : [[0, 1] as const];
  for (const [of, by] of orders) {
    for (const [picked, factor] of orders) {
      const isScale = isSpreadOf(row.operands[by], scaled.operands[factor], axes);
      const moved = isScale ? onScaled(scaled.operands[picked], row.operands[of], row, axes) : undefined;
      if (moved) return apply(op, isFirst ? [a, moved] : [moved, b]);
    }
  }
  return undefined;
}

/** What a number is added to, or taken from: ln of a mean of exponentials is ln Σ less ln n. */
function besideNumber(value: Value): Value {
  const { op, operands } = value;
  const at = op === add.op || op === sub.op ? operands.findIndex((each) => constantValue(each) !== undefined) : -1;
  return at < 0 ? value : operands[1 - at];
}

/** Σ y·z, or a sum with a condition, of another row of the same shape; an entry only where that is a sum as well. */
function onScaled(picked: Value, z: Value, row: Value, axes: readonly number[]): Value | undefined {
  const under = underLayouts(picked);
  if (under.op === gatherOp) {
    const written =
      same(under.operands[0], z) && axes.join() === `${z.type.shape.length - 1}` ? asSum(under) : undefined;
    return written && ontoLayouts(picked, under, asSum(apply(gatherOp, [row, under.operands[1]], under.attrs))!);
  }
  if (picked.op !== sumOp || axesOf(picked).join() !== axes.join()) return undefined;
  const [element] = picked.operands;
  const at =
    element.op === mul.op || element.op === selectOp ? element.operands.findIndex((each) => same(each, z)) : -1;
  if (at < 0 || (element.op === selectOp && constantValue(element.operands[3 - at]) !== 0)) return undefined;
  return sum(apply(element.op, element.operands.with(at, row), element.attrs), { axes });
}

/** Entries picked from rows. */
export const pickRules: readonly Rule[] = [
  rule(
    "log of what a match picks",
    "stabilizes",
    "log(sum(y * p)) = sum(select(y, log(p), 0))",
    ["log"],
    (value, facts) => logOfPicked(value.operands[0], facts),
  ),
  rule("log of what a gather reads", "stabilizes", "log(gather(exp(u), i)) = gather(u, i)", ["log"], (value) =>
    logOfGathered(value.operands[0]),
  ),
  rule(
    "logsumexp of what a match picks",
    "stabilizes",
    "logsumexp(select(y, x, -inf)) = sum(select(y, x, 0))",
    ["logsumexp"],
    logsumexpOfPicked,
  ),
  rule("entry of a row", "reassociates", "gather(x, i) = sum(select(j = i, x, 0))", ["gather"], entryOfRow),
  rule(
    "logsumexp less an entry",
    "assumes-finite",
    "logsumexp(x - gather(x, i)) = logsumexp(x) - gather(x, i)",
    ["logsumexp"],
    logsumexpBesideEntry,
  ),
  rule(
    "entry beside a logsumexp",
    "reassociates",
    "logsumexp(x) - gather(x, i) = logsumexp(x) - sum(select(j = i, x, 0))",
    [add.op.name, sub.op.name],
    entryBesideLogsumexp,
  ),
  rule(
    "entries of a scaled row",
    "assumes-finite",
    "logsumexp(k * z) - k * sum(y * z) = logsumexp(k * z) - sum(y * (k * z))",
    [sub.op.name],
    picksOverScale,
    reads(logsumexpOp, add.op, sub.op),
  ),
];
