/// What layers share: options, and parameters that are made at the first application.
import { owner, param } from "../build.ts";
import type { Initializer } from "../initializer.ts";
import type { Owner } from "../naming.ts";
import { type KnownOptions, checkTensor, flag, initial, text } from "../options.ts";
import type { Shape } from "../type.ts";
import type { Value } from "../value.ts";

/** What every layer may be told. */
export interface LayerOptions {
  /** Name of the layer, which prefixes its parameters; otherwise the variable that holds the layer or its result. */
  readonly name?: string;
  /** False freezes the layer: optimizers leave it out unless asked. Default true. */
  readonly trainable?: boolean;
}

/** What a layer with weights and a bias may be told. */
export interface WeightedOptions extends LayerOptions {
  /** False leaves the bias out. Default true. */
  readonly bias?: boolean;
  /** First weights. Default Glorot uniform. */
  readonly init?: Initializer;
  /** First bias. Default zero. */
  readonly biasInit?: Initializer;
}

/** What every layer may be told. */
export const layerOptions: KnownOptions<LayerOptions> = { name: text, trainable: flag };

/** What a layer with weights and a bias may be told. */
export const weightedOptions: KnownOptions<WeightedOptions> = {
  ...layerOptions,
  bias: flag,
  init: initial,
  biasInit: initial,
};

/** A layer that is being made: it names and makes parameters. */
export interface LayerScope {
  readonly owner: Owner;
  /** A new parameter, by its name within the layer. */
  param(local: string, shape: Shape, init?: Initializer): Value;
}

/** Registers a layer of this kind. */
export function layerScope(kind: string, { name, trainable }: LayerOptions): LayerScope {
  const own = owner(kind, name, "variable");
  return {
    owner: own,
    param: (local, shape, init) => param(shape, { init, trainable }, { owner: own, local }),
  };
}

/**
 * The call that makes a layer of a kind and applies it, `call(x, …config)`; `call.layer(…config)` only makes it. It is
 * applied to a tensor; what follows that is for the layer to check, and many read none: `parts.map(dense.layer(3))`.
 */
export function layerCall<C extends readonly unknown[]>(kind: string, make: (...config: C) => Layer) {
  const layer = (...config: C): Layer => {
    const apply = make(...config);
    return (x, ...others) => {
      checkTensor(kind, "the input", x);
      return apply(x, ...others);
    };
  };
  return Object.assign((x: Value, ...config: C): Value => layer(...config)(x), { layer });
}

/** A layer that is made: what it is applied to first, and what else it reads. */
type Layer = (x: Value, ...others: readonly Value[]) => Value;

/** What `make` returns, made at the first call, when the shape of the input is known. */
export function once<X extends readonly Value[], P>(make: (...inputs: X) => P): (...inputs: X) => P {
  let made: { readonly parameters: P } | undefined;
  return (...inputs) => (made ??= { parameters: make(...inputs) }).parameters;
}
