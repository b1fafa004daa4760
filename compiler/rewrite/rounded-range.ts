/// Ranges as the machine has them: floats round, functions err in their last places, and whole numbers wrap.
import { abs, maximum, minimum, relu, sign, step } from "../../ir/ops/functions.ts";
import { add, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { castOp, copyOp, selectOp } from "../../ir/ops/choose.ts";
import { unitOp } from "../../ir/ops/random.ts";
import { ceil, floor, round, trunc } from "../../ir/ops/rounding.ts";
import { reducedCount } from "../../ir/ops/sum.ts";
import { integerLimits } from "../../ir/type.ts";
import type { Op, Value } from "../../ir/value.ts";
import type { Range } from "./images.ts";

/** Every device gives the float nearest to the result of these. Rounding keeps order, so the ends round as well. */
const roundedOps: ReadonlySet<Op> = new Set([
  ...[add.op, sub.op, mul.op, neg.op, abs.op, maximum.op, minimum.op, relu.op, step.op, sign.op],
  ...[floor.op, ceil.op, trunc.op, round.op, selectOp, castOp, copyOp, unitOp],
]);

/** Relative error of any other function on any device: some units in the last place. */
const functionError = 1e-6;

/** Relative error of a float32 sum of numbers of one sign, for each of them. */
const termError = 2 ** -23;

/** More elements than any tensor has: their indices are 32 bits wide. */
export const mostElements = 2 ** 32;

/** Below this, devices may give 0. */
const smallestNormal = 2 ** -126;

/** What a machine makes of a range that holds for real numbers. */
export function roundedRange(value: Value, range: Range): Range {
  const { op, type } = value;
  const limits = integerLimits(type.dtype);
  if (limits) return wrapped(range, limits, op.kind === "leaf");
  if (type.dtype !== "f32" || (op.kind !== "elementwise" && op.kind !== "reduction")) return range;
  const slack = slackOf(value);
  return { low: roundedEnd(range.low, -1, slack), high: roundedEnd(range.high, 1, slack) };
}

/** Results beyond what a type has come out anywhere; leaves lie within. */
function wrapped({ low, high }: Range, limits: Range, isLeaf: boolean): Range {
  if (low >= limits.low && high <= limits.high) return { low, high };
  return isLeaf ? { low: Math.max(low, limits.low), high: Math.min(high, limits.high) } : limits;
}

function slackOf({ op, operands, attrs }: Value): number {
  if (op.kind === "elementwise") return roundedOps.has(op) ? 0 : functionError;
  const count = reducedCount(operands[0].type, attrs.axes as readonly number[]);
  return functionError + (typeof count === "number" ? count : mostElements) * termError;
}

/** An end moved outwards (`direction` −1 or 1). Functions that end at 0 or ±1 do so exactly. */
function roundedEnd(end: number, direction: 1 | -1, slack: number): number {
  if (end === 0 || !Number.isFinite(end)) return end;
  const isExact = slack === 0 || Math.abs(end) === 1;
  const moved = isExact ? end : end + direction * Math.abs(end) * slack;
  const rounded = Math.fround(moved);
  if (Math.abs(rounded) >= smallestNormal) return rounded;
  return Math.sign(rounded) === direction ? direction * smallestNormal : 0;
}
