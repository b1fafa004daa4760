/// Convolution layers: filters with their weights, over one to three spatial axes.
import { part } from "../build.ts";
import { partOf } from "../dim.ts";
import { rankMismatch } from "../errors.ts";
import { glorot, withFans } from "../initializer.ts";
import { checkArgument, checkOptions, whole, wholeEach } from "../options.ts";
import { add } from "../ops/arithmetic.ts";
import { convolvedBy, walkOptions, type ConvolveOptions } from "../ops/convolve.ts";
import { perAxis } from "../ops/padding.ts";
import { broadcastAlong } from "../ops/sum.ts";
import type { DType } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { layerCall, layerScope, once, weightedOptions, type WeightedOptions } from "./layer.ts";

/** How the windows of a convolution layer walk, and what the layer may be told. */
export interface ConvolutionOptions extends Omit<ConvolveOptions, "inputDilation">, WeightedOptions {}

/** A convolution layer that owns its parameters: every application uses the same weights. */
export type ConvolutionLayer = <D extends DType>(x: Tensor<D>) => Tensor<D>;

/** The call that makes and applies a layer, and the one that only makes it. */
interface Convolution {
  <D extends DType>(
    x: Tensor<D>,
    filters: number,
    size: number | readonly number[],
    options?: ConvolutionOptions,
  ): Tensor<D>;
  /** The layer to apply many times, with the same parameters. */
  readonly layer: (filters: number, size: number | readonly number[], options?: ConvolutionOptions) => ConvolutionLayer;
}

/** The layer over so many spatial axes. */
function convolution(kind: string, spatial: number): Convolution {
  const layer = (
    filters: number,
    size: number | readonly number[],
    options: ConvolutionOptions = {},
  ): ((x: Value) => Value) => {
    checkArgument(kind, "filters", filters, { ...whole(1), help: `${kind}(x, 8, 3)` });
    checkArgument(kind, "size", size, { ...wholeEach(1), help: `${kind}(x, 8, 3)` });
    checkOptions(kind, options, { ...weightedOptions, ...walkOptions });
    const { name, trainable, bias = true, init = glorot(), biasInit, groups = 1, ...walk } = options;
    const scope = layerScope(kind, { name, trainable });
    const sizes = perAxis(size, spatial);
    const places = sizes.map((_, axis) => 2 + axis);
    // Channels that do not fall into groups are left to `convolve`, which says so.
    const parameters = once(({ type }) => ({
      weight: scope.param(
        "weight",
        [filters, partOf(type.shape[1], groups) ?? type.shape[1], ...sizes],
        withFans(init, { from: [1, ...places], to: [0, ...places] }),
      ),
      bias: bias ? scope.param("bias", [filters], biasInit) : undefined,
    }));
    return (x) => {
      if (x.type.shape.length !== spatial + 2) throw rankMismatch(kind, imageAxes(spatial), [x.type]);
      const { weight, bias: shift } = parameters(x);
      const found = convolvedBy(kind, x, weight, { ...walk, groups });
      const shifted = shift ? add(found, broadcastAlong(shift, found.type.shape, [1])) : found;
      return part(shifted, scope.owner, "linear");
    };
  };
  return layerCall(kind, layer) as Convolution;
}

const imageAxes = (spatial: number): string => `${spatial + 2} axes [batch, channels${", …".repeat(spatial)}]`;

/**
 * Convolution of sequences: `x` [N, C, n] → [N, filters, o], with new parameters `weight` [filters, C/groups, size] and
 * `bias` [filters]. Errors: `rank-mismatch`, and those of `convolve`.
 */
export const conv1d: Convolution = convolution("conv1d", 1);

/**
 * Convolution of images: `x` [N, C, h, w] → [N, filters, …o], with new parameters `weight` [filters, C/groups, …size] and
 * `bias` [filters]. Errors: `rank-mismatch`, and those of `convolve`.
 */
export const conv2d: Convolution = convolution("conv2d", 2);

/**
 * Convolution of volumes: `x` [N, C, d, h, w] → [N, filters, …o], with new parameters `weight` [filters, C/groups, …size]
 * and `bias` [filters]. Errors: `rank-mismatch`, and those of `convolve`.
 */
export const conv3d: Convolution = convolution("conv3d", 3);
