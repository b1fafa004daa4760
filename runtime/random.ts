/// Counter-based random numbers for initial values: the same bits in Node and in every browser.

/** Two 32-bit words, unsigned. */
export type Words = readonly [number, number];

const rotations = [13, 15, 26, 6, 17, 29, 16, 24];

/** The key of a seed (an integer in [0, 2^53)): its low and its high word. */
export const seedKey = (seed: number): Words => [seed >>> 0, Math.floor(seed / 2 ** 32)];

/**
 * Threefry-2x32 with 20 rounds: two random words from a key and a counter.
 *
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), and Random123's threefry.h.
 */
export function threefry([key0, key1]: Words, [counter0, counter1]: Words): Words {
  const keys = [key0, key1, 0x1bd11bda ^ key0 ^ key1];
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    const turn = rotations[round % 8]!;
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if (round % 4 === 3) {
      const block = (round + 1) / 4;
      x = (x + keys[block % 3]!) | 0;
      y = (y + keys[(block + 1) % 3]! + block) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

// 24 bits are what a float32 holds exactly.
const unit = (word: number): number => (word >>> 8) * 2 ** -24;

/** Uniform in [low, high), also after rounding to float32. */
export function uniform(words: Words, low: number, high: number): number {
  const value = Math.fround(low + (high - low) * unit(words[0]));
  return value < high ? value : low;
}

/** Normal by Box and Muller; the first uniform is in (0, 1], so that its logarithm is finite. */
export function normal(words: Words, mean: number, deviation: number): number {
  const radius = Math.sqrt(-2 * Math.log(unit(words[0]) + 2 ** -24));
  return mean + deviation * radius * Math.cos(2 * Math.PI * unit(words[1]));
}
