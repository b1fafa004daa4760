/// Normalisation layers: deviations from a mean over their root mean square, then a learned scale and shift.
import { part } from "../build.ts";
import { partOf } from "../dim.ts";
import { rankMismatch } from "../errors.ts";
import { ones, zeros } from "../initializer.ts";
import { atLeastZero, checkArgument, checkOptions, flag, someAxes, whole } from "../options.ts";
import { add, div, mul, square, sub } from "../ops/arithmetic.ts";
import { sqrt } from "../ops/functions.ts";
import { reshapeTo } from "../ops/layout.ts";
import { mean } from "../ops/reduce.ts";
import { broadcastAlong, normalizeAxes } from "../ops/sum.ts";
import type { Tensor, Value } from "../value.ts";
import { channelGroups } from "./errors.ts";
import { layerCall, layerOptions, layerScope, once, type LayerOptions, type LayerScope } from "./layer.ts";

/** What a normalisation may be told. */
export interface NormalizationOptions extends LayerOptions {
  /** Added to the mean square, which may be 0. Default 1e-5. */
  readonly epsilon?: number;
  /** False leaves the learned scale out. Default true. */
  readonly scale?: boolean;
  /** Whether a shift is learned. Default true, for `rmsNorm` false. */
  readonly shift?: boolean;
}

const normalizationOptions = { ...layerOptions, epsilon: atLeastZero, scale: flag, shift: flag } as const;

/** A normalisation over axes of one's choice. */
export interface AxesNormalizationOptions extends NormalizationOptions {
  /** Axes that are normalised together (default the last). */
  readonly axes?: readonly number[];
}

/** A layer that keeps the shape and owns its parameters. */
export type NormalizationLayer = <T extends Tensor<"f32">>(x: T) => T;

/** The call that makes and applies a layer, and the one that only makes it. */
interface Normalization {
  <T extends Tensor<"f32">>(x: T, options?: AxesNormalizationOptions): T;
  /** The layer to apply many times, with the same parameters. */
  readonly layer: (options?: AxesNormalizationOptions) => NormalizationLayer;
}

/** x over its root mean square along axes. */
function overRootMeanSquare(x: Value, axes: readonly number[], epsilon: number): Value {
  return div(x, sqrt(add(mean(square(x), { axes, keepAxes: true }), epsilon)));
}

const centred = (x: Value, axes: readonly number[]): Value => sub(x, mean(x, { axes, keepAxes: true }));

/** Learned scale and shift along axes, each its own where it is wanted. */
function learned(
  scope: LayerScope,
  options: NormalizationOptions,
  axesOf: (x: Value) => readonly number[],
): (x: Value, normalized: Value) => Value {
  const parameters = once((x) => {
    const shape = axesOf(x).map((axis) => x.type.shape[axis]);
    return {
      scale: options.scale === false ? undefined : scope.param("scale", shape, ones()),
      shift: options.shift === false ? undefined : scope.param("shift", shape, zeros()),
    };
  });
  return (x, normalized) => {
    const { scale, shift } = parameters(x);
    const along = (parameter: Value): Value => broadcastAlong(parameter, x.type.shape, axesOf(x));
    const scaled = scale ? mul(normalized, along(scale)) : normalized;
    return shift ? add(scaled, along(shift)) : scaled;
  };
}

function overAxes(kind: string, prepare: (x: Value, axes: readonly number[]) => Value, shift: boolean) {
  const layer = (own: AxesNormalizationOptions = {}): ((x: Value) => Value) => {
    checkOptions(kind, own, { ...normalizationOptions, axes: someAxes });
    const options = { shift, ...own };
    const scope = layerScope(kind, options);
    const axesOf = (x: Value): readonly number[] =>
      normalizeAxes(kind, x.type.shape.length, { axes: options.axes ?? [-1] });
    const finish = learned(scope, options, axesOf);
    return (x) => {
      const axes = axesOf(x);
      const normalized = overRootMeanSquare(prepare(x, axes), axes, options.epsilon ?? 1e-5);
      return finish(x, part(normalized, scope.owner, "normalized"));
    };
  };
  return layerCall(kind, layer);
}

/**
 * Layer normalisation (Ba et al. 2016): (x − mean) / √(variance + ε) · scale + shift, along the last axis or `axes`.
 * Same shape as `x`; new parameters `scale` (1 at first) and `shift` (0) of the extents of these axes.
 */
export const layerNorm = overAxes("layerNorm", centred, true) as Normalization;

/**
 * Root mean square normalisation (Zhang and Sennrich 2019): x / √(mean x² + ε) · scale, along the last axis or `axes`.
 * Same shape as `x`; a new parameter `scale` (1 at first) of the extents of these axes, and no shift unless asked for.
 */
export const rmsNorm = overAxes("rmsNorm", (x) => x, false) as Normalization;

/** The call that makes and applies a layer, and the one that only makes it. */
interface GroupNormalization {
  <T extends Tensor<"f32">>(x: T, groups: number, options?: NormalizationOptions): T;
  /** The layer to apply many times, with the same parameters. */
  readonly layer: (groups: number, options?: NormalizationOptions) => NormalizationLayer;
}

function groupLayer(groups: number, options: NormalizationOptions = {}): (x: Value) => Value {
  checkArgument("groupNorm", "groups", groups, { ...whole(1), help: "groupNorm(x, 4)" });
  checkOptions("groupNorm", options, normalizationOptions);
  const scope = layerScope("groupNorm", options);
  const finish = learned(scope, options, () => [1]);
  return (x) => {
    if (x.type.shape.length < 2) throw rankMismatch("groupNorm", "axes [batch, channels, ...]", [x.type]);
    const [batch, channels, ...spatial] = x.type.shape;
    const each = partOf(channels, groups);
    if (each === undefined) throw channelGroups("groupNorm", channels, groups, x.type);
    const grouped = each === 1 ? x : reshapeTo(x, [batch, groups, each, ...spatial]);
    const axes = grouped.type.shape.flatMap((_, axis) => (axis > 1 ? [axis] : []));
    const normalized = overRootMeanSquare(centred(grouped, axes), axes, options.epsilon ?? 1e-5);
    return finish(x, part(reshapeTo(normalized, x.type.shape), scope.owner, "normalized"));
  };
}

/**
 * Group normalisation (Wu and He 2018) of x [N, C, …n]: channels fall into `groups`, and each is normalised with its
 * places; new parameters `scale` [C] (1 at first) and `shift` [C] (0). With one channel a group it is instance
 * normalisation. Errors: `channel-groups` where the channels do not fall into groups, `rank-mismatch`.
 */
export const groupNorm = layerCall("groupNorm", groupLayer) as GroupNormalization;
