/// What one contender is told to compute, as plain data, and the numbers that it starts from: drawn from the names, so
/// that all start from the same.

/** A tensor by name. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Integers below so many; floats where it is absent. */
  readonly classes?: number;
}

/** A workload as every contender gets it. */
export interface Task {
  readonly workload: string;
  /** True for a training step with Adam, false for a forward call. */
  readonly training: boolean;
  readonly parameters: readonly TensorSpec[];
  readonly inputs: readonly TensorSpec[];
  /** File with the program of chainrule. */
  readonly program: string;
}

/** Product of the extents. */
export const countOf = (shape: readonly number[]): number => shape.reduce((count, extent) => count * extent, 1);

/** Numbers in [0, 1) by Mulberry32, from a name. */
function stream(name: string): () => number {
  let state = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0)!, 16777619), 2166136261);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** What all contenders start from, by name. */
export interface Numbers {
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly inputs: Readonly<Record<string, Float32Array | Int32Array>>;
}

/** The numbers of a task. */
export function drawNumbers({ parameters, inputs }: Task): Numbers {
  return {
    parameters: Object.fromEntries(parameters.map((spec) => [spec.name, drawParameter(spec)])),
    inputs: Object.fromEntries(inputs.map((spec) => [spec.name, drawInput(spec)])),
  };
}

/** Class numbers, or normal numbers. */
export function drawInput({ name, shape, classes }: TensorSpec): Int32Array | Float32Array {
  const uniform = stream(name);
  const length = countOf(shape);
  if (classes !== undefined) return Int32Array.from({ length }, () => Math.floor(uniform() * classes));
  return Float32Array.from({ length }, () => normal(uniform));
}

/** Weights that keep activations in their range; scales of normalisations near 1, other vectors near 0. */
function drawParameter({ name, shape }: TensorSpec): Float32Array {
  const uniform = stream(name);
  const deviation = shape.length > 1 ? 1 / Math.sqrt(Math.max(...shape)) : 0.1;
  const mean = name.endsWith(".scale") ? 1 : 0;
  return Float32Array.from({ length: countOf(shape) }, () => mean + deviation * normal(uniform));
}
