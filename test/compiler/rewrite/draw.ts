/// Numbers for the leaves of a rule's examples: ordinary ones, extreme ones, and edges.
import { elementCount } from "../../../ir/type.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { noise } from "../symbolic.ts";

/** A way to draw one number from one in (−1, 1). */
export type Draw = (random: number) => number;

/** Picks from numbers. */
export const among =
  (numbers: readonly number[]): Draw =>
  (random) =>
    numbers[Math.floor((random + 1) * 0.5 * numbers.length)];

/** What nobody computes with every day. */
export const finiteEdges = [
  ...[0, -0, 1, -1, 0.5, 2, 88, -88, 104, -104, 3000, -3000],
  ...[1e-30, -1e-30, 2 ** -149, -1e-40, 1e20, -1e30],
] as const;
/** And what is not finite. */
export const allEdges = [...finiteEdges, Infinity, -Infinity, NaN] as const;

/** Numbers that no product of a few of them carries out of float32. */
export const moderate: readonly Draw[] = [
  (random) => random,
  (random) => 10 * random,
  (random) => 1e-3 * random,
  (random) => Math.sign(random) + 1e-4 * random,
  among([0, 1, -1, 0.5, 2, 3]),
];

const signed = (random: number, size: number): number => (random < 0 ? -size : size);

/** Numbers on which formulas as one writes them overflow, cancel or vanish. */
export const extreme: readonly Draw[] = [
  (random) => 120 * random,
  (random) => 1e3 * random,
  (random) => 1e3 + random,
  (random) => random - 1e3,
  (random) => 1e-6 * random,
  (random) => 1e-30 * random,
  // Subnormal.
  (random) => 1e-39 * random,
  (random) => signed(random, 10 ** (20 + 10 * Math.abs(random))),
  (random) => signed(random, 88 + random),
  (random) => signed(random, 104 + random),
  among(finiteEdges),
];

/** The same number everywhere. */
export const equal: readonly Draw[] = [0, -0, 1, -3, 88.5, -104, 1e3, 1e20, -1e30, 1e-30, 1e-40].map((x) => () => x);
/** The same number everywhere, of those that are none. */
export const equalAndNotFinite: readonly Draw[] = [Infinity, -Infinity, NaN].map((x) => () => x);

/** Data for every leaf below the values: all leaves of one kind of numbers, or (`mixed`) each of its own. */
export function draw(
  values: readonly Value[],
  seed: number,
  draws: readonly Draw[],
  mixed: boolean,
): Map<Value, readonly number[]> {
  const next = noise(seed);
  for (let i = 0; i < 5; i++) next();
  const feeds = new Map<Value, readonly number[]>();
  for (const leaf of postorder(values)) {
    if (leaf.op.kind !== "leaf" || leaf.op.structural) continue;
    const own = mixed ? draws[Math.floor((next() + 1) * 0.5 * draws.length)] : draws[seed % draws.length];
    const whole = leaf.type.dtype === "bool" ? 2 : 4;
    const one = (): number =>
      leaf.type.dtype === "f32" ? Math.fround(own(next())) : Math.floor((next() + 1) * 0.5 * whole);
    feeds.set(leaf, Array.from({ length: elementCount(leaf.type.shape) as number }, one));
  }
  return feeds;
}
