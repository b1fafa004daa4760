/// The workloads as one writes them for jax-js: a loss of parameters and inputs, or a forward function. Every function
/// takes ownership of its arguments; `ref` keeps one for another use.
import { lax, nn, numpy, type Array, type Tree } from "@jax-js/jax";

/** Parameters and inputs by name → loss or result. */
export type Forward = (parameters: Tree, inputs: Tree) => Array;

const dense = (x: Array, parameters: Tree, name: string): Array =>
  numpy.matmul(x, parameters[`${name}.weight`]).add(parameters[`${name}.bias`]);

/** Mean over all rows; labels as class numbers. */
function crossEntropy(logits: Array, label: Array): Array {
  const classes = logits.shape.at(-1)!;
  return nn.logSoftmax(logits, -1).mul(nn.oneHot(label, classes)).sum(-1).mean().neg();
}

function perceptron(input: string, hidden: readonly string[]): Forward {
  return (parameters, inputs) => {
    const last = hidden.reduce((x, name) => nn.relu(dense(x, parameters, name)), inputs[input]);
    return crossEntropy(dense(last, parameters, "logits"), inputs.label);
  };
}

/** Convolution, ReLU, and the largest of every 2×2 places. */
function convolve(x: Array, parameters: Tree, name: string): Array {
  const { [`${name}.weight`]: weight, [`${name}.bias`]: bias } = parameters;
  const y = nn.relu(lax.conv(x, weight, [1, 1], "SAME").add(bias.reshape([-1, 1, 1])));
  const [batch, channels, height, width] = y.shape;
  return y.reshape([batch, channels, height / 2, 2, width / 2, 2]).max([3, 5]);
}

function cnn(parameters: Tree, { image, label }: Tree): Array {
  const pooled = convolve(convolve(image, parameters, "first"), parameters, "second");
  return crossEntropy(dense(pooled.reshape([32, 784]), parameters, "logits"), label);
}

const normalize = (x: Array, parameters: Tree, name: string): Array =>
  nn.standardize(x, -1, { epsilon: 1e-5 }).mul(parameters[`${name}.scale`]).add(parameters[`${name}.shift`]);

function attend(x: Array, parameters: Tree): Array {
  const project = (from: Array, name: string): Array =>
    numpy.matmul(from, parameters[`attention.${name}`].reshape([128, 128]));
  const shift = (y: Array, name: string): Array => y.add(parameters[`attention.${name}Bias`].reshape([128]));
  const [q, k, v] = [
    shift(project(x.ref, "query"), "query"),
    project(x.ref, "key"),
    shift(project(x, "value"), "value"),
  ];
  const split = (y: Array): Array => y.reshape([8, 128, 4, 32]);
  const heard = nn.dotProductAttention(split(q), split(k), split(v), { isCausal: true }).reshape([1024, 128]);
  return shift(project(heard, "output"), "output");
}

function gpt(parameters: Tree, { letters, next }: Tree): Array {
  // As a product with one-hot rows: gathering has no gradient there.
  const vectors = numpy.matmul(nn.oneHot(letters.reshape([1024]), 256), parameters["letter.weight"]);
  const first = vectors.reshape([8, 128, 128]).add(parameters.places).reshape([1024, 128]);
  const second = first.ref.add(attend(normalize(first, parameters, "attentionNorm"), parameters));
  const wide = nn.gelu(dense(normalize(second.ref, parameters, "mlpNorm"), parameters, "up"), { approximate: false });
  const third = second.add(dense(wide, parameters, "down"));
  return crossEntropy(dense(normalize(third, parameters, "finalNorm"), parameters, "head"), next.reshape([1024]));
}

function attention(_: Tree, { q, k, v }: Tree): Array {
  const inward = (x: Array): Array => x.transpose([0, 2, 1, 3]);
  return inward(nn.dotProductAttention(inward(q), inward(k), inward(v), { isCausal: true }));
}

const deepLayers = Array.from({ length: 7 }, (_, layer) => `hidden${layer}`);

/** The function of a workload. */
export function forwardOf(workload: string): Forward {
  const [, form] = /^matmul\d+(NN|NT|TN)$/.exec(workload) ?? [];
  if (form) {
    return (_, { a, b }) => numpy.matmul(form === "TN" ? a.transpose() : a, form === "NT" ? b.transpose() : b);
  }
  const all: Readonly<Record<string, Forward>> = {
    mlp: perceptron("image", ["first", "second"]),
    deep: perceptron("features", deepLayers),
    cnn,
    gpt,
    softmax: (_, { x }) => nn.softmax(x, -1),
    layerNorm: (parameters, { x }) => normalize(x, parameters, "norm"),
    attention,
  };
  return all[workload];
}
