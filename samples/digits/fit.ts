import { createBatch, epochOrder, gatherBatch } from "./data/batches.ts";
import type { Batch } from "./data/batches.ts";
import type { Dataset } from "./data/dataset.ts";
import { SampleError } from "./errors.ts";
import type { Metrics, Progress } from "./progress.ts";

/** What training needs of the generated module. */
export interface Trainable {
  train(batch: Batch, settings: { readonly learningRate: number }): TrainingStep;
}

/** An enqueued step; its outputs are read only when asked for. */
export interface TrainingStep {
  /** Resolves when there is room for another step. */
  readonly accepted: Promise<void>;
  readonly loss: Promise<number>;
  /** Share of the batch that was right, in [0, 1]. */
  readonly accuracy: Promise<number>;
}

/** What evaluation needs of the generated module; probabilities have the shape [batch, classes]. */
export interface Predictor {
  predict(inputs: Pick<Batch, "image">): PromiseLike<{ readonly probabilities: Float32Array }>;
}

/** One run of training, from `firstStep` to the end of the last epoch. */
export interface FitOptions {
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Key of the shuffles. */
  readonly key: readonly number[];
  /** Steps done before; 0 for a new run. */
  readonly firstStep: number;
  readonly progress: Progress;
}

/** Steps from one reading of loss and accuracy to the next: rare, so that reading never holds the GPU up. */
const readingInterval = 20;

/**
 * How many steps an epoch has. The last examples of an epoch that do not fill a batch are left out; as every epoch has
 * its own order, these are others each time.
 *
 * @throws SampleError with code `data-too-small` when there is not one full batch
 */
export function stepsPerEpoch(dataset: Dataset, batchSize: number): number {
  const steps = Math.floor(dataset.count / batchSize);
  if (steps > 0) return steps;
  throw new SampleError("data-too-small", `expected at least one batch of ${batchSize} images, found ${dataset.count}`);
}

/** Trains; step s of the whole training always sees the same batch, wherever the run was resumed. */
export async function fit(module: Trainable, options: FitOptions): Promise<void> {
  const steps = stepsPerEpoch(options.dataset, options.batchSize);
  const batch = createBatch(options.batchSize, options.dataset.pixels);
  const firstEpoch = Math.floor(options.firstStep / steps);
  for (let epoch = firstEpoch; epoch < options.epochs; epoch++) {
    await fitEpoch(module, options, batch, epoch, epoch === firstEpoch ? options.firstStep % steps : 0);
  }
}

/** Runs the steps of one epoch from position `from` on. */
async function fitEpoch(
  module: Trainable,
  { dataset, batchSize, learningRate, key, progress }: FitOptions,
  batch: Batch,
  epoch: number,
  from: number,
): Promise<void> {
  const steps = stepsPerEpoch(dataset, batchSize);
  const order = epochOrder(dataset.count, key, epoch);
  const mean = createMean();
  let metrics: Metrics | undefined;
  let reading: Promise<Metrics> | undefined;
  for (let position = from; position < steps; position++) {
    gatherBatch(batch, dataset, position * batchSize, order);
    const step = module.train(batch, { learningRate });
    const last = position === steps - 1;
    if (last || position % readingInterval === 0) {
      // The reading before this one has had the time of many steps to arrive.
      if (reading !== undefined) metrics = mean(await reading);
      reading = read(step);
    }
    await step.accepted;
    if (last && reading !== undefined) metrics = mean(await reading);
    progress.update(epoch * steps + position + 1, metrics);
  }
}

/** Asks for a step's loss and accuracy. */
function read(step: TrainingStep): Promise<Metrics> {
  const reading = Promise.all([step.loss, step.accuracy]).then(([loss, accuracy]) => ({ loss, accuracy }));
  // It is awaited many steps later; until then a failure must not count as unhandled.
  reading.catch(() => {});
  return reading;
}

/** Averages the readings that it is given. */
function createMean(): (reading: Metrics) => Metrics {
  let count = 0;
  let [loss, accuracy] = [0, 0];
  return (reading) => {
    count++;
    loss += reading.loss;
    accuracy += reading.accuracy;
    return { loss: loss / count, accuracy: accuracy / count };
  };
}

/** Counts the images whose most probable class is their label: all images, the last partial batch included. */
export async function countCorrect(module: Predictor, dataset: Dataset, batchSize: number): Promise<number> {
  const batch = createBatch(batchSize, dataset.pixels);
  let correct = 0;
  for (let from = 0; from < dataset.count; from += batchSize) {
    const rows = gatherBatch(batch, dataset, from);
    const { probabilities } = await module.predict({ image: batch.image });
    const classes = probabilities.length / batchSize;
    for (let row = 0; row < rows; row++) {
      const best = indexOfLargest(probabilities.subarray(row * classes, (row + 1) * classes));
      if (best === batch.label[row]) correct++;
    }
  }
  return correct;
}

/** The first index of the largest value. */
function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}
