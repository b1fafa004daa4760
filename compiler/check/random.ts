/// Seeded random numbers for checks: the same seed draws the same data on every machine.

/** A stream of random numbers. */
export interface RandomStream {
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform among 0, 1, …, count − 1. */
  integer(count: number): number;
}

/** Starts the stream of a seed (SplitMix32). */
export function randomStream(seed: number): RandomStream {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  };
  return {
    uniform: (low, high) => low + (high - low) * unit(),
    // Box and Muller 1958; 1 − u keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    integer: (count) => Math.floor(unit() * count),
  };
}

/** `wanted` different indices below `count` in ascending order; all of them when there are no more. */
export function sampleIndices(count: number, wanted: number, random: RandomStream): readonly number[] {
  if (count <= wanted) return Array.from({ length: count }, (_, index) => index);
  const chosen = new Set<number>();
  while (chosen.size < wanted) chosen.add(random.integer(count));
  return [...chosen].sort((a, b) => a - b);
}
