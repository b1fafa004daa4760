/// The fully connected layer.
import { about } from "../diagnostic.ts";
import type { Dim } from "../dim.ts";
import { dtypeMismatch, layerInput, rankMismatch } from "../errors.ts";
import type { Initializer } from "../initializer.ts";
import { owner, param, part } from "../build.ts";
import { add } from "../ops/arithmetic.ts";
import { matmul } from "../ops/contract.ts";
import type { Of, Scalar, ShapeError } from "../static.ts";
import type { WithLast } from "../static-axes.ts";
import { isFloat, type DType, type Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";

/** What a dense layer may be told. */
export interface DenseOptions {
  /** Name of the layer, which prefixes its parameters; otherwise the variable that holds the layer or its result. */
  readonly name?: string;
  /** False leaves the bias out. Default true. */
  readonly bias?: boolean;
  /** First weights. Default Glorot uniform. */
  readonly init?: Initializer;
  /** First bias. Default zero. */
  readonly biasInit?: Initializer;
  /** False freezes the layer: optimizers leave it out unless asked. Default true. */
  readonly trainable?: boolean;
}

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

interface Parameters {
  readonly weight: Value;
  readonly bias: Value | undefined;
}

/**
 * A dense layer to apply many times with the same weights: `const encode = dense.layer(128); encode(a); encode(b)`.
 * Its parameters `weight` [in, units] and `bias` [units] are made at the first application.
 * Errors: `layer-input` when a later input has another size on its last axis.
 */
function layer<U extends Dim>(units: U, options: DenseOptions = {}): DenseLayer<U> {
  const { name, bias: biased = true, init, biasInit, trainable } = options;
  const own = owner("dense", name, "variable");
  let parameters: Parameters | undefined;
  const apply = (x: Value): Value => {
    const inputs = about([x], () => inputSize(x, parameters));
    parameters ??= {
      weight: param([inputs, units], { init, trainable }, { owner: own, local: "weight" }),
      bias: biased ? param([units], { init: biasInit, trainable }, { owner: own, local: "bias" }) : undefined,
    };
    const product = matmul(x, parameters.weight);
    return part(parameters.bias ? add(product, parameters.bias) : product, own, "linear");
  };
  return apply as DenseLayer<U>;
}

/** Extent of the last axis, which the layer combines. */
function inputSize(x: Value, parameters: Parameters | undefined): Dim {
  const { dtype, shape } = x.type;
  if (shape.length === 0) throw rankMismatch("dense", "at least one axis", [x.type]);
  if (!isFloat(dtype)) throw dtypeMismatch("dense", "f32", [x.type]);
  const inputs = shape[shape.length - 1];
  const expected = parameters?.weight.type.shape[0];
  if (expected !== undefined && inputs !== expected) throw layerInput(expected, x.type);
  return inputs;
}

/**
 * Fully connected layer: `x` [..., in] → x·W + b [..., units], with new parameters `weight` [in, units] and `bias`
 * [units]. Errors: `rank-mismatch` for a scalar, `dtype-mismatch` for integers (see `oneHot`, `cast`).
 */
export const dense: Dense = Object.assign(
  (x: Value, units: Dim, options?: DenseOptions): Value => layer(units, options)(x),
  { layer },
) as Dense;
