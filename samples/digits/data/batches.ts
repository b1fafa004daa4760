import type { Dataset } from "./dataset.ts";
import { randomStream } from "./random.ts";

/** The arrays of one batch, allocated once and filled again for every step. */
export interface Batch {
  /** Shape [size, pixels]. */
  readonly image: Float32Array;
  /** Shape [size]. */
  readonly label: Int32Array;
}

/** Allocates the arrays of a batch. */
export function createBatch(size: number, pixels: number): Batch {
  return { image: new Float32Array(size * pixels), label: new Int32Array(size) };
}

/**
 * The order in which an epoch visits the examples: a permutation of 0 … count − 1 by Fisher and Yates. It is a pure
 * function of its arguments, so that a resumed run sees the batches that an uninterrupted one would have seen.
 */
export function epochOrder(count: number, key: readonly number[], epoch: number): Int32Array {
  const random = randomStream(...key, epoch);
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/**
 * Fills a batch with the examples `order[from]`, `order[from + 1]`…; without an order, with examples `from`, `from + 1`….
 * Where the examples run out, the rest of the batch is zeros.
 *
 * @returns how many rows are examples
 */
export function gatherBatch(batch: Batch, dataset: Dataset, from: number, order?: Int32Array): number {
  const { images, labels, pixels, count } = dataset;
  const rows = Math.max(0, Math.min(batch.label.length, count - from));
  for (let row = 0; row < rows; row++) {
    const example = order === undefined ? from + row : order[from + row];
    batch.image.set(images.subarray(example * pixels, (example + 1) * pixels), row * pixels);
    batch.label[row] = labels[example];
  }
  batch.image.fill(0, rows * pixels);
  batch.label.fill(0, rows);
  return rows;
}
