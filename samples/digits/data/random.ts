/// Random numbers for the sample's data: reproducible on every machine, from 32-bit integer arithmetic alone.

/** A stream of random numbers; two streams with the same key give the same numbers. */
export interface RandomStream {
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** Normal with mean 0 and deviation 1. */
  normal(): number;
  /** Uniform integer in [0, bound); the bias is below bound · 2⁻³². */
  below(bound: number): number;
}

/**
 * Opens the stream that belongs to a key, for example (seed, epoch): what it yields is a pure function of the key, so
 * that work can be resumed or repeated from the middle. The generator is sfc32 (C. Doty-Humphrey, PractRand), its state
 * filled from the key with MurmurHash3's finaliser.
 */
export function randomStream(...key: readonly number[]): RandomStream {
  const next = smallFastCounter(key);
  const uniform = (): number => next() / 2 ** 32;
  return {
    uniform,
    // Box–Muller; 1 − u lies in (0, 1], so that the logarithm is finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (bound) => Math.floor(uniform() * bound),
  };
}

/** The sfc32 generator: each call gives 32 random bits. */
function smallFastCounter(key: readonly number[]): () => number {
  let [a, b, c] = [1, 2, 3].map((lane) => key.reduce((hash, word) => mix(hash ^ word), mix(lane)));
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // sfc32 needs some rounds until close keys have nothing in common.
  for (let round = 0; round < 12; round++) next();
  return next;
}

/** Spreads every bit of a word over the whole word (MurmurHash3's finaliser, after a step that moves 0). */
function mix(word: number): number {
  let hash = (word + 0x9e3779b9) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
