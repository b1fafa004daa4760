/// Everything up to a place along an axis: running sums, products and extremes, and linear recurrences.
import { axisRange, broadcastMismatch, dtypeMismatch } from "../errors.ts";
import { checkOptions, checkTensor, flag } from "../options.ts";
import type { Alike, AxisFits } from "../static-parts.ts";
import { isFloat, sameShape, type DType, type Shape } from "../type.ts";
import {
  apply,
  type Accumulation,
  type Attrs,
  type CumulativeOp,
  type ReductionOp,
  type Tensor,
  type Value,
} from "../value.ts";
import { countedAxis } from "./axis.ts";
import { mul, sub } from "./arithmetic.ts";
import { exp } from "./functions.ts";
import { scatterAddOp } from "./gather.ts";
import { transpose } from "./layout.ts";
import { padWith } from "./pad.ts";
import { argmaxOp, argminOp, logsumexpOp, maxOp, minOp } from "./reduce.ts";
import { accumulatorType, isNumber, sumOp } from "./sum.ts";

/** Along which axis, and from which end; `exclusive` leaves the place itself out. */
interface CumulativeAttrs {
  readonly axis: number;
  readonly reverse: boolean;
  readonly exclusive: boolean;
}

const attrsOf = (attrs: Attrs): CumulativeAttrs => attrs as unknown as CumulativeAttrs;

/** What a running accumulation states. */
type CumulativeSpec = Omit<CumulativeOp, "kind" | "infer" | "defaults"> & {
  accepts(dtype: DType): boolean;
  result?(dtype: DType): DType;
};

function cumulative({ accepts, result, ...spec }: CumulativeSpec): CumulativeOp {
  return {
    ...spec,
    kind: "cumulative",
    infer(operands, attrs) {
      const [first] = operands;
      const other = operands.find((operand) => !sameShape(operand.shape, first.shape));
      if (other) throw broadcastMismatch(spec.name, first, other);
      if (!operands.every(({ dtype }) => accepts(dtype) && dtype === first.dtype)) {
        throw dtypeMismatch(spec.name, "numbers of one type", operands);
      }
      const { axis } = attrsOf(attrs);
      if (first.shape[axis] === undefined) throw axisRange(spec.name, [axis], first.shape.length);
      return { dtype: result?.(first.dtype) ?? first.dtype, shape: first.shape };
    },
    defaults: () => ({ reverse: false, exclusive: false }),
  };
}

/** A reduction, stopped at every place. */
function stoppedAt(op: ReductionOp): Accumulation {
  return {
    accumulators: (dtype) => op.accumulators(dtype),
    lift: ([element], position) => op.lift(element, position),
    combine: (a, b) => op.combine(a, b),
    finish: (parts) => op.finish(parts),
    wgsl: { ...op.wgsl, lift: ([element], position) => op.wgsl.lift(element, position) },
    ...(op.helpers ? { helpers: op.helpers } : {}),
    ...(op.flops ? { flops: op.flops } : {}),
  };
}

/** Element i of the result is element i − 1 in the order of the accumulation; the first is `fill`. */
function delayed(x: Value, { axis, reverse }: CumulativeAttrs, fill = 0): Value {
  const along = x.type.shape.map((_, other) => (other === axis ? 1 : 0));
  const back = along.map((step) => 0 - step);
  const interior = along.map(() => 0);
  return padWith(x, reverse ? { low: back, high: along, interior, fill } : { low: along, high: back, interior, fill });
}

/** The same axis from the other end. */
const turned = (attrs: CumulativeAttrs): CumulativeAttrs => ({ ...attrs, reverse: !attrs.reverse });

export const cumsumOp: CumulativeOp = cumulative({
  name: "cumsum",
  doc: "Running sum along an axis.",
  accepts: isNumber,
  accumulation: stoppedAt(sumOp),
  transpose: ({ attrs }, cotangent) => [apply(cumsumOp, [cotangent], { ...turned(attrsOf(attrs)) })],
});

/** s[i] = a[i]·s[i−1] + b[i]. Pairs (a, b) compose as the linear maps that they are, which is associative. */
export const recurrenceOp: CumulativeOp = cumulative({
  name: "recurrence",
  doc: "Linear recurrence s[i] = a[i]·s[i−1] + b[i] along an axis, from s = 0.",
  accepts: isFloat,
  accumulation: {
    accumulators: () => [
      { name: "factor", dtype: "f32", initial: 1 },
      { name: "total", dtype: "f32", initial: 0 },
    ],
    lift: ([a, b]) => [a, b],
    combine: ([a, b], [c, d]) => [a * c, c * b + d],
    finish: ([, total]) => total,
    wgsl: {
      lift: ([a, b]) => [a, b],
      combine: ([a, b], [c, d]) => [`${a} * ${c}`, `${c} * ${b} + ${d}`],
      finish: ([, total]) => total,
    },
    flops: { element: 3, finish: 0 },
  },
  // What reaches s[i] goes on to s[i+1] by a[i+1]: a recurrence from the other end.
  transpose({ operands: [a], attrs, result }, cotangent) {
    const own = attrsOf(attrs);
    const back = turned(own);
    const reaching = apply(recurrenceOp, [delayed(a, back), cotangent], { ...back });
    return [mul(reaching, delayed(result, own)), reaching];
  },
});

export const cumprodOp: CumulativeOp = cumulative({
  name: "cumprod",
  doc: "Running product along an axis.",
  accepts: isNumber,
  accumulation: {
    accumulators: (dtype) => [{ name: "product", dtype: accumulatorType(dtype), initial: 1 }],
    lift: ([x]) => [x],
    combine: ([a], [b]) => [a * b],
    finish: ([product]) => product,
    wgsl: { lift: ([x]) => [x], combine: ([a], [b]) => [`${a} * ${b}`], finish: ([product]) => product },
  },
  // Without a division, so that a zero among the factors does no harm: all before, times what all after hand back.
  transpose({ operands: [x], attrs }, cotangent) {
    const own = attrsOf(attrs);
    const back = turned({ ...own, exclusive: false });
    const reaching = own.exclusive ? delayed(cotangent, back) : cotangent;
    const after = apply(recurrenceOp, [delayed(x, back), reaching], { ...back });
    return [mul(apply(cumprodOp, [x], { ...own, exclusive: true }), after)];
  },
});

export const logcumsumexpOp: CumulativeOp = cumulative({
  name: "logcumsumexp",
  doc: "Running ln Σ eˣ along an axis, without overflow.",
  accepts: isFloat,
  accumulation: stoppedAt(logsumexpOp),
  // Σ over i ≥ j of ct[i]·e^(x[j] − y[i]); y grows, so every factor of the recurrence is at most 1. Without the place
  // itself, y[i] is what was y before i, and so the cotangents are those of the places after.
  transpose({ operands: [x], attrs }, cotangent) {
    const own = attrsOf(attrs);
    const back = turned({ ...own, exclusive: false });
    const y = apply(logcumsumexpOp, [x], { ...own, exclusive: false });
    const later = delayed(y, back, Infinity);
    const handed = own.exclusive ? delayed(cotangent, back) : cotangent;
    const reaching = apply(recurrenceOp, [exp(sub(y, later)), handed], { ...back });
    return [mul(exp(sub(x, y)), reaching)];
  },
});

/** A running extreme: its cotangent goes to where it was found. */
function extreme(name: string, doc: string, value: ReductionOp, place: () => CumulativeOp): CumulativeOp {
  return cumulative({
    name,
    doc,
    accepts: isNumber,
    accumulation: stoppedAt(value),
    transpose({ operands: [x], attrs }, cotangent) {
      const { axis } = attrsOf(attrs);
      const rank = x.type.shape.length;
      const others = x.type.shape.map((_, other) => other).filter((other) => other !== axis);
      const toLast = [...others, axis];
      const positions = transpose(apply(place(), [x], attrs), toLast);
      const sums = apply(scatterAddOp, [positions, transpose(cotangent, toLast)], {
        batch: rank - 1,
        extent: x.type.shape[axis],
      });
      return [
        transpose(
          sums,
          x.type.shape.map((_, other) => toLast.indexOf(other)),
        ),
      ];
    },
  });
}

/** Where a running extreme was found. */
function extremePlace(name: string, doc: string, place: ReductionOp): CumulativeOp {
  return cumulative({
    ...{ name, doc, accepts: isNumber, result: () => "i32" },
    accumulation: stoppedAt(place),
    transpose: () => [null],
  });
}

export const cumargmaxOp: CumulativeOp = extremePlace(
  "cumargmax",
  "Position of the largest element so far along an axis; the first of equals.",
  argmaxOp,
);
export const cumargminOp: CumulativeOp = extremePlace(
  "cumargmin",
  "Position of the smallest element so far along an axis; the first of equals.",
  argminOp,
);
export const cummaxOp: CumulativeOp = extreme(
  "cummax",
  "Largest element so far along an axis.",
  maxOp,
  () => cumargmaxOp,
);
export const cumminOp: CumulativeOp = extreme(
  "cummin",
  "Smallest element so far along an axis.",
  minOp,
  () => cumargminOp,
);

/** From which end, and whether the place itself counts. */
export interface CumulativeOptions {
  /** From the last to the first. */
  readonly reverse?: boolean;
  /** Without the place itself: the first result is 0 (of a product 1). */
  readonly exclusive?: boolean;
}

/** From which end. */
export type Direction = Pick<CumulativeOptions, "reverse">;

const direction = { reverse: flag } as const;

function along(op: CumulativeOp, operands: readonly Value[], axis: number, options: CumulativeOptions): Value {
  for (const operand of operands) checkTensor(op.name, operands.length === 1 ? "x" : "an operand", operand);
  const known = op === cumsumOp || op === cumprodOp ? { ...direction, exclusive: flag } : direction;
  checkOptions(op.name, options, known as typeof direction & { exclusive: typeof flag });
  const counted = countedAxis(op.name, axis, operands[0].type.shape.length);
  const { reverse = false, exclusive = false } = options;
  return apply(op, operands, { axis: counted, reverse, exclusive });
}

/** Running sum along an axis (negative counts from the last). */
export function cumsum<D extends DType, S extends Shape, const A extends number>(
  x: Tensor<D, S>,
  axis: A & AxisFits<"cumsum", S, A>,
  options?: CumulativeOptions,
): Tensor<D, S>;
export function cumsum(x: Value, axis: number, options: CumulativeOptions = {}): Value {
  return along(cumsumOp, [x], axis, options);
}

/** Running product along an axis. */
export function cumprod<D extends DType, S extends Shape, const A extends number>(
  x: Tensor<D, S>,
  axis: A & AxisFits<"cumprod", S, A>,
  options?: CumulativeOptions,
): Tensor<D, S>;
export function cumprod(x: Value, axis: number, options: CumulativeOptions = {}): Value {
  return along(cumprodOp, [x], axis, options);
}

/** Largest element so far along an axis; the gradient goes to the first of equals. */
export function cummax<D extends DType, S extends Shape, const A extends number>(
  x: Tensor<D, S>,
  axis: A & AxisFits<"cummax", S, A>,
  options?: Direction,
): Tensor<D, S>;
export function cummax(x: Value, axis: number, options: Direction = {}): Value {
  return along(cummaxOp, [x], axis, options);
}

/** Smallest element so far along an axis; the gradient goes to the first of equals. */
export function cummin<D extends DType, S extends Shape, const A extends number>(
  x: Tensor<D, S>,
  axis: A & AxisFits<"cummin", S, A>,
  options?: Direction,
): Tensor<D, S>;
export function cummin(x: Value, axis: number, options: Direction = {}): Value {
  return along(cumminOp, [x], axis, options);
}

/** Running ln Σ eˣ along an axis. */
export function logcumsumexp<D extends DType, S extends Shape, const A extends number>(
  x: Tensor<D, S>,
  axis: A & AxisFits<"logcumsumexp", S, A>,
  options?: Direction,
): Tensor<D, S>;
export function logcumsumexp(x: Value, axis: number, options: Direction = {}): Value {
  return along(logcumsumexpOp, [x], axis, options);
}

/** s[i] = a[i]·s[i−1] + b[i] along an axis, from s = 0: what a linear recurrent layer computes, in parallel. */
export function recurrence<D extends DType, S extends Shape, T extends Shape, const A extends number>(
  a: Tensor<D, S>,
  b: Alike<"recurrence", S, T, Tensor<NoInfer<D>, T>>,
  axis: A & AxisFits<"recurrence", S, A>,
  options?: Direction,
): Tensor<D, S>;
export function recurrence(a: Value, b: Value, axis: number, options: Direction = {}): Value {
  return along(recurrenceOp, [a, b], axis, options);
}
