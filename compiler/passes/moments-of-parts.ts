/// Sums of deviations from a mean, and of their squares, out of those of parts of a row about means of their own, as Chan,
/// Golub and LeVeque (1983) combine them: with e = x − mₚ in part p of n numbers, x − m is e + (mₚ − m), so that
///
///   Σ (x − m) = Σₚ (Σe + n·(mₚ − m))   and   Σ (x − m)² = Σₚ (Σe² + (2·Σe + n·(mₚ − m))·(mₚ − m)).
///
/// The kernel that adds up parts for the mean has them all on its way: otherwise each would be a pass over memory of its
/// own, since it would wait for the mean. No digits are lost: e, and what means of parts differ by, are deviations.
import { add, div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { axesOf, broadcastAttrs, broadcastOp, keptAxes, reducedCount, spread, sumOp } from "../../ir/ops/sum.ts";
import { apply, type Value } from "../../ir/value.ts";
import { selectedFrom } from "../rewrite/selected.ts";
import { centred } from "./joint-moments.ts";
import type { Parts } from "./quad-parts.ts";

/** A sum of deviations or of their squares; `image` is what it has become, in which the mean is out of sums of parts. */
export function momentOfParts(
  value: Value,
  image: Value,
  partsOf: (sum: Value) => Parts | undefined,
): Value | undefined {
  const [of, ofImage] = [value.operands[0], image.operands[0]];
  const isSquare = of.op === mul.op && of.operands[0] === of.operands[1];
  const [deviation, deviationImage] = isSquare ? [of.operands[0], ofImage.operands[0]] : [of, ofImage];
  if (!centred(deviation, axesOf(value))) return undefined;
  const [mean] = deviationImage.operands[1].operands;
  const [total] = mean.operands;
  const [sums] = total.operands;
  const parts = sums.op === sumOp ? sums.operands[0] : undefined;
  // A sum that has no parts may be one of sums of other elements.
  const own = apply(sumOp, [deviationImage.operands[0]], image.attrs);
  if (!parts || partsOf(own)?.parts !== parts) return undefined;
  const axes = axesOf(sums);
  const sumOver = (summed: Value): Value => apply(sumOp, [summed], { axes });
  const count = reducedCount(parts.type, axes) as number;
  const ownMean = div(sums, count);
  const apart = sub(ownMean, spread(mean, ownMean.type, axesOf(total)));
  const rest = sub(parts, spread(ownMean, parts.type, axes));
  const left = sumOver(rest);
  const moment = isSquare
    ? add(sumOver(mul(rest, rest)), mul(add(mul(2, left), mul(count, apart)), apart))
    : add(left, mul(count, apart));
  return apply(sumOp, [moment], { axes: axesOf(total) });
}

/**
 * d − d̄ for d = x − x̄ as x − (x̄ + d̄), where the elements of x have been rounded themselves: that mean is the nearest float
 * to the mean, and nothing lies farther off than x does. Each number less is a tensor less that kernels bind.
 */
export function lessOneMean(value: Value, image: Value, isSplit: (sum: Value) => boolean): Value | undefined {
  if (value.op !== sub.op || value.operands[1].op !== broadcastOp) return undefined;
  const axes = keptAxes(value.type.shape.length, broadcastAttrs(value.operands[1]).axes);
  const outer = centred(value, axes);
  const inner = outer && centred(outer.from, axes);
  if (!inner || !isSplit(inner.mean.operands[0]) || !isRounded(inner.from)) return undefined;
  const [deviation, rest] = image.operands;
  const [x, mean] = deviation.operands;
  return sub(x, spread(add(mean.operands[0], rest.operands[0]), x.type, axes));
}

/** False for what has elements of a tensor that is given. */
function isRounded(value: Value): boolean {
  return ![...selectedFrom(value)].some(({ op, constant }) => op.kind === "leaf" && !constant);
}
