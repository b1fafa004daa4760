/// Frames that continue the tensor, and images at other sizes.
import {
  abs,
  add,
  contract,
  greaterEqual,
  iota,
  less,
  maximum,
  minimum,
  moveAxis,
  sub,
  take,
  where,
  type Value,
} from "chainrule";
import { operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { emptyTensor, isEmpty, padded } from "./parts.ts";
import { adaptiveAverage } from "./pooling.ts";
import { frame } from "./shaping.ts";

/** Where an element of the padded axis comes from: `at` counts from the first element of the tensor. */
type Source = (at: Value, extent: number) => Value;

const edge: Source = (at, extent) => minimum(maximum(at, 0), extent - 1);
const mirror: Source = (at, extent) => sub(extent - 1, abs(sub(extent - 1, abs(at))));
const around: Source = (at, extent) =>
  where(less(at, 0), add(at, extent), where(greaterEqual(at, extent), sub(at, extent), at));
const sources: Readonly<Record<string, Source>> = { replicate: edge, reflect: mirror, circular: around };

function continued(x: Value, widths: readonly (readonly [number, number])[], source: Source): Value {
  const shape = shapeOf(x).map((extent, axis) => extent + widths[axis][0] + widths[axis][1]);
  if (isEmpty(x)) return emptyTensor(shape);
  return widths.reduce<Value>((part, [low, high], axis) => {
    if (low === 0 && high === 0) return part;
    return take(part, source(sub(iota([shape[axis]], 0), low), shapeOf(x)[axis]), axis);
  }, x);
}

function padding(): Mapping {
  return operator("input pad mode value", (call) => {
    const x = call.float("input");
    const widths = frame(x, call.numbers("pad")!);
    const mode = call.text("mode", "constant");
    if (mode === "constant") return padded(x, widths, call.number("value", 0));
    if (!sources[mode]) throw new Error(`no padding ${mode}`);
    return continued(x, widths, sources[mode]);
  });
}

/** Which elements of an axis make a new one, and with what weights. */
type Taps = readonly (readonly [at: number, weight: number])[];

interface Resampling {
  readonly extent: number;
  readonly count: number;
  /** Distance between two results, in elements; what the caller gave wins over the ratio of extents. */
  readonly step: number;
  readonly aligned: boolean;
}

function nearest(exact: boolean, { extent, step }: Resampling, i: number): Taps {
  // PyTorch finds the place in float32, whatever the element type.
  const place = exact ? Math.fround(Math.fround(i + 0.5) * Math.fround(step)) : Math.fround(i * Math.fround(step));
  return [[Math.min(Math.floor(place), extent - 1), 1]];
}

function linear({ extent, count, step, aligned }: Resampling, i: number): Taps {
  const place = aligned ? (count > 1 ? ((extent - 1) / (count - 1)) * i : 0) : Math.max(0, step * (i + 0.5) - 0.5);
  const low = Math.min(Math.floor(place), extent - 1);
  const rest = place - low;
  return [
    [low, 1 - rest],
    [Math.min(low + 1, extent - 1), rest],
  ];
}

/** Weights of four neighbours for a place so far behind the second. */
export function cubicWeights(t: number): readonly number[] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

function cubic({ extent, count, step, aligned }: Resampling, i: number): Taps {
  const place = aligned ? (count > 1 ? ((extent - 1) / (count - 1)) * i : 0) : step * (i + 0.5) - 0.5;
  const low = Math.floor(place);
  return cubicWeights(place - low).map((weight, k) => [Math.min(Math.max(low - 1 + k, 0), extent - 1), weight]);
}

const tapsOf: Readonly<Record<string, (resampling: Resampling, i: number) => Taps>> = {
  nearest: (resampling, i) => nearest(false, resampling, i),
  "nearest-exact": (resampling, i) => nearest(true, resampling, i),
  linear,
  bilinear: linear,
  trilinear: linear,
  bicubic: cubic,
};

/** The matrix [count, extent] that resamples an axis, as data. */
function matrixOf(call: Call, resampling: Resampling, taps: (resampling: Resampling, i: number) => Taps): Value {
  const { extent, count } = resampling;
  const weights = new Float64Array(count * extent);
  for (let i = 0; i < count; i++) for (const [at, weight] of taps(resampling, i)) weights[i * extent + at] += weight;
  return call.inputs.given(weights, [count, extent], "f32");
}

interface Target {
  readonly counts: readonly number[];
  /** 1/scale where the caller's scale counts, and not the ratio of extents. */
  readonly steps: readonly (number | undefined)[];
}

function targetOf(call: Call, extents: readonly number[]): Target {
  const sizes = call.numbers("size");
  if (sizes) {
    const counts = sizes.length === extents.length ? sizes : extents.map(() => sizes[0]);
    return { counts, steps: extents.map(() => undefined) };
  }
  const given = call.numbers("scale_factor")!;
  const scales = given.length === extents.length ? given : extents.map(() => given[0]);
  const recomputed = call.flag("recompute_scale_factor");
  return {
    counts: extents.map((extent, i) => Math.floor(extent * scales[i])),
    steps: scales.map((scale) => (recomputed ? undefined : 1 / scale)),
  };
}

function resampled(call: Call, mode: string, aligned: boolean): Value {
  const x = call.float("input");
  const extents = shapeOf(x).slice(2);
  const { counts, steps } = targetOf(call, extents);
  if (mode === "area") return adaptiveAverage(x, counts);
  const taps = tapsOf[mode];
  if (!taps) throw new Error(`no mode ${mode}`);
  return counts.reduce<Value>((part, count, i) => {
    const step = steps[i] ?? extents[i] / count;
    const matrix = matrixOf(call, { extent: extents[i], count, step, aligned }, taps);
    return moveAxis(contract(part, matrix, { batch: [], contracted: [[2 + i, 1]] }), -1, 2 + i);
  }, x);
}

const names = "input size scale_factor mode align_corners recompute_scale_factor antialias";
const interpolation = operator(names, (call) => {
  if (call.flag("antialias")) throw new Error("antialiasing is not mapped");
  return resampled(call, call.text("mode", "nearest"), call.flag("align_corners"));
});
const upsampling = (mode: "nearest" | "linear"): Mapping =>
  operator("input size scale_factor", (call) => resampled(call, mode, mode === "linear"));

export const resamplings: Operators = {
  "nn.functional.pad.constant": padding(),
  "nn.functional.pad.reflect": padding(),
  "nn.functional.pad.replicate": padding(),
  "nn.functional.pad.replicate_negative": padding(),
  "nn.functional.pad.circular": padding(),
  "nn.functional.interpolate.nearest": interpolation,
  "nn.functional.interpolate.nearest-exact": interpolation,
  "nn.functional.interpolate.linear": interpolation,
  "nn.functional.interpolate.bilinear": interpolation,
  "nn.functional.interpolate.trilinear": interpolation,
  "nn.functional.interpolate.bicubic": interpolation,
  "nn.functional.interpolate.area": interpolation,
  "nn.functional.upsample_bilinear": upsampling("linear"),
  "nn.functional.upsample_nearest": upsampling("nearest"),
};
