/// Embedding: a learned vector for each of a number of things.
import { part } from "../build.ts";
import type { Dim } from "../dim.ts";
import { normal, type Initializer } from "../initializer.ts";
import { checkArgument, checkOptions, extent, initial } from "../options.ts";
import { checkPositions, take } from "../ops/gather.ts";
import type { Of } from "../static.ts";
import type { DType, Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { layerCall, layerOptions, layerScope, once, type LayerOptions } from "./layer.ts";

/** What an embedding may be told. */
export interface EmbeddingOptions extends LayerOptions {
  /** First vectors. Default normal with deviation 0.02. */
  readonly init?: Initializer;
}

/** An embedding that owns its vectors: every application uses the same. */
export type EmbeddingLayer<W extends Dim = Dim> = <D extends DType, S extends Shape>(
  indices: Of<"i32", "embedding", D, S>,
) => Tensor<"f32", readonly [...S, W]>;

/** The call that makes and applies a layer, and the one that only makes it. */
interface Embedding {
  <D extends DType, S extends Shape, W extends Dim>(
    indices: Of<"i32", "embedding", D, S>,
    count: Dim,
    width: W,
    options?: EmbeddingOptions,
  ): Tensor<"f32", readonly [...S, W]>;
  /** The layer to apply many times, with the same vectors. */
  readonly layer: <W extends Dim>(count: Dim, width: W, options?: EmbeddingOptions) => EmbeddingLayer<W>;
}

/** How it is called. */
const written = "embedding(words, 65, 128): so many vectors, and as many numbers in each";

function layer(count: Dim, width: Dim, options: EmbeddingOptions = {}): (indices: Value) => Value {
  checkArgument("embedding", "the count", count, { ...extent, help: written });
  checkArgument("embedding", "the width", width, { ...extent, help: written });
  checkOptions("embedding", options, { ...layerOptions, init: initial });
  const scope = layerScope("embedding", options);
  const weight = once(() => scope.param("weight", [count, width], options.init ?? normal(0, 0.02)));
  return (indices) => {
    checkPositions("embedding", indices);
    return part(take(weight(), indices), scope.owner, "vectors");
  };
}

/**
 * Vectors by number: i32 `indices` […] → f32 […, width], rows of a new parameter `weight` [count, width]. An index outside
 * reads zeros, without an error. Errors: `dtype-mismatch`.
 */
export const embedding = layerCall("embedding", layer) as Embedding;
