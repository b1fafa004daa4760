/// Sums, means, extremes, moments and norms along axes.
import {
  add,
  any,
  all,
  argmax,
  argmin,
  cast,
  constant,
  div,
  logSoftmax,
  logsumexp,
  max,
  mean,
  min,
  mul,
  norm,
  notEqual,
  product,
  softmax,
  standardDeviation,
  sub,
  sum,
  takeAlongAxis,
  transpose,
  variance,
  matmul,
  where,
  less,
  type Value,
} from "chainrule";
import { axisOf, operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { emptyTensor, isEmpty, reshaped } from "./parts.ts";

/** Axes that a call names; all where it names none, or an empty list. A scalar has none. */
export function axesOf(call: Call, x: Value, name = "dim"): readonly number[] {
  const named = call.numbers(name);
  if (shapeOf(x).length === 0) return [];
  if (named === undefined || named.length === 0) return shapeOf(x).map((_, axis) => axis);
  return named.map((axis) => axisOf(x, axis));
}

/** The shape that a reduction leaves. */
function reducedShape(x: Value, axes: readonly number[], keepAxes: boolean): readonly number[] {
  return shapeOf(x).flatMap((extent, axis) => (!axes.includes(axis) ? [extent] : keepAxes ? [1] : []));
}

/** A reduction of floats along axes; over no element it is `identity`. */
function reducing(
  build: (x: Value, options: { readonly axes: readonly number[]; readonly keepAxes: boolean }, call: Call) => Value,
  identity = 0,
  parameters = "input dim keepdim dtype",
): Mapping {
  return operator(parameters, (call) => {
    const x = call.float("input");
    const options = { axes: axesOf(call, x), keepAxes: call.flag("keepdim") };
    if (isEmpty(x)) return constant(identity, "f32", reducedShape(x, options.axes, options.keepAxes));
    return build(x, options, call);
  });
}

/** As `reducing`, with a boolean or count for every element first. */
function counting(build: (isSet: Value, options: { axes: readonly number[]; keepAxes: boolean }) => Value): Mapping {
  return operator("input dim keepdim", (call) => {
    const x = call.tensor("input");
    const isSet = x.type.dtype === "bool" ? x : notEqual(x, 0);
    return build(isSet, { axes: axesOf(call, x), keepAxes: call.flag("keepdim") });
  });
}

/** Position of an extreme along one axis, or among all elements. */
function position(find: (x: Value, options: { readonly axis: number; readonly keepAxes: boolean }) => Value): Mapping {
  return operator("input dim keepdim", (call) => {
    const x = call.float("input");
    if (shapeOf(x).length === 0) return constant(0, "i32");
    const keepAxes = call.flag("keepdim");
    if (call.has("dim")) return find(x, { axis: axisOf(x, call.number("dim")), keepAxes });
    const place = find(reshaped(x, [countOf(shapeOf(x))]), { axis: 0, keepAxes: false });
    return keepAxes ? reshaped(place, reducedShape(x, axesOf(call, x), true)) : place;
  });
}

/** An extreme and its position: the gradient goes to that position alone. */
function extreme(find: (x: Value, options: { readonly axis: number; readonly keepAxes: boolean }) => Value): Mapping {
  return operator("input dim keepdim", (call) => {
    const x = call.float("input");
    if (shapeOf(x).length === 0) return [x, constant(0, "i32")];
    const axis = axisOf(x, call.number("dim"));
    const place = find(x, { axis, keepAxes: true });
    const found = takeAlongAxis(x, place, axis);
    const shape = reducedShape(x, [axis], call.flag("keepdim"));
    return [reshaped(found, shape), reshaped(place, shape)];
  });
}

interface Spread {
  readonly axes: readonly number[];
  readonly keepAxes: boolean;
  readonly correction: number;
}

function spreadOf(call: Call, x: Value): Spread {
  const correction = call.has("correction")
    ? call.number("correction")
    : call.has("unbiased")
      ? Number(call.flag("unbiased"))
      : 1;
  return { axes: axesOf(call, x), keepAxes: call.flag("keepdim"), correction };
}

/** Variance or deviation, alone or with the mean. `var(x, unbiased)` has one argument that is a truth. */
function moments(build: (x: Value, options: Spread) => Value, withMean: boolean, overAll = false): Mapping {
  return operator(overAll ? "input unbiased" : "input dim unbiased keepdim correction", (call) => {
    const x = call.float("input");
    const options = spreadOf(call, x);
    const result = build(x, options);
    return withMean ? [result, mean(x, { axes: options.axes, keepAxes: options.keepAxes })] : result;
  });
}

/** √ of a variance; that of a scalar without axes is 0/0 or 0/1 as its divisor says. */
function varianceOf(x: Value, options: Spread): Value {
  return variance(x, options);
}

/** A vector norm along axes. */
function normOf(x: Value, order: number, axes: readonly number[], keepAxes: boolean): Value {
  return norm(x, { order, axes, keepAxes });
}

function orderOf(call: Call, name: string, byDefault: number): number {
  const order = call.any(name);
  if (order === "fro" || order === null) return byDefault;
  if (order === "inf" || order === "-inf") return order === "inf" ? Infinity : -Infinity;
  return call.number(name);
}

const anyNorm = operator("input p dim keepdim dtype", (call) => {
  const x = call.float("input");
  return normOf(x, orderOf(call, "p", 2), axesOf(call, x), call.flag("keepdim"));
});

/** Covariance of variables (rows) over observations (columns), with frequencies and weights of observations. */
function covariance(call: Call): Value {
  const given = call.float("input");
  const rows = shapeOf(given).length < 2 ? reshaped(given, [1, countOf(shapeOf(given))]) : given;
  const [count, observations] = shapeOf(rows);
  const [frequencies, importance] = [call.maybe("fweights"), call.maybe("aweights")];
  const both = frequencies && importance ? mul(frequencies, importance) : (frequencies ?? importance);
  const weights = both ?? constant(1, "f32", [observations]);
  const total = both ? sum(weights) : constant(observations);
  const average = div(sum(mul(rows, weights), { axis: 1, keepAxes: true }), total);
  const centred = sub(rows, average);
  const correction = call.number("correction", 1);
  const lost =
    correction === 0 || !importance ? constant(correction) : mul(correction, div(sum(mul(weights, importance)), total));
  const divisor = sub(total, lost);
  const product = matmul(mul(centred, weights), transpose(centred));
  const result = div(product, where(less(divisor, 0), 0, divisor));
  return count === 1 && shapeOf(given).length < 3 ? reshaped(result, []) : result;
}

/** Rows of an axis scaled down to a largest norm. */
function renormed(x: Value, order: number, axis: number, most: number): Value {
  const others = shapeOf(x).flatMap((_, each) => (each === axis ? [] : [each]));
  const size = normOf(x, order, others, true);
  const scale = where(less(most, size), div(most, add(size, 1e-7)), 1);
  return mul(x, scale);
}

const variances = { moments: varianceOf, deviations: (x: Value, o: Spread) => standardDeviation(x, o) };

export const reductions: Operators = {
  sum: reducing((x, options) => sum(x, options)),
  mean: reducing((x, options) => mean(x, options), NaN),
  prod: reducing((x, options) => product(x, options), 1),
  amax: reducing((x, options) => max(x, options)),
  amin: reducing((x, options) => min(x, options)),
  aminmax: operator("input dim keepdim", (call) => {
    const x = call.float("input");
    const options = { axes: axesOf(call, x), keepAxes: call.flag("keepdim") };
    if (isEmpty(x)) return [0, 1].map(() => emptyTensor(reducedShape(x, options.axes, options.keepAxes)));
    return [min(x, options), max(x, options)];
  }),
  "max.reduction_no_dim": reducing((x, options) => max(x, options)),
  "min.reduction_no_dim": reducing((x, options) => min(x, options)),
  "max.reduction_with_dim": extreme((x, options) => argmax(x, options)),
  "min.reduction_with_dim": extreme((x, options) => argmin(x, options)),
  argmax: position((x, options) => argmax(x, options)),
  argmin: position((x, options) => argmin(x, options)),
  all: counting((isSet, options) => all(isSet, options)),
  any: counting((isSet, options) => any(isSet, options)),
  count_nonzero: counting((isSet, options) => sum(cast(isSet, "i32"), options)),
  logsumexp: reducing((x, options) => logsumexp(x, options), -Infinity),
  softmax: operator("input dim dtype", (call) => {
    const x = call.float("input");
    return shapeOf(x).length === 0 ? constant(1) : softmax(x, axisOf(x, call.number("dim")));
  }),
  log_softmax: operator("input dim dtype", (call) => {
    const x = call.float("input");
    return shapeOf(x).length === 0 ? sub(x, x) : logSoftmax(x, axisOf(x, call.number("dim")));
  }),
  var: moments(variances.moments, false),
  "var.unbiased": moments(variances.moments, false, true),
  var_mean: moments(variances.moments, true),
  "var_mean.unbiased": moments(variances.moments, true, true),
  std: moments(variances.deviations, false),
  "std.unbiased": moments(variances.deviations, false, true),
  std_mean: moments(variances.deviations, true),
  "std_mean.unbiased": moments(variances.deviations, true, true),
  norm: anyNorm,
  "norm.fro": anyNorm,
  "norm.inf": anyNorm,
  "linalg.vector_norm": operator("input ord dim keepdim dtype", (call) => {
    const x = call.float("input");
    return normOf(x, orderOf(call, "ord", 2), axesOf(call, x), call.flag("keepdim"));
  }),
  dist: operator("input other p", (call) => {
    const difference = sub(call.float("input"), call.float("other"));
    return normOf(
      difference,
      call.number("p", 2),
      shapeOf(difference).map((_, axis) => axis),
      false,
    );
  }),
  renorm: operator("input p dim maxnorm", (call) => {
    const x = call.float("input");
    return renormed(x, call.number("p"), axisOf(x, call.number("dim")), call.number("maxnorm"));
  }),
  cov: operator("input correction fweights aweights", covariance),
};
