/// The fully connected layer.
import { about } from "../diagnostic.ts";
import type { Dim } from "../dim.ts";
import { dtypeMismatch, layerInput, rankMismatch } from "../errors.ts";
import { part } from "../build.ts";
import { checkArgument, checkOptions, extent } from "../options.ts";
import { add } from "../ops/arithmetic.ts";
import { matmul } from "../ops/contract.ts";
import type { Of, Scalar, ShapeError } from "../static.ts";
import type { WithLast } from "../static-axes.ts";
import { isFloat, type DType, type Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { layerCall, layerScope, once, weightedOptions, type WeightedOptions } from "./layer.ts";

/** What a dense layer may be told. */
export type DenseOptions = WeightedOptions;

/** f32 with at least one axis. */
type DenseInput<D extends DType, S extends Shape> = S extends Scalar
  ? ShapeError<"dense: takes at least one axis, found a scalar">
  : Of<"f32", "dense", D, S>;

/** The call that makes and applies a layer, and the one that only makes it. */
interface Dense {
  <D extends DType, S extends Shape, U extends Dim>(
    x: DenseInput<D, S>,
    units: U,
    options?: DenseOptions,
  ): Tensor<D, WithLast<S, U>>;
  readonly layer: typeof layer;
}

/** A layer that owns its parameters: every application uses the same weights. */
export type DenseLayer<U extends Dim = Dim> = <D extends DType, S extends Shape>(
  x: DenseInput<D, S>,
) => Tensor<D, WithLast<S, U>>;

/**
 * A dense layer to apply many times with the same weights: `const encode = dense.layer(128); encode(a); encode(b)`.
 * Its parameters `weight` [in, units] and `bias` [units] are made at the first application.
 * Errors: `layer-input` when a later input has another size on its last axis.
 */
function layer<U extends Dim>(units: U, options: DenseOptions = {}): DenseLayer<U> {
  checkArgument("dense", "units", units, { ...extent, help: "dense(x, 128)" });
  checkOptions("dense", options, weightedOptions);
  const scope = layerScope("dense", options);
  const parameters = once((x) => ({
    weight: scope.param("weight", [inputSize(x), units], options.init),
    bias: options.bias === false ? undefined : scope.param("bias", [units], options.biasInit),
  }));
  const apply = (x: Value): Value => {
    const { weight, bias } = about([x], () => fitting(x, parameters(x)));
    const product = matmul(x, weight);
    return part(bias ? add(product, bias) : product, scope.owner, "linear");
  };
  return apply as DenseLayer<U>;
}

/** The parameters, if they are for inputs of this size. */
function fitting<P extends { readonly weight: Value }>(x: Value, parameters: P): P {
  const [expected] = parameters.weight.type.shape;
  if (inputSize(x) !== expected) throw layerInput(expected, x.type);
  return parameters;
}

/** Extent of the last axis, which the layer combines. */
function inputSize({ type }: Value): Dim {
  if (type.shape.length === 0) throw rankMismatch("dense", "at least one axis", [type]);
  if (!isFloat(type.dtype)) throw dtypeMismatch("dense", "f32", [type]);
  return type.shape[type.shape.length - 1];
}

/**
 * Fully connected layer: `x` [..., in] → x·W + b [..., units], with new parameters `weight` [in, units] and `bias`
 * [units]. Errors: `rank-mismatch` for a scalar, `dtype-mismatch` for integers (see `oneHot`, `cast`).
 */
export const dense: Dense = layerCall("dense", layer) as Dense;
