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

/** Of the entries that are sampled, the part that is kept for zeros. */
const zeroPart = 1 / 4;

/**
 * Indices of `wanted` numbers in ascending order, all of them when there are no more. Three in four are of numbers other
 * than 0, as far as there are such: of a large table's slope, few rows are. Zeros are sampled as well, since they could be
 * wrong.
 */
export function sampleIndices(numbers: Float64Array, wanted: number, random: RandomStream): readonly number[] {
  const indices = Array.from(numbers, (_, index) => index);
  if (indices.length <= wanted) return indices;
  const zeros = indices.filter((index) => numbers[index] === 0);
  const others = indices.filter((index) => numbers[index] !== 0);
  const kept = Math.min(zeros.length, Math.max(Math.floor(wanted * zeroPart), wanted - others.length));
  return [...sample(zeros, kept, random), ...sample(others, wanted - kept, random)].sort((a, b) => a - b);
}

/** `wanted` different members; all of them when there are no more. */
function sample(members: readonly number[], wanted: number, random: RandomStream): readonly number[] {
  if (members.length <= wanted) return members;
  const chosen = new Set<number>();
  while (chosen.size < wanted) chosen.add(members[random.integer(members.length)]);
  return [...chosen];
}
