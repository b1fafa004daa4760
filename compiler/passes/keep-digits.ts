/// Differences whose parts share what is large: x − ln Σ eˣ and x − mean x lose the digits of a common offset. The offset
/// is taken away first; so is the 1 of √(1 + x) − 1. Done at the end: formulas read as in a textbook until then.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { exp, log, maximum } from "../../ir/ops/functions.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { logsumexpOp } from "../../ir/ops/reduce.ts";
import { axesOf, spread, sum, sumOp } from "../../ir/ops/sum.ts";
import { apply, same, underLayouts, withOperands, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { lessLargest, sumLessLargest } from "../rewrite/below.ts";
import { isLessOwnPeak } from "../rewrite/common-part.ts";
import { finitePeak, scaleBoth, scaleOf } from "../rewrite/finite-peak.ts";
import { makeRewriter, type RewriterOptions } from "../rewrite/driver.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { digitRules, wholeSumRules } from "../rewrite/rules/all.ts";
import { permittedRules, type Rule, type Surroundings } from "../rewrite/rule.ts";
import { addUpTo } from "../rewrite/rules/reduce.ts";
import { isSpreadOf, ontoLayouts, withoutAxes } from "../rewrite/rules/uniform.ts";
import { fromMean, isCorrected } from "./mean-digits.ts";
import { rebuildGraph, replaceValues } from "./replace.ts";
import { classesOf } from "./rewrite-pass.ts";

export const keepDigits: Pass = keepDigitsWith();

/** Makes the pass; `log` notes what fires, and `strictFloat` leaves out rules that assume that numbers are finite. */
export function keepDigitsWith(log?: DerivationLog, strictFloat = false): Pass {
  const name = "keep-digits";
  const [sums, rules] = [wholeSumRules, digitRules].map((each) => permittedRules(each, strictFloat));
  return {
    name,
    doc: "What a difference has in common with a logarithm of exponentials, or with a mean, is taken away before it rounds.",
    run(graph) {
      const observe = log?.phase(name);
      return keptDigits(withoutOffsets(graph, sums, observe), rules, observe);
    },
  };
}

/** Sums that see no offset, as a whole: their differences do. Without a logarithm of exponentials there are none. */
function withoutOffsets(graph: Graph, rules: readonly Rule[], observe: RewriterOptions["observe"]): Graph {
  if (!graphValues(graph).some(({ op }) => op === logsumexpOp)) return graph;
  return replaceValues(graph, makeRewriter(rules, { classes: classesOf(graph), observe }));
}

function keptDigits(graph: Graph, rules: readonly Rule[], observe: RewriterOptions["observe"]): Graph {
  const classes = classesOf(graph);
  const rewrite = makeRewriter(rules, { classes, observe });
  const facts: Surroundings = { uses: () => 1, classes: (input) => classes.get(input) ?? [] };
  // What this pass has been to already.
  const corrected = new Set(
    graphValues(graph)
      .filter(isCorrected)
      .map(({ operands: [deviation] }) => deviation),
  );
  const images = new Map<Value, Value>();
  return fromParts(
    rebuildGraph(graph, (value, operands) => {
      const moved = (): Value => apart(withOperands(value, operands), value, facts, images);
      const image = corrected.has(value) ? value : rewrite(moved());
      images.set(value, image);
      return image;
    }),
  );
}

/** A logarithm whose sum of exponentials is there is made of it: other readers of it need it whole. */
function fromParts(graph: Graph): Graph {
  const present = new Set(graphValues(graph));
  return rebuildGraph(graph, (value, operands) => {
    const moved = withOperands(value, operands);
    const isApart = value.op === logsumexpOp && present.has(logarithmOf(value).rest.operands[0]);
    return isApart ? wholeOf(logarithmOf(moved)) : moved;
  });
}

/** The value in parts that do not round; `original` is what it was before its operands became their images. */
function apart(value: Value, original: Value, facts: Surroundings, images: ReadonlyMap<Value, Value>): Value {
  if (value.op === exp.op) return quotientOfExponentials(value) ?? value;
  if (value.type.dtype !== "f32" || (value.op !== sub.op && value.op !== add.op)) return value;
  const [a, b] = value.operands;
  const [left, right] = [logarithmIn(a), logarithmIn(b)];
  const scaledRow = ofScaledRow(value) ?? ofPicked(value, facts);
  if (scaledRow) return scaledRow;
  if (value.op === add.op) {
    return (right && plusLogarithm(a, right)) ?? (left && plusLogarithm(b, left)) ?? value;
  }
  if (left && right) return add(betweenPeaks(left, right), sub(restOf(left), restOf(right)));
  if (right) return sub(lessPeak(a, right), restOf(right));
  if (left) return add(sub(peakOf(left), b), restOf(left));
  return fromMean(value, original, images) ?? value;
}

/** e^(d − ln Σ eᵈ) = eᵈ / Σ eᵈ where the largest d is 0: those exponentials are there, and their logarithm rounds. */
function quotientOfExponentials({ operands: [exponent] }: Value): Value | undefined {
  const isTurned = exponent.op === neg.op && exponent.operands[0].op === add.op;
  const difference = isTurned ? exponent.operands[0] : exponent;
  if (difference.op !== sub.op && !isTurned) return undefined;
  const [first, spreadLogarithm] = difference.operands;
  const below: Value = isTurned ? neg(first) : first;
  const logarithm = underLayouts(spreadLogarithm);
  const [total] = logarithm.op === log.op ? logarithm.operands : [];
  if (total?.op !== sumOp || total.operands[0].op !== exp.op || !same(total.operands[0].operands[0], below))
    return undefined;
  const axes = axesOf(total);
  if (!isBelow(below, axes) || !isSpreadOf(spreadLogarithm, logarithm, axes)) return undefined;
  return div(total.operands[0], ontoLayouts(spreadLogarithm, logarithm, total));
}

/** True for what is left of numbers when the largest of them along axes is taken away, as in a `Logarithm`. */
function isBelow(below: Value, axes: readonly number[]): boolean {
  const { inner, factor } = scaledOf(below);
  if (inner.op !== sub.op) return false;
  const [x, peak] = inner.operands;
  return isSpreadOf(peak, finitePeak(x, factor, axes), axes);
}

/** x − ln Σ eˣ of x = z/t, where t is no number: z is less its largest before it is divided. So for x + ln Σ e⁻ˣ. */
function ofScaledRow({ op, operands: [x, spreadLogarithm] }: Value): Value | undefined {
  const row = underLayouts(spreadLogarithm);
  const sign: Value | undefined = op === sub.op ? x : op === add.op ? neg(x) : undefined;
  if (row.op !== logsumexpOp || !sign || !same(row.operands[0], sign)) return undefined;
  const axes = axesOf(row);
  const less = isSpreadOf(spreadLogarithm, row, axes) ? scaledBelow(x, axes, op === sub.op ? 1 : -1) : undefined;
  const again = (below: Value): Value => apply(logsumexpOp, [op === sub.op ? below : neg(below)], row.attrs);
  return less && apply(op, [less, ontoLayouts(spreadLogarithm, row, again(less))]);
}

/** z/t, t·z or z + c with z less its largest, or smallest before a negative sign, for a t of the row that is no number. */
function scaledBelow(x: Value, axes: readonly number[], sign = 1): Value | undefined {
  const { inner, rescale, factor: number } = scaledOf(x);
  const factor = sign * number;
  const [a, b] = inner.operands;
  const isScale = (side: Value): boolean => constantValue(side) === undefined && withoutAxes(side, axes) !== undefined;
  const below = (z: Value, by: Value): Value =>
    isLessOwnPeak(z, axes) ? z : lessLargest(z, axes, scaleBoth({ factor }, scaleOf(by, axes))).below;
  if (inner.op === div.op && isScale(b)) return rescale(div(below(a, b), b));
  if (inner.op === mul.op && isScale(b)) return rescale(mul(below(a, b), b));
  if (inner.op === mul.op && isScale(a)) return rescale(mul(a, below(b, a)));
  const sum = sumLessLargest(inner, axes, { factor });
  return sum && rescale(sum.below);
}

/** ln Σ eˣ − Σ y·x: x is less its largest before it is scaled, in both; where y adds up to 1 that is all. */
function ofPicked({ op, operands }: Value, facts: Surroundings): Value | undefined {
  const row = operands.find((side) => side.op === logsumexpOp);
  const picked = operands.find((side) => side.op === sumOp);
  if (op !== sub.op || !row || !picked || axesOf(row).join() !== axesOf(picked).join()) return undefined;
  const [x] = row.operands;
  const axes = axesOf(row);
  const on = weighedBy(picked.operands[0], x);
  if (!on) return undefined;
  const weights = on(constant(1, "f32", x.type.shape));
  const isWhole = addUpTo(weights, axes, undefined, facts);
  const { less, largest } = belowPeak(x, axes);
  if (!isWhole && !largest) return undefined;
  const entry: Value = sum(on(less), { axes });
  const logarithm = apply(logsumexpOp, [less], row.attrs);
  const left = isWhole || !largest ? entry : add(entry, mul(largest, sub(sum(weights, { axes }), 1)));
  return row === operands[0] ? sub(logarithm, left) : sub(left, logarithm);
}

/** y·x or a selection from x on another value in the place of x. */
function weighedBy({ op, operands, attrs }: Value, x: Value): ((other: Value) => Value) | undefined {
  const at = op === mul.op || op === selectOp ? operands.findIndex((each) => same(each, x)) : -1;
  if (at < 0 || (op === selectOp && constantValue(operands[3 - at]) !== 0)) return undefined;
  return (other) => apply(op, operands.with(at, other), attrs);
}

/** x less its largest, taken away before x is scaled; and that largest as it is scaled, where it is. */
function belowPeak(x: Value, axes: readonly number[]): { readonly less: Value; readonly largest?: Value } {
  const { inner, factor, rescale } = scaledOf(x);
  const less = scaledBelow(x, axes);
  if (less) return { less, largest: sameScale(less, x, axes) };
  const peak = finitePeak(inner, factor, axes);
  const largest = factor === 1 ? undefined : rescale(peak);
  return { less: rescale(sub(inner, spread(peak, x.type, axes))), largest };
}

/** k · largest z of k · z, where z is no sum. */
function sameScale(less: Value, x: Value, axes: readonly number[]): Value | undefined {
  if (less.op !== x.op || (x.op !== div.op && x.op !== mul.op)) return undefined;
  const at = x.operands.findIndex((side, i) => !same(side, less.operands[i]));
  if (at < 0) return undefined;
  const [z, other] = [x.operands[at], x.operands[1 - at]];
  const k = withoutAxes(other, axes);
  const below = less.operands[at];
  const peak = below.op === sub.op && same(below.operands[0], z) && withoutAxes(below.operands[1], axes);
  if (!k || !peak) return undefined;
  return at === 0 ? apply(x.op, [peak, k]) : apply(x.op, [k, peak]);
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
  if (value.op === maximum.op) return guardedLogarithmIn(value);
  return value.op === logsumexpOp ? logarithmOf(value) : scaledLogarithmIn(value);
}

/** max(ln Σ eˣ, c) of a number c that is at least left of it. */
function guardedLogarithmIn({ operands: [a, b] }: Value): Logarithm | undefined {
  const [inner, least] = a.op === logsumexpOp ? [a, b] : [b, a];
  if (inner.op !== logsumexpOp || constantValue(least) === undefined) return undefined;
  const logarithm = logarithmOf(inner);
  return { ...logarithm, rest: maximum(logarithm.rest, sub(least, peakOf(logarithm))) };
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
