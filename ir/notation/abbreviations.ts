/// Compositions that have a name of their own in every textbook. Each is recognised by its structure, and reading the
/// name back builds the same structure.
import type { Dim } from "../dim.ts";
import { div, sub } from "../ops/arithmetic.ts";
import { castOp } from "../ops/choose.ts";
import { equal } from "../ops/compare.ts";
import { exp } from "../ops/functions.ts";
import { reshapeOp } from "../ops/layout.ts";
import { iota, sizeValue } from "../ops/leaf.ts";
import { logsumexpOp } from "../ops/reduce.ts";
import { axesOf, broadcastOp, keptAxes, reducedCount, sumOp, type BroadcastAttrs } from "../ops/sum.ts";
import { sameShape, type Shape } from "../type.ts";
import { apply, sameAttrs, type Value } from "../value.ts";
import { reductionAttributes } from "./attributes.ts";
import { writtenConvolution } from "./convolutions.ts";
import { writtenOverlap } from "./overlaps.ts";
import type { CallForm, Form } from "./form.ts";

/** True for a value that must stay visible in what is built on it: one that has a name. */
export type IsOpaque = (value: Value) => boolean;

/** A composition under its name. */
export interface Abbreviation {
  readonly form: Form;
  readonly operands: readonly Value[];
}

/** The abbreviation that a value can be written with, unless that would hide an opaque value. */
export function abbreviation(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const { op } = value;
  if (op === exp.op) return softmax(value, isOpaque);
  if (op === sub.op) return logSoftmax(value, isOpaque);
  if (op === div.op) return mean(value, isOpaque);
  if (op === reshapeOp) return keptReduction(value, isOpaque) ?? convolution(value, isOpaque);
  if (op === sumOp) return overlap(value, isOpaque);
  return op === castOp ? oneHot(value, isOpaque) : undefined;
}

function named(name: string, operand: Value, attributes: readonly string[]): Abbreviation {
  return { form: { tag: "call", name, attributes }, operands: [operand] };
}

function convolution(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const written = writtenConvolution(value, isOpaque);
  return (
    written && { form: { tag: "call", name: written.name, attributes: written.attributes }, operands: written.operands }
  );
}

function overlap(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const written = writtenOverlap(value, isOpaque);
  return written && named("overlapAdd", written.copies, written.attributes);
}

function softmax(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const [difference] = value.operands;
  if (difference.op !== sub.op || isOpaque(difference)) return undefined;
  const inner = logSoftmax(difference, isOpaque);
  return inner && { ...inner, form: { ...inner.form, name: "softmax" } as Form };
}

function logSoftmax(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const [x, spread] = value.operands;
  if (spread.op !== broadcastOp || isOpaque(spread)) return undefined;
  const [total] = spread.operands;
  if (total.op !== logsumexpOp || total.operands[0] !== x || isOpaque(total)) return undefined;
  const rank = x.type.shape.length;
  const axes = axesOf(total);
  if (axes.length !== 1 || !sameAttrs(spread.attrs.axes, keptAxes(rank, axes))) return undefined;
  return named("logSoftmax", x, axes[0] === rank - 1 ? [] : [`axis=${axes[0]}`]);
}

function mean(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const [total, count] = value.operands;
  if (isOpaque(total) || isOpaque(count)) return undefined;
  const kept = total.op === reshapeOp ? keptReduction(total, isOpaque) : undefined;
  const reduced = kept ? total.operands[0] : total;
  if (reduced.op !== sumOp) return undefined;
  const [x] = reduced.operands;
  const wanted = sizeValue(reducedCount(x.type, axesOf(reduced)), x.type.dtype, value.type.shape);
  if (wanted.op !== count.op || !sameAttrs(wanted.attrs, count.attrs)) return undefined;
  return named("mean", x, [...reductionAttributes(reduced), ...(kept ? [keepAxes] : [])]);
}

/** A reduction whose axes stay, with extent 1. */
function keptReduction(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const [reduced] = value.operands;
  if (reduced.op.kind !== "reduction" || isOpaque(reduced) || reduced.operands.length !== 1) return undefined;
  const [x] = reduced.operands;
  if (!sameShape(value.type.shape, keptShape(x.type.shape, axesOf(reduced)))) return undefined;
  return named(reduced.op.name, x, [...reductionAttributes(reduced), keepAxes]);
}

const keepAxes = "keepAxes=true";

function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/** What a reduction of `x` along these axes is with `keepAxes=true`. */
export function keepReducedAxes(reduced: Value, x: Value, axes: readonly number[]): Value {
  return apply(reshapeOp, [reduced], { shape: keptShape(x.type.shape, axes) });
}

function oneHot(value: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  const [hits] = value.operands;
  return value.attrs.dtype !== "f32" || isOpaque(hits) ? undefined : hitsOfLabels(hits, isOpaque);
}

/** Where labels as rows are 1, as truths: a reader takes them for the rows themselves. */
export function hitsOfLabels(hits: Value, isOpaque: IsOpaque): Abbreviation | undefined {
  if (hits.op !== equal.op) return undefined;
  const [positions, spread] = hits.operands;
  if (spread.op !== broadcastOp || isOpaque(spread) || isOpaque(positions)) return undefined;
  const [labels] = spread.operands;
  const { shape, axes } = spread.attrs as unknown as BroadcastAttrs;
  const last = shape.length - 1;
  const wanted = iota(shape, last, labels.type.dtype);
  if (wanted.op !== positions.op || !sameAttrs(wanted.attrs, positions.attrs)) return undefined;
  if (axes.length !== last || axes.some((axis, i) => axis !== i)) return undefined;
  if (!sameShape(labels.type.shape, shape.slice(0, -1))) return undefined;
  const { form, operands } = named("oneHot", labels, [`${shape[last]}`]);
  return { form: { ...(form as CallForm), light: true }, operands };
}

/** What an abbreviation with these arguments stands for; undefined when the name is none. */
export function expandAbbreviation(
  name: string,
  x: Value,
  axes: readonly number[],
  { classes, keepAxes = false }: { readonly classes?: Dim; readonly keepAxes?: boolean },
): Value | undefined {
  const { shape } = x.type;
  const along = (): Value => {
    const total = apply(logsumexpOp, [x], { axes });
    const spread = apply(broadcastOp, [total], { shape, axes: keptAxes(shape.length, axes) });
    return apply(sub.op, [x, spread]);
  };
  switch (name) {
    case "softmax":
      return apply(exp.op, [along()]);
    case "logSoftmax":
      return along();
    case "mean": {
      const flat = apply(sumOp, [x], { axes });
      const total = keepAxes ? keepReducedAxes(flat, x, axes) : flat;
      return apply(div.op, [total, sizeValue(reducedCount(x.type, axes), x.type.dtype, total.type.shape)]);
    }
    case "oneHot": {
      const full = [...shape, classes ?? 1];
      const spread = apply(broadcastOp, [x], { shape: full, axes: shape.map((_, axis) => axis) });
      return apply(castOp, [apply(equal.op, [iota(full, shape.length, x.type.dtype), spread])], { dtype: "f32" });
    }
    default:
      return undefined;
  }
}
