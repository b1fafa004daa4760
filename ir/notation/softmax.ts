/// Softmax as kernels compute it: of each row its largest number is taken away first, if that is finite. A reader takes it
/// for the softmax itself; the text does not read back.
import { add, div, sub } from "../ops/arithmetic.ts";
import { isFinite } from "../ops/bits.ts";
import { selectOp } from "../ops/choose.ts";
import { exp, log } from "../ops/functions.ts";
import { constantValue } from "../ops/leaf.ts";
import { maxOp } from "../ops/reduce.ts";
import { axesOf, broadcastOp, keptAxes, sumOp } from "../ops/sum.ts";
import { same, sameAttrs, type Value } from "../value.ts";
import type { Abbreviation, IsOpaque } from "./abbreviations.ts";

/** Rows, and the axis that they lie along. */
interface Rows {
  readonly x: Value;
  readonly axis: number;
}

/** What is written for a value that kernels compute of rows less their largest number, unless that would hide a name. */
export function writtenOfShifted(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const [a, b] = value.operands;
  const isHidden = (each: Value): boolean => !isOpaque(each);
  if (value.op === div.op && a.op === exp.op && isHidden(a)) {
    const rows = shifted(a.operands[0], isHidden);
    const total = rows && spreadAlong(b, rows, isHidden);
    return rows && total && isTotal(total, rows, isHidden) ? named("softmax", rows) : undefined;
  }
  if (value.op === sub.op) {
    const rows = shifted(a, isHidden);
    const logarithm = rows && spreadAlong(b, rows, isHidden);
    return rows && logarithm && isLogarithm(logarithm, rows, isHidden) ? named("logSoftmax", rows) : undefined;
  }
  if (value.op !== add.op) return undefined;
  for (const [logarithm, peak] of [
    [a, b],
    [b, a],
  ]) {
    const rows = isHidden(peak) ? rowsOf(peak) : undefined;
    if (rows && isLogarithm(logarithm, rows, isHidden)) return named("logsumexp", rows, [`axis=${rows.axis}`]);
  }
  return undefined;
}

function named(name: string, { x, axis }: Rows, attributes?: readonly string[]): Abbreviation {
  const isLast = axis === x.type.shape.length - 1;
  return {
    form: { tag: "call", name, attributes: attributes ?? (isLast ? [] : [`axis=${axis}`]) },
    operands: [x],
  };
}

/** The rows of x − max x. */
function shifted(value: Value, isHidden: (value: Value) => boolean): Rows | undefined {
  const [x, spread] = value.operands;
  if (value.op !== sub.op || !isHidden(value) || spread.op !== broadcastOp) return undefined;
  const [peak] = spread.operands;
  const rows = isHidden(peak) ? rowsOf(peak) : undefined;
  return rows && same(rows.x, x) && spreadAlong(spread, rows, isHidden) ? rows : undefined;
}

/** The rows whose largest number this is, or 0 where it is not finite. */
function rowsOf(peak: Value): Rows | undefined {
  const largest = peak.op === selectOp ? guarded(peak) : peak;
  if (largest?.op !== maxOp) return undefined;
  const axes = axesOf(largest);
  return axes.length === 1 ? { x: largest.operands[0], axis: axes[0] } : undefined;
}

/** The value that is taken where it is finite, otherwise 0. */
function guarded({ operands: [condition, value, other] }: Value): Value | undefined {
  const isTested = condition.op === isFinite.op && same(condition.operands[0], value);
  return isTested && constantValue(under(other)) === 0 ? value : undefined;
}

const under = (value: Value): Value => (value.op === broadcastOp ? value.operands[0] : value);

/** What is repeated along the rows. */
function spreadAlong(value: Value, { x, axis }: Rows, isHidden: (value: Value) => boolean): Value | undefined {
  if (value.op !== broadcastOp || !isHidden(value)) return undefined;
  return sameAttrs(value.attrs.axes, keptAxes(x.type.shape.length, [axis])) ? value.operands[0] : undefined;
}

/** Σ exp(x − max x). */
function isTotal(value: Value, rows: Rows, isHidden: (value: Value) => boolean): boolean {
  if (value.op !== sumOp || !isHidden(value) || !sameAttrs(axesOf(value), [rows.axis])) return false;
  const [exponential] = value.operands;
  if (exponential.op !== exp.op || !isHidden(exponential)) return false;
  const found = shifted(exponential.operands[0], isHidden);
  return found !== undefined && same(found.x, rows.x) && found.axis === rows.axis;
}

function isLogarithm(value: Value, rows: Rows, isHidden: (value: Value) => boolean): boolean {
  return value.op === log.op && isHidden(value) && isTotal(value.operands[0], rows, isHidden);
}
