/// Trains XOR. Nothing here belongs to Node or to a browser: both run it unchanged.

/** What this sample needs of the generated module. */
export interface Xor {
  readonly adapter: string;
  /** Enqueues one step on all four cases: `x` has the shape [4, 2], `y` [4, 1]. */
  train(inputs: { readonly x: Float32Array; readonly y: Float32Array }): {
    readonly accepted: Promise<void>;
    readonly loss: Promise<number>;
  };
  predict(inputs: { readonly x: Float32Array }): PromiseLike<{ readonly probability: Float32Array }>;
  destroy(): void;
}

/** How a training of XOR went. */
export interface XorRun {
  readonly adapter: string;
  /** The loss before each step. */
  readonly losses: readonly number[];
  /** After the last step, the probability that the answer is 1, for each of `cases`. */
  readonly outputs: readonly number[];
}

/** The truth table: two inputs and their exclusive or. */
export const cases = [
  { x: [0, 0], y: 0 },
  { x: [0, 1], y: 1 },
  { x: [1, 0], y: 1 },
  { x: [1, 1], y: 0 },
] as const;

/**
 * Loads the module, trains it for a number of steps on the four cases, and asks it for all of them.
 *
 * @param create loads the generated module; the module is destroyed at the end, also when training fails
 */
export async function trainXor(create: () => Promise<Xor>, steps: number): Promise<XorRun> {
  const x = Float32Array.from(cases.flatMap((row) => row.x));
  const y = Float32Array.from(cases, (row) => row.y);
  const xor = await create();
  try {
    const losses: number[] = [];
    // Reading every loss makes each step wait for the GPU, which is no matter with four examples.
    for (let step = 0; step < steps; step++) losses.push(await xor.train({ x, y }).loss);
    const { probability } = await xor.predict({ x });
    return { adapter: xor.adapter, losses, outputs: Array.from(probability) };
  } finally {
    xor.destroy();
  }
}
