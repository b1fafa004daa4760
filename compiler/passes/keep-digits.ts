/// Differences whose parts share what is large: x − ln Σ eˣ and x − mean x lose the digits of a common offset. The offset
/// is taken away first; so is the 1 of √(1 + x) − 1. Done at the end: formulas read as in a textbook until then.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { isFinite } from "../../ir/ops/bits.ts";
import { where } from "../../ir/ops/choose.ts";
import { exp, log } from "../../ir/ops/functions.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { logsumexpOp, max, min } from "../../ir/ops/reduce.ts";
import { axesOf, reducedCount, spread, sum, sumOp } from "../../ir/ops/sum.ts";
import { apply, same, underLayouts, withOperands, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { digitRules } from "../rewrite/rules/all.ts";
import type { Surroundings } from "../rewrite/rule.ts";
import { addUpTo } from "../rewrite/rules/reduce.ts";
import { isSpreadOf, ontoLayouts, withoutAxes } from "../rewrite/rules/uniform.ts";
import { rebuildGraph } from "./replace.ts";

export const keepDigits: Pass = {
  name: "keep-digits",
  doc: "What a difference has in common with a logarithm of exponentials, or with a mean, is taken away before it rounds.",
  run(graph: Graph): Graph {
    const rewrite = makeRewriter(digitRules);
    // What this pass has been to already.
    const corrected = new Set(
      graphValues(graph)
        .filter(isCorrected)
        .map(({ operands: [deviation] }) => deviation),
    );
    return fromParts(
      rebuildGraph(graph, (value, operands) =>
        corrected.has(value) ? value : rewrite(apart(withOperands(value, operands), value)),
      ),
    );
  },
};

/** A logarithm whose sum of exponentials is there is made of it: other readers of it need it whole. */
function fromParts(graph: Graph): Graph {
  const present = new Set(graphValues(graph));
  return rebuildGraph(graph, (value, operands) => {
    const moved = withOperands(value, operands);
    const isApart = value.op === logsumexpOp && present.has(logarithmOf(value).rest.operands[0]);
    return isApart ? wholeOf(logarithmOf(moved)) : moved;
  });
}

/** The value in parts that do not round; `original` is what it was before its operands were. */
function apart(value: Value, original: Value): Value {
  if (value.op === exp.op) return shareOf(value) ?? value;
  if (value.type.dtype !== "f32" || (value.op !== sub.op && value.op !== add.op)) return value;
  const [a, b] = value.operands;
  const [left, right] = [logarithmIn(a), logarithmIn(b)];
  const scaledRow = ofScaledRow(value);
  if (scaledRow) return scaledRow;
  if (value.op === add.op) {
    return (right && plusLogarithm(a, right)) ?? (left && plusLogarithm(b, left)) ?? value;
  }
  if (left && right) return add(betweenPeaks(left, right), sub(restOf(left), restOf(right)));
  if (right) return sub(lessPeak(a, right), restOf(right));
  if (left) return add(sub(peakOf(left), b), restOf(left));
  return fromMean(value, original) ?? value;
}

/** e^(d − ln Σ eᵈ) = eᵈ / Σ eᵈ where the largest d is 0: those exponentials are there, and their logarithm rounds. */
function shareOf({ operands: [difference] }: Value): Value | undefined {
  if (difference.op !== sub.op) return undefined;
  const [below, spreadLogarithm] = difference.operands;
  const logarithm = underLayouts(spreadLogarithm);
  const [total] = logarithm.op === log.op ? logarithm.operands : [];
  if (total?.op !== sumOp || total.operands[0].op !== exp.op || !same(total.operands[0].operands[0], below))
    return undefined;
  const axes = axesOf(total);
  if (!isBelowPeak(below, axes) || !isSpreadOf(spreadLogarithm, logarithm, axes)) return undefined;
  return div(total.operands[0], ontoLayouts(spreadLogarithm, logarithm, total));
}

/** True for what is left of numbers when the largest of them along axes is taken away, as in a `Logarithm`. */
function isBelowPeak(below: Value, axes: readonly number[]): boolean {
  const { inner, factor } = scaledOf(below);
  if (inner.op !== sub.op) return false;
  const [x, peak] = inner.operands;
  return isSpreadOf(peak, finitePeak(x, factor, axes), axes);
}

/** The largest number of rows, or the smallest where a negative factor follows; 0 for a row of −∞, or with ∞ in it. */
function finitePeak(x: Value, factor: number, axes: readonly number[]): Value {
  const largest: Value = (factor > 0 ? max : min)(x, { axes });
  return where(isFinite(largest), largest, 0);
}

/** x − ln Σ eˣ of x = z/t, where t is no number: z is less its largest before it is divided. */
function ofScaledRow({ op, operands: [x, spreadLogarithm] }: Value): Value | undefined {
  const row = underLayouts(spreadLogarithm);
  if (op !== sub.op || row.op !== logsumexpOp || !same(row.operands[0], x)) return undefined;
  const axes = axesOf(row);
  if ((x.op !== div.op && x.op !== mul.op) || !isSpreadOf(spreadLogarithm, row, axes)) return undefined;
  const [a, b] = x.operands;
  const isScale = (side: Value): boolean => constantValue(side) === undefined && withoutAxes(side, axes) !== undefined;
  const below = (z: Value): Value => sub(z, spread(finitePeak(z, 1, axes), z.type, axes));
  if (!isScale(b) && (x.op === div.op || !isScale(a))) return undefined;
  const less: Value = isScale(b) ? apply(x.op, [below(a), b]) : mul(a, below(b));
  return sub(less, ontoLayouts(spreadLogarithm, row, apply(logsumexpOp, [less], row.attrs)));
}

/** x + ln Σ e⁻ˣ is a difference as well. */
function plusLogarithm(a: Value, logarithm: Logarithm): Value | undefined {
  const { inner, factor, rescale } = scaledOf(a);
  const isOpposite = factor === -logarithm.scaled.factor;
  return isOpposite ? add(rescale(sub(inner, logarithm.move(logarithm.peak))), restOf(logarithm)) : undefined;
}

/** A value as numbers times another: z of −z/0.01, and the way back. */
interface Scaled {
  readonly inner: Value;
  /** The number that stands for all of them. */
  readonly factor: number;
  rescale(inner: Value): Value;
}

function scaledOf(value: Value): Scaled {
  const [a, b] = value.operands;
  if (value.op === neg.op) return scaledBy(-1, a, (x) => neg(x));
  const [left, right] = value.operands.map(constantValue);
  if (value.op === mul.op && left) return scaledBy(left, b, (x) => mul(left, x) as Value);
  if (value.op === mul.op && right) return scaledBy(right, a, (x) => mul(x, right) as Value);
  if (value.op === div.op && right) return scaledBy(1 / right, a, (x) => div(x, right) as Value);
  return { inner: value, factor: 1, rescale: (x) => x };
}

function scaledBy(number: number, value: Value, outermost: (x: Value) => Value): Scaled {
  const { inner, factor, rescale } = scaledOf(value);
  return { inner, factor: number * factor, rescale: (x) => outermost(rescale(x)) };
}

/** k · ln Σ eˣ as k · largest x + k · ln Σ e^(x − largest x), under layouts. */
interface Logarithm {
  /** The largest x, before it is scaled: the differences of scaled numbers have lost digits already. */
  readonly peak: Value;
  readonly scaled: Scaled;
  readonly rest: Value;
  /** Moves both to where the logarithm was. */
  move(part: Value): Value;
}

function logarithmIn(value: Value): Logarithm | undefined {
  if (value.op.kind === "layout") {
    const inner = logarithmIn(value.operands[0]);
    return inner && { ...inner, move: (part) => apply(value.op, [inner.move(part)], value.attrs) };
  }
  return value.op === logsumexpOp ? logarithmOf(value) : scaledLogarithmIn(value);
}

function logarithmOf(value: Value): Logarithm {
  const [x] = value.operands;
  const axes = axesOf(value);
  const scaled = scaledOf(x);
  const peak = finitePeak(scaled.inner, scaled.factor, axes);
  const below = scaled.rescale(sub(scaled.inner, spread(peak, x.type, axes)));
  return { peak, scaled, rest: log(sum(exp(below), { axes })), move: (part) => part };
}

/** A number times a logarithm. */
function scaledLogarithmIn(value: Value): Logarithm | undefined {
  const { inner, factor, rescale } = scaledOf(value);
  const logarithm = inner === value ? undefined : logarithmIn(inner);
  if (!logarithm) return undefined;
  const { peak, scaled, rest, move } = logarithm;
  // What moves a scaled number moves the number: both are done to every element alike.
  const again: Scaled = {
    inner: scaled.inner,
    factor: factor * scaled.factor,
    rescale: (x) => rescale(scaled.rescale(x)),
  };
  return { peak, scaled: again, rest: rescale(rest), move };
}

/** The difference of peaks, subtracted before both are scaled where they are by the same number. */
function betweenPeaks(left: Logarithm, right: Logarithm): Value {
  const { factor, rescale } = left.scaled;
  if (factor !== right.scaled.factor) return sub(peakOf(left), peakOf(right));
  return rescale(sub(left.move(left.peak), right.move(right.peak)));
}

const peakOf = ({ move, scaled, peak }: Logarithm): Value => move(scaled.rescale(peak));
const restOf = ({ move, rest }: Logarithm): Value => move(rest);

const wholeOf = (logarithm: Logarithm): Value => add(peakOf(logarithm), restOf(logarithm));

/** a − peak, subtracted before both are scaled where they are by the same number. */
function lessPeak(a: Value, logarithm: Logarithm): Value {
  const { inner, factor, rescale } = scaledOf(a);
  if (factor !== logarithm.scaled.factor) return sub(a, peakOf(logarithm));
  return rescale(sub(inner, logarithm.move(logarithm.peak)));
}

/** x − x̄ = d − d̄ for d = x − x̄: the mean itself is rounded where x is large. */
function fromMean(difference: Value, original: Value): Value | undefined {
  if (!meanOf(original) || isCorrected(difference)) return undefined;
  const [x, spreadMean] = difference.operands;
  const value = underLayouts(spreadMean);
  const [total, count] = value.op === div.op ? value.operands : [value];
  const [element] = total.operands;
  const weight = same(element, x) ? undefined : weightIn(element, x);
  if (total.op !== sumOp || (!weight && !same(element, x))) return undefined;
  const again = sum(weight ? mul(weight, difference) : difference, { axes: axesOf(total) });
  return sub(difference, ontoLayouts(spreadMean, value, count ? div(again, count) : again));
}

/** d − d̄ for d = x − x̄. */
const isCorrected = (difference: Value): boolean =>
  meanOf(difference) !== undefined && meanOf(difference.operands[0]) !== undefined;

/** The mean of x − x̄, also under weights: Σw·x/Σw, or Σw·x for a distribution. */
function meanOf(difference: Value): Value | undefined {
  if (difference.op !== sub.op) return undefined;
  const [x, spreadMean] = difference.operands;
  const value = underLayouts(spreadMean);
  const [total, count] = value.op === div.op ? value.operands : [value];
  if (total.op !== sumOp) return undefined;
  const [element] = total.operands;
  const axes = axesOf(total);
  const weight = same(element, x) ? undefined : weightIn(element, x);
  if (weight ? !addUpTo(weight, axes, count, nothingElse) : !same(element, x)) return undefined;
  if (!weight && (!count || constantValue(count) !== reducedCount(x.type, axes))) return undefined;
  return isSpreadOf(spreadMean, value, axes) ? value : undefined;
}

/** w of w·x. */
function weightIn({ op, operands: [a, b] }: Value, x: Value): Value | undefined {
  return op !== mul.op ? undefined : same(a, x) ? b : same(b, x) ? a : undefined;
}

const nothingElse: Surroundings = { uses: () => 1, classes: () => [] };
