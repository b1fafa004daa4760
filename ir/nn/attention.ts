/// Attention, as compositions: weighted means of values, the weights a softmax of how well keys answer queries.
import { part } from "../build.ts";
import { partOf, type Dim } from "../dim.ts";
import { rankMismatch } from "../errors.ts";
import { glorot, withFans, zeros, type Initializer } from "../initializer.ts";
import { checkArgument, checkOptions, checkTensor, finite, flag, initial, whole } from "../options.ts";
import { add, div, mul } from "../ops/arithmetic.ts";
import { where } from "../ops/choose.ts";
import { lessEqual } from "../ops/compare.ts";
import { contract, type AxisPair } from "../ops/contract.ts";
import { sqrt } from "../ops/functions.ts";
import { iota, sizeValue } from "../ops/leaf.ts";
import { broadcastTo } from "../ops/sum.ts";
import type { Tensor, Value } from "../value.ts";
import { channelGroups } from "./errors.ts";
import { layerCall, layerOptions, layerScope, once, type LayerOptions, type LayerScope } from "./layer.ts";
import { softmax } from "./softmax.ts";

/** Which keys a query may see, and how scores are scaled. */
export interface AttentionOptions {
  /** A query sees the keys up to its own place. Default false. */
  readonly causal?: boolean;
  /** Booleans that broadcast against the scores [..., queries, keys]: false hides a key from a query. */
  readonly mask?: Tensor<"bool">;
  /** Factor of the scores. Default 1/√width. */
  readonly scale?: number;
}

const attentionOptions = { causal: flag, mask: true, scale: finite } as const;

/**
 * Scaled dot-product attention (Vaswani et al. 2017): queries [..., T, D], keys [..., S, D] and values [..., S, E] →
 * softmax(q·kᵀ·scale)·v [..., T, E]. A query that sees no key at all gets NaN. Errors: those of `contract`.
 */
export function scaledDotProductAttention<Q extends Tensor<"f32">>(
  queries: Q,
  keys: Tensor<"f32">,
  values: Tensor<"f32">,
  options?: AttentionOptions,
): Tensor<"f32">;
export function scaledDotProductAttention(q: Value, k: Value, v: Value, options: AttentionOptions = {}): Value {
  checkTensor("scaledDotProductAttention", "queries", q);
  checkTensor("scaledDotProductAttention", "keys", k);
  checkTensor("scaledDotProductAttention", "values", v);
  checkOptions("scaledDotProductAttention", options, attentionOptions);
  const rank = q.type.shape.length;
  if (rank < 2) throw rankMismatch("scaledDotProductAttention", "axes [..., places, width]", [q.type]);
  return attend(q, k, v, { shared: leading(rank - 2), place: rank - 2 }, options);
}

/** Axes of queries, keys and values: those that run together, and the one of places. The last is contracted. */
interface AttentionAxes {
  readonly shared: readonly number[];
  readonly place: number;
}

const leading = (count: number): readonly number[] => Array.from({ length: count }, (_, axis) => axis);

/** Means of values, [shared…, places, width]. */
function attend(q: Value, k: Value, v: Value, { shared, place }: AttentionAxes, options: AttentionOptions): Value {
  const width = q.type.shape.length - 1;
  const batch = shared.map((axis): AxisPair => [axis, axis]);
  const scores = contract(q, k, { batch, contracted: [[width, width]] });
  const scaled: Value =
    options.scale === undefined
      ? div(scores, sqrt(sizeValue(q.type.shape[width], "f32") as Value))
      : mul(scores, options.scale);
  const weights = softmax(visible(scaled, options));
  return contract(weights, v, {
    batch: shared.map((axis, i): AxisPair => [i, axis]),
    contracted: [[shared.length + 1, place]],
  });
}

/** Scores, −∞ where a query may not see the key. */
function visible(scores: Value, { causal = false, mask }: AttentionOptions): Value {
  const { shape } = scores.type;
  const [query, key] = [shape.length - 2, shape.length - 1];
  const past = causal ? where(lessEqual(iota(shape, key), iota(shape, query)), scores, -Infinity) : scores;
  return mask ? where(broadcastTo(mask, shape), past, -Infinity) : past;
}

/** What a layer of attention may be told. */
export interface MultiHeadOptions extends LayerOptions, AttentionOptions {
  /** False leaves the biases out. Default true. */
  readonly bias?: boolean;
  /** First weights. Default Glorot uniform. */
  readonly init?: Initializer;
}

/** A layer of attention that owns its parameters: to `x` itself, or to another sequence. */
export type AttentionLayer = <T extends Tensor<"f32">>(x: T, memory?: Tensor<"f32">) => T;

/** The call that makes and applies a layer, and the one that only makes it. */
interface Attention {
  <T extends Tensor<"f32">>(x: T, heads: number, options?: MultiHeadOptions): T;
  /** The layer to apply many times, with the same parameters; `x` attends to `memory` where that is given. */
  readonly layer: (heads: number, options?: MultiHeadOptions) => AttentionLayer;
}

interface Projection {
  readonly weight: Value;
  readonly bias: Value | undefined;
}

/** Weights [width, heads, each] of queries, keys and values, and [heads, each, width] of what comes out. */
function projections(scope: LayerScope, heads: number, { init = glorot(), bias = true }: MultiHeadOptions) {
  const inward = withFans(init, { from: [0], to: [1, 2] });
  const outward = withFans(init, { from: [0, 1], to: [2] });
  const into = (name: string, width: Dim, each: Dim, biased: boolean): Projection => ({
    weight: scope.param(name, [width, heads, each], inward),
    bias: biased ? scope.param(`${name}Bias`, [heads, each], zeros()) : undefined,
  });
  return (x: Value, memory: Value) => {
    const [width, kept] = [x, memory].map(({ type }) => type.shape[type.shape.length - 1]);
    const each = partOf(width, heads);
    if (each === undefined) throw channelGroups("attention", width, heads, x.type);
    return {
      query: into("query", width, each, bias),
      // A bias of keys adds the same to all scores of a query: the softmax does not see it.
      key: into("key", kept, each, false),
      value: into("value", kept, each, bias),
      output: {
        weight: scope.param("output", [heads, each, width], outward),
        bias: bias ? scope.param("outputBias", [width]) : undefined,
      },
    };
  };
}

/** [..., C] → [..., heads, each]. */
function project(x: Value, { weight, bias }: Projection): Value {
  const product: Value = contract(x, weight, { batch: [], contracted: [[x.type.shape.length - 1, 0]] });
  return bias ? add(product, bias) : product;
}

function layer(heads: number, options: MultiHeadOptions = {}): (x: Value, memory?: Value) => Value {
  checkArgument("attention", "heads", heads, { ...whole(1), help: "attention(x, 8, { causal: true })" });
  checkOptions("attention", options, { ...layerOptions, ...attentionOptions, bias: flag, init: initial });
  const scope = layerScope("attention", options);
  const make = projections(scope, heads, options);
  const parameters = once(make);
  return (x, memory = x) => {
    checkTensor("attention", "the memory", memory);
    const rank = x.type.shape.length;
    if (rank < 2) throw rankMismatch("attention", "axes [..., places, width]", [x.type]);
    const { query, key, value, output } = parameters(x, memory);
    const [q, k, v] = [project(x, query), project(memory, key), project(memory, value)];
    // [..., places, heads, each] → [..., heads, places, each]
    const heard = attend(q, k, v, { shared: [...leading(rank - 2), rank - 1], place: rank - 2 }, options);
    const merged: Value = contract(part(heard, scope.owner, "heads"), output.weight, {
      batch: [],
      contracted: [
        [rank - 2, 0],
        [rank, 1],
      ],
    });
    return part(output.bias ? add(merged, output.bias) : merged, scope.owner, "linear");
  };
}

/**
 * Multi-head attention (Vaswani et al. 2017) of `x` [..., T, C] to itself, or with `attention.layer` to another sequence
 * [..., S, K]. Same shape as `x`; new parameters `query` [C, heads, C/heads], `key` and `value` [K, heads, C/heads],
 * `output` [heads, C/heads, C], and a bias of each but the keys, whose bias would cancel in the softmax.
 * Errors: `channel-groups` where C does not fall into heads, `rank-mismatch`.
 */
export const attention = layerCall("attention", layer) as Attention;
