import { createBatch, epochOrder, gatherBatch } from "../../samples/digits/data/batches.ts";
import type { Dataset } from "../../samples/digits/data/dataset.ts";

/** Classes of a digits data set. */
const classes = 10;

/** The best accuracy on `test` that softmax regression (one dense layer) had after any epoch, in [0, 1]. */
export function bestSoftmaxAccuracy(train: Dataset, test: Dataset, epochs: number): number {
  const { pixels } = train;
  const batchSize = 64;
  const steps = Math.floor(train.count / batchSize);
  const batch = createBatch(batchSize, pixels);
  const weight = new Float64Array((pixels + 1) * classes);
  const optimizer = createAdam(weight.length);
  const gradient = new Float64Array(weight.length);
  let best = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = epochOrder(train.count, [0], epoch);
    for (let step = 0; step < steps; step++) {
      gatherBatch(batch, train, step * batchSize, order);
      gradient.fill(0);
      for (let row = 0; row < batchSize; row++) {
        const image = batch.image.subarray(row * pixels, (row + 1) * pixels);
        addGradient(gradient, image, batch.label[row], probabilities(weight, image), batchSize);
      }
      // The rate falls to zero, so that the end is convergence and not a walk around it.
      optimizer(weight, gradient, 3e-3 * (1 - (epoch * steps + step) / (epochs * steps)));
    }
    best = Math.max(best, accuracy(weight, test));
  }
  return best;
}

/** softmax(xW + b); the bias is the last row of `weight`, shape [pixels + 1, classes]. */
function probabilities(weight: Float64Array, image: Float32Array): Float64Array {
  const logits = Float64Array.from(weight.subarray(image.length * classes));
  for (let pixel = 0; pixel < image.length; pixel++) {
    if (image[pixel] === 0) continue;
    for (let c = 0; c < classes; c++) logits[c] += image[pixel] * weight[pixel * classes + c];
  }
  const largest = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((total, value) => total + value);
  return exponentials.map((value) => value / sum);
}

/** Adds one example's share of the mean gradient: xᵀ(p − y) / batchSize. */
function addGradient(
  gradient: Float64Array,
  image: Float32Array,
  label: number,
  probability: Float64Array,
  batchSize: number,
): void {
  for (let c = 0; c < classes; c++) {
    const cotangent = (probability[c] - (c === label ? 1 : 0)) / batchSize;
    for (let pixel = 0; pixel < image.length; pixel++) gradient[pixel * classes + c] += image[pixel] * cotangent;
    gradient[image.length * classes + c] += cotangent;
  }
}

/** Adam as published (Kingma and Ba 2015, algorithm 1), β₁ = 0.9, β₂ = 0.999, ε = 1e-8. */
function createAdam(size: number): (weight: Float64Array, gradient: Float64Array, rate: number) => void {
  const [first, second] = [new Float64Array(size), new Float64Array(size)];
  let step = 0;
  return (weight, gradient, rate) => {
    step++;
    const [bias1, bias2] = [1 - 0.9 ** step, 1 - 0.999 ** step];
    for (let i = 0; i < size; i++) {
      first[i] += 0.1 * (gradient[i] - first[i]);
      second[i] += 0.001 * (gradient[i] ** 2 - second[i]);
      weight[i] -= (rate * (first[i] / bias1)) / (Math.sqrt(second[i] / bias2) + 1e-8);
    }
  };
}

function accuracy(weight: Float64Array, { images, labels, pixels, count }: Dataset): number {
  let correct = 0;
  for (let index = 0; index < count; index++) {
    const probability = probabilities(weight, images.subarray(index * pixels, (index + 1) * pixels));
    if (probability.indexOf(Math.max(...probability)) === labels[index]) correct++;
  }
  return correct / count;
}
