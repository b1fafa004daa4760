/// Sums that do not see an offset: ln Σ eˣ − x̄, ln Σ e^(z/t) − Σ p·z/t. What all numbers of a row have in
/// common adds up to nothing in them, and is taken away before it rounds.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { isFinite } from "../../../ir/ops/bits.ts";
import { abs } from "../../../ir/ops/functions.ts";
import { gatherOp } from "../../../ir/ops/gather.ts";
import { logsumexpOp, max, maxOp, minOp } from "../../../ir/ops/reduce.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { sameShape } from "../../../ir/type.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { isGiven, isGivenUnderLayouts } from "../below.ts";
import { commonPartOf, type Rows } from "../common-part.ts";
import { vanishes, writeCommon, type CommonTerm } from "../common-term.ts";
import { factorsOf, timesNumber } from "../factors.ts";
import { finiteOf, finitePeak, isPeak, peakWhere, scaleBoth, scaleOf, type Scale } from "../finite-peak.ts";
import { isCount, jointTerm } from "../joint-terms.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { distributionAxes } from "./reduce.ts";
import { less, where } from "../untyped.ts";
import { nearly, scaleUnder } from "./shifts.ts";
import { totalOf } from "./totals.ts";
import { withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** Numbers that rows are made of, and what they are multiplied by. */
interface Base extends Scale {
  readonly scores: Value;
  readonly axes: Axes;
  /** True where rows and columns have an offset together. */
  readonly isTable?: boolean;
  /** What is taken away in the place of the largest: the mean under weights that the largest may have nothing of. */
  readonly mean?: Value;
}

/** Formulas are looked at as deep as people would. */
const mostValues = 40;

/**
 * The logarithms of sums of exponentials, sums and extremes that a value adds up, with factors before them. Logarithms come
 * first: the largest of their row is looked for in any case, and what is weighed less that is 0 or as far as the loss is large.
 */
function totalsIn(value: Value): readonly Value[] {
  const seen = new Set<Value>();
  const found: Value[] = [];
  const pending = [value];
  for (let each = pending.pop(); each && seen.size < mostValues; each = pending.pop()) {
    if (seen.has(each) || each.type.dtype !== "f32") continue;
    seen.add(each);
    const { op, operands } = each;
    if (op === logsumexpOp || op === sumOp || op === maxOp || op === minOp) found.push(each);
    const passes = op === add.op || op === sub.op || op === neg.op || op === mul.op || op === div.op || op === sumOp;
    if (passes || op.kind === "layout") pending.push(...operands);
  }
  const isLogarithm = ({ op }: Value): boolean => op === logsumexpOp;
  return [...found.filter(isLogarithm), ...found.filter((each) => !isLogarithm(each))];
}

/** True for ln Σ eˣ of x, along whatever axes. */
function isOwnLogarithm(x: Value, logarithm: Value): boolean {
  const total = underLayouts(logarithm);
  return total.op === logsumexpOp && same(total.operands[0], x);
}

/** What a row is a multiple of, or a sum with something else; what is given comes first, since nothing has rounded it. */
function basesOfRow(x: Value, axes: Axes, scale: Scale = { factor: 1 }): readonly Base[] {
  const { inner, factor: number } = timesNumber(x);
  const whole = scaleBoth(scale, { factor: number });
  const by = (row: Value): Scale => scaleBoth(whole, scaleOf(row, axes));
  const isRow = (side: Value): boolean => withoutAxes(side, axes) !== undefined;
  const [a, b] = inner.operands;
  const itself = { scores: inner, axes, ...whole };
  // What is less its largest has been here.
  if (inner.op === sub.op && isRow(b)) return isPeak(b) ? [] : basesOfRow(a, axes, whole);
  if (inner.op === div.op && isRow(b)) return basesOfRow(a, axes, by(b));
  if (inner.op === mul.op && isRow(a)) return basesOfRow(b, axes, by(a));
  if (inner.op === mul.op && isRow(b)) return basesOfRow(a, axes, by(b));
  if (inner.op !== add.op && inner.op !== sub.op) return [itself];
  // The logarithm of a softmax along other axes sees no offset, and x beside that of its row would be given one.
  if (inner.op === sub.op && isOwnLogarithm(a, b)) return [];
  const parts = [
    basesOfRow(a, axes, whole),
    basesOfRow(b, axes, inner.op === sub.op ? scaleBoth(whole, { factor: -1 }) : whole),
  ];
  if (parts.some((each) => each.length === 0)) return [];
  return [...parts.flat().filter(({ scores }) => isGivenUnderLayouts(scores)), itself];
}

/** Of a mean under weights that add up to 1 what is given and weighed: p·z − p·Σ p·z sees no offset of z. */
function basesOf(total: Value, facts: Surroundings): readonly Base[] {
  const [element] = total.operands;
  const axes = axesOf(total);
  if (total.op === logsumexpOp) return basesOfRow(element, axes);
  const factors = total.op === sumOp ? (factorsOf(element) ?? []) : [];
  const wholes = factors.flatMap((weights) => distributionAxes(weights, facts, axes) ?? []);
  if (wholes.length !== 1 || !axes.includes(wholes[0])) return [];
  const others = factors.filter((factor) => withoutAxes(factor, wholes) === undefined);
  if (others.length !== 2) return [];
  return others.flatMap((scores, at) => (isGiven(scores) ? weighedBase(scores, others[1 - at], wholes, facts) : []));
}

/**
 * Of scores under their own softmax the largest weighs most. The largest of other numbers may have no weight, where it is far
 * from all that have: their mean is taken away, and what it has rounded is what Σ p·(z − z̄) finds.
 */
function weighedBase(scores: Value, weights: Value, axes: Axes, facts: Surroundings): Base {
  const scale = scaleUnder(weights, scores, axes, facts);
  if (scale) return { scores, axes, ...scale };
  return { scores, axes, factor: 1, mean: finiteOf(sum(mul(weights, scores), { axes })) };
}

/** Rows and columns of one table have in common what all of it has: its largest is taken from both. */
function basesOfTable(total: Value, totals: readonly Value[]): readonly Base[] {
  const [table] = total.operands;
  const isOther = (each: Value): boolean =>
    each.op === logsumexpOp && same(each.operands[0], table) && axesOf(each).join() !== axesOf(total).join();
  if (total.op !== logsumexpOp || !totals.some(isOther)) return [];
  const axes = table.type.shape.map((_, axis) => axis);
  // Where differences from a peak are exact it need not come out on top.
  return basesOfRow(table, axes).map((base) => ({ ...base, row: undefined, isTable: true }));
}

/** The largest of a table where no number is less than half of it, so that all differences from it are exact. */
function tablePeak(table: Value, peak: Value, axes: Axes): Value {
  const far: Value = abs(sub(table, spread(peak, table.type, axes)));
  const farthest: Value = max(where(isFinite(far), far, 0), { axes });
  return peakWhere(less(mul(2, farthest), abs(peak)) as Value, peak);
}

function withoutOffset(value: Value, facts: Surroundings): Value | undefined {
  if (value.type.dtype !== "f32") return undefined;
  const totals = totalsIn(value);
  // Without another it is x − ln Σ eˣ, which kernels take apart as it is.
  if (totals.every(({ op }) => op === logsumexpOp)) return undefined;
  for (const total of totals) {
    for (const base of [...basesOf(total, facts), ...basesOfTable(total, totals)]) {
      // z less its mean has a correction of its own.
      if (total.op === sumOp && value.operands.some((part) => same(part, base.scores))) continue;
      const found = without(value, base, facts);
      if (found) return found;
    }
  }
  return undefined;
}

/** So much of a whole is what the rounding of weights has left of it: 0.9 + 3·(0.1/3) in float32. */
const rounding = 1e-6;

function without(
  value: Value,
  { scores, axes, factor, row, isTable, mean }: Base,
  facts: Surroundings,
): Value | undefined {
  const largest = mean ?? finitePeak(scores, factor, axes, row);
  const peak = isTable ? tablePeak(scores, largest, axes) : largest;
  const total: Rows["total"] = (weights, along) => totalOf(weights, along, facts);
  const rows: Rows = { scores, axes, peak, total };
  const { below, common } = commonPartOf(value, rows);
  const isNothing = common.every(({ coefficient, size }) => Math.abs(coefficient) <= rounding * size);
  // What sees no offset by itself, such as Σ (p − y)·x, has rules of its own.
  const sees = (part: Value): boolean => commonPartOf(part, rows).common.some((term) => !vanishes(term));
  if (common.length === 0 || !value.operands.some(sees)) return undefined;
  const left = common.filter((term) => !vanishes(term));
  if (!isNothing) return withoutMost(value, rows, { below, left });
  return left.map(writeCommon).reduce((sum, term) => add(sum, term), below);
}

/** The same where weights add up to what is left, nearly: where they do not, nothing is taken away from the row. */
function withoutMost(value: Value, rows: Rows, { below, left }: Left): Value | undefined {
  const joint = jointTerm(left);
  if (!joint) return undefined;
  const { weights } = joint;
  // Of an entry that is picked, or is not, there is nothing to lose, and kernels take ln Σ eˣ less the entry apart as it is.
  if (isCount(weights)) return isLogarithmBesideOne(value) ? undefined : add(joint.value, below);
  if (!sameShape(weights.type.shape, rows.peak.type.shape)) return undefined;
  const peak = peakWhere(less(abs(sub(1, weights)), nearly) as Value, rows.peak);
  const again = commonPartOf(value, { ...rows, peak, largest: rows.peak });
  const term = jointTerm(again.common.filter((each) => !vanishes(each)));
  return term && add(term.value, again.below);
}

/** A logarithm of exponentials and one other part, neither of them times anything. */
function isLogarithmBesideOne({ op, operands }: Value): boolean {
  const parts = operands.map(underLayouts);
  const isPart = (each: Value): boolean => [sumOp, gatherOp].some((kind) => each.op === kind);
  const at = parts.findIndex((part) => part.op === logsumexpOp);
  return op === sub.op && at >= 0 && isPart(parts[1 - at]);
}

/** What is not taken away, and what else is left. */
interface Left {
  readonly below: Value;
  readonly left: readonly CommonTerm[];
}

/** Before differences are taken apart one by one. */
export const offsetRules: readonly Rule[] = [
  rule(
    "sum without the offset of its rows",
    "stabilizes",
    "logsumexp(x) - mean(x) = logsumexp(x - max(x)) - mean(x - max(x))",
    [add.op.name, sub.op.name],
    withoutOffset,
  ),
];
