/// Poolings: the largest, or the mean, of windows.
import {
  add,
  and,
  argmax,
  broadcastTo,
  cast,
  constant,
  contract,
  div,
  iota,
  less,
  moveAxis,
  mul,
  pad,
  reshape,
  sum,
  takeAlongAxis,
  where,
  windows,
  type Value,
} from "chainrule";
import { operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { perAxis } from "./convolution.ts";
import { emptyTensor, reshaped } from "./parts.ts";

/** How windows lie along one axis. */
interface Walk {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number;
  /** Windows along the axis. */
  readonly count: number;
}

function walksOf(call: Call, extents: readonly number[]): readonly Walk[] {
  const rank = extents.length;
  const sizes = perAxis(call, "kernel_size", rank, 1);
  const strides = perAxis(call, "stride", rank, 0).map((stride, i) => (stride === 0 ? sizes[i] : stride));
  const dilations = perAxis(call, "dilation", rank, 1);
  const paddings = perAxis(call, "padding", rank, 0);
  return extents.map((extent, i) => {
    const [size, stride, dilation, padding] = [sizes[i], strides[i], dilations[i], paddings[i]];
    const steps = (extent + 2 * padding - dilation * (size - 1) - 1) / stride;
    const count = (call.flag("ceil_mode") ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // The last window begins within the tensor, or in the padding before it.
    const overhangs = call.flag("ceil_mode") && (count - 1) * stride >= extent + padding;
    return { size, stride, dilation, padding, count: overhangs ? count - 1 : count };
  });
}

/** Windows over the last axes, framed by `fill`: [… n] → [… windows, elements of a window]. */
function windowed(x: Value, walks: readonly Walk[], fill: number): Value {
  const first = shapeOf(x).length - walks.length;
  const framed = pad(
    x,
    shapeOf(x).map((extent, axis): readonly [number, number] => {
      const walk = walks[axis - first];
      if (!walk) return [0, 0];
      const reach = (walk.count - 1) * walk.stride + walk.dilation * (walk.size - 1) + 1;
      return [walk.padding, reach - extent - walk.padding];
    }),
    { value: fill },
  );
  const seen = walks.reduce<Value>(
    (all, { size, stride, dilation }, i) => windows(all, { axis: first + 2 * i, size, stride, dilation }),
    framed,
  );
  const inner = walks.map((_, i) => first + 2 * i + 1);
  const last = walks.map((_, i) => i - walks.length);
  const split = moveAxis(seen, inner, last);
  return reshaped(split, [...shapeOf(split).slice(0, -walks.length), countOf(walks.map(({ size }) => size))]);
}

/** The first of the largest in each row, and its position among all elements. */
function largest(rows: Value, positions: Value, isIndexed: boolean): Value | readonly Value[] {
  const place = argmax(rows, { axis: -1, keepAxes: true });
  const axis = shapeOf(rows).length - 1;
  const shape = shapeOf(rows).slice(0, -1);
  const values = reshaped(takeAlongAxis(rows, place, axis), shape);
  if (!isIndexed) return values;
  return [values, reshaped(takeAlongAxis(broadcastTo(positions, shapeOf(rows)), place, axis), shape)];
}

/** The position of each element among those of the last axes. */
function positionsOf(extents: readonly number[]): Value {
  return reshape(iota([countOf(extents)], 0), extents);
}

function maxPool(rank: number): Mapping {
  const names = "input kernel_size stride padding dilation ceil_mode return_indices";
  return operator(names, (call) => {
    const x = call.float("input");
    const extents = shapeOf(x).slice(-rank);
    const walks = walksOf(call, extents);
    const rows = windowed(x, walks, -Infinity);
    return largest(rows, windowed(positionsOf(extents), walks, 0), call.flag("return_indices"));
  });
}

function averagePool(rank: number): Mapping {
  const names = "input kernel_size stride padding ceil_mode count_include_pad divisor_override";
  return operator(rank === 1 ? names.replace(" divisor_override", "") : names, (call) => {
    const x = call.float("input");
    const extents = shapeOf(x).slice(-rank);
    const walks = walksOf(call, extents);
    const totals = sum(windowed(x, walks, 0), { axis: -1 });
    if (call.has("divisor_override")) return div(totals, call.number("divisor_override"));
    // What counts: the tensor, and the padding where that is asked for, but never what lies beyond it.
    const framed = call.flag("count_include_pad", true);
    const counted = extents.map((extent, i) => (framed ? extent + 2 * walks[i].padding : extent));
    const own = walks.map((walk) => (framed ? { ...walk, padding: 0 } : walk));
    return div(totals, sum(windowed(constant(1, "f32", counted), own, 0), { axis: -1 }));
  });
}

/** Extents of the result: one for all axes, or a list in which None keeps an axis. */
function targetsOf(call: Call, extents: readonly number[]): readonly number[] {
  const given = call.any("output_size");
  if (typeof given === "number") return extents.map(() => given);
  return (given as readonly (number | null)[]).map((extent, i) => extent ?? extents[i]);
}

/** [windows, n]: element j belongs to window i where ⌊i·n/o⌋ ≤ j < ⌈(i + 1)·n/o⌉. */
function membership(count: number, extent: number): Value {
  const [window, element] = [iota([count, extent], 0), iota([count, extent], 1)];
  const begins = less(mul(window, extent), mul(add(element, 1), count));
  const goesOn = less(mul(element, count), mul(add(window, 1), extent));
  return and(begins, goesOn);
}

/** The means of windows that share an axis as evenly as they can, axis by axis. */
export function adaptiveAverage(x: Value, targets: readonly number[]): Value {
  const first = shapeOf(x).length - targets.length;
  return targets.reduce<Value>((part, count, i) => {
    const axis = first + i;
    const belongs = cast(membership(count, shapeOf(part)[axis]), "f32");
    const weights = div(belongs, sum(belongs, { axis: 1, keepAxes: true }));
    return moveAxis(contract(part, weights, { batch: [], contracted: [[axis, 1]] }), -1, axis);
  }, x);
}

function adaptiveAveragePool(rank: number): Mapping {
  return operator("input output_size", (call) => {
    const x = call.float("input");
    const targets = targetsOf(call, shapeOf(x).slice(-rank));
    const shape = [...shapeOf(x).slice(0, -rank), ...targets];
    return countOf(shapeOf(x)) === 0 ? emptyTensor(shape) : adaptiveAverage(x, targets);
  });
}

function adaptiveMaxPool(rank: number): Mapping {
  return operator("input output_size return_indices", (call) => {
    const x = call.float("input");
    const extents = shapeOf(x).slice(-rank);
    const targets = targetsOf(call, extents);
    const all = targets.reduce<Value>(
      (inside, count, i) => {
        const shape = [...targets, ...extents].map((extent, axis) => (axis === i || axis === rank + i ? extent : 1));
        return and(inside, reshape(membership(count, extents[i]), shape));
      },
      cast(constant(1, "i32", [...targets, ...extents]), "bool"),
    );
    const inner = countOf(extents);
    const spread = reshaped(x, [...shapeOf(x).slice(0, -rank), ...targets.map(() => 1), inner]);
    const rows = where(reshaped(all, [...targets, inner]), spread, -Infinity);
    return largest(rows, iota([inner], 0), call.flag("return_indices"));
  });
}

export const poolings: Operators = {
  "nn.functional.max_pool1d": maxPool(1),
  "nn.functional.max_pool2d": maxPool(2),
  "nn.functional.max_pool3d": maxPool(3),
  "nn.functional.avg_pool1d": averagePool(1),
  "nn.functional.avg_pool2d": averagePool(2),
  "nn.functional.avg_pool3d": averagePool(3),
  "nn.functional.adaptive_avg_pool1d": adaptiveAveragePool(1),
  "nn.functional.adaptive_avg_pool2d": adaptiveAveragePool(2),
  "nn.functional.adaptive_avg_pool3d": adaptiveAveragePool(3),
  "nn.functional.adaptive_max_pool1d": adaptiveMaxPool(1),
  "nn.functional.adaptive_max_pool2d": adaptiveMaxPool(2),
  "nn.functional.adaptive_max_pool3d": adaptiveMaxPool(3),
};
