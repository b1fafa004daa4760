/// The workloads as one writes them for TensorFlow.js: channels last, fused products with bias and activation.
import type { Tensor, TensorFlow } from "@tensorflow/tfjs";
import { countOf, type TensorSpec } from "../task.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** Parameters and inputs by name → loss or result. */
export type Forward = (parameters: Tensors, inputs: Tensors) => Tensor;

/** How a tensor of the convolutional network lies in memory here: its shape, and where each axis comes from. */
function ownAxes(
  workload: string,
  { name }: TensorSpec,
): { shape?: readonly number[]; axes: readonly number[] } | undefined {
  if (workload !== "cnn") return undefined;
  if (name === "image") return { axes: [0, 2, 3, 1] };
  if (/^(first|second)\.weight$/.test(name)) return { axes: [2, 3, 1, 0] };
  // What the last layer reads: channels, height, width.
  if (name === "logits.weight") return { shape: [16, 7, 7, 10], axes: [1, 2, 0, 3] };
  return undefined;
}

function permute<T extends Float32Array | Int32Array>(data: T, shape: readonly number[], axes: readonly number[]): T {
  const strides = shape.map((_, axis) => countOf(shape.slice(axis + 1)));
  const result = data.slice() as T;
  const extents = axes.map((axis) => shape[axis]);
  for (let index = 0; index < result.length; index++) {
    let [rest, from] = [index, 0];
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      from += (rest % extents[axis]) * strides[axes[axis]];
      rest = Math.floor(rest / extents[axis]);
    }
    result[index] = data[from];
  }
  return result;
}

/** A tensor as the model below wants it. */
export function toOwnLayout<T extends Float32Array | Int32Array>(
  workload: string,
  spec: TensorSpec,
  data: T,
): { readonly shape: readonly number[]; readonly data: T } {
  const own = ownAxes(workload, spec);
  if (!own) return { shape: spec.shape, data };
  const from = own.shape ?? spec.shape;
  const shape = own.shape ? spec.shape : own.axes.map((axis) => from[axis]);
  return { shape, data: permute(data, from, own.axes) };
}

/** Back again. */
export function fromOwnLayout(workload: string, spec: TensorSpec, data: Float32Array): Float32Array {
  const own = ownAxes(workload, spec);
  if (!own) return data;
  const from = own.shape ?? spec.shape;
  const inverse = own.axes.map((_, axis) => own.axes.indexOf(axis));
  return permute(
    data,
    own.axes.map((axis) => from[axis]),
    inverse,
  );
}

/** Layers over one instance of the library. */
function layers(tf: TensorFlow) {
  const dense = (x: Tensor, parameters: Tensors, name: string, activation: "relu" | "linear" = "linear"): Tensor =>
    tf.fused.matMul({ a: x, b: parameters[`${name}.weight`], bias: parameters[`${name}.bias`], activation });
  const crossEntropy = (logits: Tensor, label: Tensor): Tensor =>
    tf.losses.softmaxCrossEntropy(tf.oneHot(label, logits.shape.at(-1)!), logits);
  const convolve = (x: Tensor, parameters: Tensors, name: string): Tensor => {
    const { [`${name}.weight`]: filter, [`${name}.bias`]: bias } = parameters;
    return tf.maxPool(tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias, activation: "relu" }), 2, 2, "valid");
  };
  const normalize = (x: Tensor, parameters: Tensors, name: string): Tensor => {
    const { mean, variance } = tf.moments(x, -1, true);
    const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, tf.scalar(1e-5))));
    return tf.add(tf.mul(normal, parameters[`${name}.scale`]), parameters[`${name}.shift`]);
  };
  const gelu = (x: Tensor): Tensor => tf.mul(tf.mul(0.5, x), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), tf.scalar(1)));
  return { dense, crossEntropy, convolve, normalize, gelu };
}

/** −∞ would make NaN of 0·∞ in the gradient; this is as good. */
const hidden = -1e9;

function causalMask(tf: TensorFlow, places: number): Tensor {
  const mask = Float32Array.from({ length: places ** 2 }, (_, at) =>
    at % places > Math.floor(at / places) ? hidden : 0,
  );
  return tf.tensor(mask, [places, places], "float32");
}

/** Queries, keys and values [8, 4, 128, 32]. */
function attention(tf: TensorFlow): (q: Tensor, k: Tensor, v: Tensor) => Tensor {
  const mask = causalMask(tf, 128);
  return (q, k, v) => {
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(32));
    return tf.matMul(tf.softmax(tf.add(scores, mask)), v);
  };
}

function gpt(tf: TensorFlow): Forward {
  const { dense, crossEntropy, normalize, gelu } = layers(tf);
  const attend = attention(tf);
  const heads = (x: Tensor): Tensor => tf.transpose(tf.reshape(x, [8, 128, 4, 32]), [0, 2, 1, 3]);
  return (parameters, { letters, next }) => {
    const project = (x: Tensor, name: string): Tensor => {
      const bias = parameters[`attention.${name}Bias`];
      const b = tf.reshape(parameters[`attention.${name}`], [128, 128]);
      return tf.fused.matMul({ a: x, b, ...(bias && { bias: tf.reshape(bias, [128]) }) });
    };
    const vectors = tf.gather(parameters["letter.weight"], letters);
    const first = tf.reshape(tf.add(vectors, parameters.places), [1024, 128]);
    const x = normalize(first, parameters, "attentionNorm");
    const heard = attend(heads(project(x, "query")), heads(project(x, "key")), heads(project(x, "value")));
    const merged = tf.reshape(tf.transpose(heard, [0, 2, 1, 3]), [1024, 128]);
    const second = tf.add(first, project(merged, "output"));
    const wide = gelu(dense(normalize(second, parameters, "mlpNorm"), parameters, "up"));
    const third = tf.add(second, dense(wide, parameters, "down"));
    return crossEntropy(dense(normalize(third, parameters, "finalNorm"), parameters, "head"), tf.reshape(next, [1024]));
  };
}

function perceptron(tf: TensorFlow, input: string, hiddenLayers: readonly string[]): Forward {
  const { dense, crossEntropy } = layers(tf);
  return (parameters, inputs) => {
    const last = hiddenLayers.reduce((x, name) => dense(x, parameters, name, "relu"), inputs[input]);
    return crossEntropy(dense(last, parameters, "logits"), inputs.label);
  };
}

function cnn(tf: TensorFlow): Forward {
  const { convolve, dense, crossEntropy } = layers(tf);
  return (parameters, { image, label }) => {
    const pooled = convolve(convolve(image, parameters, "first"), parameters, "second");
    return crossEntropy(dense(tf.reshape(pooled, [32, 784]), parameters, "logits"), label);
  };
}

/** The function of a workload. */
export function modelOf(tf: TensorFlow, workload: string): Forward {
  const [, form] = /^matmul\d+(NN|NT|TN)$/.exec(workload) ?? [];
  if (form) return (_, { a, b }) => tf.matMul(a, b, form === "TN", form === "NT");
  const { normalize } = layers(tf);
  const attend = attention(tf);
  const all: Readonly<Record<string, () => Forward>> = {
    mlp: () => perceptron(tf, "image", ["first", "second"]),
    deep: () =>
      perceptron(
        tf,
        "features",
        Array.from({ length: 7 }, (_, layer) => `hidden${layer}`),
      ),
    cnn: () => cnn(tf),
    gpt: () => gpt(tf),
    softmax:
      () =>
      (_, { x }) =>
        tf.softmax(x),
    layerNorm:
      () =>
      (parameters, { x }) =>
        normalize(x, parameters, "norm"),
    attention:
      () =>
      (_, { q, k, v }) =>
        attend(q, k, v),
  };
  return all[workload]();
}
