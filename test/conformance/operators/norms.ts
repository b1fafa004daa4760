/// Normalisations, attention and rearrangements of channels.
import {
  add,
  div,
  greaterEqual,
  iota,
  logSoftmax,
  exp,
  maximum,
  mean,
  mul,
  norm,
  pad,
  pow,
  repeat,
  rsqrt,
  square,
  sub,
  sum,
  swapAxes,
  transpose,
  variance,
  where,
  windows,
  type Value,
} from "chainrule";
import { axisOf, operator, shapeOf, type Call, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { product } from "./linear.ts";
import { emptyTensor, isEmpty, reshaped } from "./parts.ts";

interface Normalized {
  readonly result: Value;
  readonly mean: Value;
  readonly scale: Value;
}

/** (x − mean)/√(variance + ε) over axes. */
function normalized(x: Value, axes: readonly number[], eps: number): Normalized {
  const centre = mean(x, { axes, keepAxes: true });
  const scale = rsqrt(add(variance(x, { axes, keepAxes: true }), eps));
  return { result: mul(sub(x, centre), scale), mean: centre, scale };
}

/** The last axes that a shape covers. */
function lastAxes(x: Value, shape: readonly number[]): readonly number[] {
  return shape.map((_, i) => shapeOf(x).length - shape.length + i);
}

function affine(x: Value, weight: Value | undefined, bias: Value | undefined): Value {
  const scaled = weight ? mul(x, weight) : x;
  return bias ? add(scaled, bias) : scaled;
}

function layerNorm(call: Call): readonly [Value, Value, Value] {
  const x = call.float("input");
  const shape = call.numbers("normalized_shape")!;
  if (isEmpty(x)) {
    const kept = emptyTensor([...shapeOf(x).slice(0, -shape.length), ...shape.map(() => 1)]);
    return [x, kept, kept];
  }
  const { result, mean: centre, scale } = normalized(x, lastAxes(x, shape), call.number("eps", 1e-5));
  return [affine(result, call.maybe("weight"), call.maybe("bias")), centre, scale];
}

/** Channels, the second axis, as a shape that broadcasts against x. */
function channelShape(x: Value): readonly number[] {
  return shapeOf(x).map((extent, axis) => (axis === 1 ? extent : 1));
}

function perChannel(x: Value, vector: Value | undefined): Value | undefined {
  return vector && reshaped(vector, channelShape(x));
}

function groupNorm(call: Call): Value {
  const x = call.float("input");
  const groups = call.number("num_groups");
  const [batch, channels, ...rest] = shapeOf(x);
  if (isEmpty(x)) return x;
  const grouped = reshaped(x, [batch, groups, (channels / groups) * countOf(rest)]);
  const { result } = normalized(grouped, [2], call.number("eps", 1e-5));
  return affine(reshaped(result, shapeOf(x)), perChannel(x, call.maybe("weight")), perChannel(x, call.maybe("bias")));
}

/** Over the batch (and places), or by the running mean and variance. */
function channelNorm(call: Call, axes: readonly number[], usesOwn: boolean): Value {
  const x = call.float("input");
  if (isEmpty(x)) return x;
  const eps = call.number("eps", 1e-5);
  const [weight, bias] = [perChannel(x, call.maybe("weight")), perChannel(x, call.maybe("bias"))];
  if (usesOwn) return affine(normalized(x, axes, eps).result, weight, bias);
  const [centre, spread] = [perChannel(x, call.float("running_mean"))!, perChannel(x, call.float("running_var"))!];
  return affine(mul(sub(x, centre), rsqrt(add(spread, eps))), weight, bias);
}

function axesBut(x: Value, kept: readonly number[]): readonly number[] {
  return shapeOf(x).flatMap((_, axis) => (kept.includes(axis) ? [] : [axis]));
}

function rootMeanSquare(call: Call): Value {
  const x = call.float("input");
  if (isEmpty(x)) return x;
  const axes = lastAxes(x, call.numbers("normalized_shape")!);
  // PyTorch's own bound is the rounding of the element type, float64 in the recording.
  const eps = call.number("eps", 2.220446049250313e-16);
  return affine(mul(x, rsqrt(add(mean(square(x), { axes, keepAxes: true }), eps))), call.maybe("weight"), undefined);
}

/** Each channel divided by a power of the mean square of its neighbours. */
function localResponse(call: Call): Value {
  const x = call.float("input");
  if (isEmpty(x)) return x;
  const size = call.number("size");
  const widths = shapeOf(x).map((_, axis) =>
    axis === 1 ? ([Math.floor(size / 2), Math.floor((size - 1) / 2)] as const) : ([0, 0] as const),
  );
  const around = windows(pad(square(x), widths), { axis: 1, size });
  const share = div(sum(around, { axis: 2 }), size);
  const divisor = pow(add(mul(share, call.number("alpha", 1e-4)), call.number("k", 1)), call.number("beta", 0.75));
  return div(x, divisor);
}

/** Softmax of scaled products of queries and keys, times values. */
function attention(call: Call): Value {
  const [query, keys, values] = [call.float("query"), call.float("key"), call.float("value")];
  const repeats = call.flag("enable_gqa") ? shapeOf(query).at(-3)! / shapeOf(keys).at(-3)! : 1;
  const shared = (x: Value): Value => (repeats === 1 ? x : repeat(x, repeats, -3));
  const scale = call.number("scale", 1 / Math.sqrt(shapeOf(query).at(-1)!));
  const scores = mul(product(query, swapAxes(shared(keys), -2, -1)), scale);
  const [rows, columns] = [shapeOf(scores).at(-2)!, shapeOf(scores).at(-1)!];
  const masked = call.flag("is_causal")
    ? where(greaterEqual(iota([rows, columns], 0), iota([rows, columns], 1)), scores, -Infinity)
    : withMask(scores, call);
  return product(exp(logSoftmax(masked, -1)), shared(values));
}

function withMask(scores: Value, call: Call): Value {
  if (!call.has("attn_mask")) return scores;
  const mask = call.tensor("attn_mask");
  return mask.type.dtype === "bool" ? where(mask, scores, -Infinity) : add(scores, mask);
}

function shuffled(x: Value, shape: readonly number[], order: readonly number[], result: readonly number[]): Value {
  return isEmpty(x) ? emptyTensor(result) : reshaped(transpose(reshaped(x, shape), order), result);
}

function pixelShuffle(x: Value, factor: number): Value {
  const [channels, height, width] = shapeOf(x).slice(-3);
  const leading = shapeOf(x).slice(0, -3);
  const own = channels / factor ** 2;
  const order = [0, 3, 1, 4, 2].map((axis) => axis + leading.length);
  return shuffled(
    x,
    [...leading, own, factor, factor, height, width],
    [...leading.map((_, axis) => axis), ...order],
    [...leading, own, height * factor, width * factor],
  );
}

function pixelUnshuffle(x: Value, factor: number): Value {
  const [channels, height, width] = shapeOf(x).slice(-3);
  const leading = shapeOf(x).slice(0, -3);
  const order = [0, 2, 4, 1, 3].map((axis) => axis + leading.length);
  return shuffled(
    x,
    [...leading, channels, height / factor, factor, width / factor, factor],
    [...leading.map((_, axis) => axis), ...order],
    [...leading, channels * factor ** 2, height / factor, width / factor],
  );
}

export const norms: Operators = {
  "nn.functional.layer_norm": operator("input normalized_shape weight bias eps", (call) => layerNorm(call)[0]),
  native_layer_norm: operator("input normalized_shape weight bias eps", layerNorm),
  "nn.functional.group_norm": operator("input num_groups weight bias eps", groupNorm),
  "nn.functional.batch_norm": operator("input running_mean running_var weight bias training momentum eps", (call) =>
    channelNorm(call, axesBut(call.float("input"), [1]), call.flag("training")),
  ),
  "nn.functional.instance_norm": operator(
    "input running_mean running_var weight bias use_input_stats momentum eps",
    (call) => channelNorm(call, axesBut(call.float("input"), [0, 1]), call.flag("use_input_stats", true)),
  ),
  "nn.functional.rms_norm": operator("input normalized_shape weight eps", rootMeanSquare),
  "nn.functional.local_response_norm": operator("input size alpha beta k", localResponse),
  "nn.functional.normalize": operator("input p dim eps", (call) => {
    const x = call.float("input");
    const axes = (call.numbers("dim") ?? [1]).map((axis) => axisOf(x, axis));
    return div(x, maximum(norm(x, { order: call.number("p", 2), axes, keepAxes: true }), call.number("eps", 1e-12)));
  }),
  "nn.functional.scaled_dot_product_attention": operator(
    "query key value attn_mask dropout_p is_causal scale enable_gqa",
    attention,
  ),
  "nn.functional.pixel_shuffle": operator("input upscale_factor", (call) =>
    pixelShuffle(call.float("input"), call.number("upscale_factor")),
  ),
  "nn.functional.pixel_unshuffle": operator("input downscale_factor", (call) =>
    pixelUnshuffle(call.float("input"), call.number("downscale_factor")),
  ),
  "nn.functional.channel_shuffle": operator("input groups", (call) => {
    const x = call.float("input");
    const [batch, channels, ...rest] = shapeOf(x);
    const groups = call.number("groups");
    const grouped = reshaped(x, [batch, groups, channels / groups, ...rest]);
    return isEmpty(x) ? x : reshaped(swapAxes(grouped, 1, 2), shapeOf(x));
  }),
};
