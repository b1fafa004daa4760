/// Sorted elements, running accumulations, and sums along a line.
import {
  add,
  argsort,
  cast,
  constant,
  cummax,
  cummin,
  cumprod,
  cumsum,
  div,
  equal,
  iota,
  isNaN,
  logcumsumexp,
  max,
  mul,
  or,
  and,
  sub,
  sum,
  takeAlongAxis,
  where,
  broadcastTo,
  cummax as runningMax,
  norm,
  expandDims,
  any,
  type Value,
} from "chainrule";
import { axisOf, operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { emptyTensor, isEmpty, reshaped, sliced, expanded } from "./parts.ts";

/** Elements and positions in order. NaN is the largest of all. */
function ordered(x: Value, axis: number, descending: boolean): readonly [Value, Value] {
  const places = argsort(x, { axis, descending });
  return [takeAlongAxis(x, places, axis), places];
}

const sorting = (results: (sorted: readonly [Value, Value]) => Value | readonly Value[]): Mapping =>
  operator("input dim descending stable", (call) => {
    const x = call.float("input");
    if (shapeOf(x).length === 0) return results([x, constant(0, "i32")]);
    return results(ordered(x, axisOf(x, call.number("dim", -1)), call.flag("descending")));
  });

function top(call: Call): readonly Value[] {
  const x = call.float("input");
  if (shapeOf(x).length === 0) return [x, constant(0, "i32")];
  const axis = axisOf(x, call.number("dim", -1));
  const [values, places] = ordered(x, axis, call.flag("largest", true));
  const count = call.number("k");
  return [sliced(values, axis, 0, count), sliced(places, axis, 0, count)];
}

/** The lower of the two middle elements, or NaN where there is one. */
function median(call: Call): Value | readonly Value[] {
  const given = call.float("input");
  const isWhole = !call.has("dim");
  const x = isWhole || shapeOf(given).length === 0 ? reshaped(given, [countOf(shapeOf(given))]) : given;
  const axis = isWhole ? 0 : axisOf(x, call.number("dim"));
  const places = argsort(x, { axis });
  const middle = sliced(places, axis, Math.floor((shapeOf(x)[axis] - 1) / 2), 1);
  // NaN is sorted to the end: the first of them is the result where there are some.
  const isMissing = isNaN(x) as never;
  const firstMissing = argmaxOf(isMissing, axis);
  const place = where(any(isMissing, { axis, keepAxes: true }), firstMissing, middle);
  const keepdim = call.flag("keepdim") && shapeOf(given).length > 0;
  const shape = shapeOf(given).length === 0 || isWhole ? [] : keepdim ? shapeOf(place) : shapeOf(x).toSpliced(axis, 1);
  const value = reshaped(takeAlongAxis(x, place, axis), shape);
  return isWhole ? value : [value, reshaped(place, shape)];
}

function argmaxOf(isSet: Value, axis: number): Value {
  const extent = shapeOf(isSet)[axis];
  const line = iota(shapeOf(isSet), axis);
  const behind = max(where(isSet, sub(extent, line), 0), { axis, keepAxes: true });
  return where(equal(behind, 0), 0, sub(extent, behind));
}

const running = (build: (x: Value, axis: number) => Value): Mapping =>
  operator("input dim dtype", (call) => {
    const x = call.float("input");
    return shapeOf(x).length === 0 || isEmpty(x) ? x : build(x, axisOf(x, call.number("dim")));
  });

/** A running extreme, and where it stands: the last of equals. */
function extreme(build: (x: Value, axis: number) => Value): Mapping {
  return operator("input dim", (call) => {
    const x = call.float("input");
    if (shapeOf(x).length === 0) return [x, constant(0, "i32")];
    const axis = axisOf(x, call.number("dim"));
    const values = build(x, axis);
    const stands = or(equal(x, values), and(isNaN(x), isNaN(values)));
    const place = runningMax(where(stands, iota(shapeOf(x), axis), -1), axis);
    return [takeAlongAxis(x, place, axis), place];
  });
}

/** Trapezoids between neighbours, at given places or at equal distances. */
function trapezoid(call: Call): Value {
  const given = call.float("input");
  const at = call.maybe("x");
  const axis = axisOf(given, call.number("dim", -1));
  const y = given;
  const count = shapeOf(y)[axis] - 1;
  if (count < 1) return emptyOrZero(y, axis);
  const pair = (x: Value, along: number): readonly [Value, Value] => [
    sliced(x, along, 0, count),
    sliced(x, along, 1, count),
  ];
  const [left, right] = pair(y, axis);
  const means = div(add(left, right), 2);
  if (!at) return sum(mul(means, call.number("dx", 1)), { axis });
  const line = shapeOf(at).length === 1 && shapeOf(y).length > 1 ? lineAlong(at, axis, shapeOf(y).length) : at;
  const along = axis - shapeOf(y).length + shapeOf(line).length;
  const [from, to] = pair(line, along);
  return sum(mul(means, sub(to, from)), { axis });
}

function lineAlong(x: Value, axis: number, rank: number): Value {
  return reshaped(
    x,
    Array.from({ length: rank }, (_, each) => (each === axis ? shapeOf(x)[0] : 1)),
  );
}

function emptyOrZero(y: Value, axis: number): Value {
  return constant(0, "f32", shapeOf(y).toSpliced(axis, 1));
}

/** Equal steps from one number to another, both included. */
function steps(call: Call): Value {
  const count = call.number("steps");
  const [start, end] = [call.float("start"), call.float("end")];
  if (count === 0) return emptyTensor([0]);
  if (count === 1) return broadcastTo(start, [1]);
  const places = cast(iota([count], 0), "f32");
  return add(start, mul(places, div(sub(end, start), count - 1)));
}

/** Distances between the rows of two lists. */
function distances(call: Call): Value {
  const [a, b] = [call.float("x1"), call.float("x2")];
  const p = call.number("p", 2);
  const [rowsA, rowsB] = [shapeOf(a).at(-2)!, shapeOf(b).at(-2)!];
  const batch = batchOf(a, b);
  if (isEmpty(a) || isEmpty(b) || countOf(batch) === 0) {
    const shape = [...batch, rowsA, rowsB];
    return constant(0, "f32", shape);
  }
  const difference = sub(expandDims(a, -2), expandDims(b, -3));
  return norm(expanded(difference, [...batch, rowsA, rowsB, shapeOf(a).at(-1)!]), {
    order: p,
    axes: [batch.length + 2],
  });
}

function batchOf(a: Value, b: Value): readonly number[] {
  const [left, right] = [shapeOf(a).slice(0, -2), shapeOf(b).slice(0, -2)];
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [left[axis - rank + left.length] ?? 1, right[axis - rank + right.length] ?? 1];
    return x === 1 ? y : x;
  });
}

export const ordering: Operators = {
  sort: sorting((sorted) => sorted),
  argsort: sorting(([, places]) => places),
  topk: operator("input k dim largest sorted", top),
  median: operator("input dim keepdim", median),
  cumsum: running((x, axis) => cumsum(x, axis)),
  cumprod: running((x, axis) => cumprod(x, axis)),
  logcumsumexp: running((x, axis) => logcumsumexp(x, axis)),
  cummax: extreme((x, axis) => cummax(x, axis)),
  cummin: extreme((x, axis) => cummin(x, axis)),
  trapezoid: operator("input x dx dim", trapezoid),
  linspace: operator("start end steps dtype device", steps),
  "linspace.tensor_overload": operator("start end steps dtype device", steps),
  cdist: operator("x1 x2 p compute_mode", distances),
};
