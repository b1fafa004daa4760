/// How far a result may be from the truth, element by element: what rounding of the numbers it is made of comes to.
import type { Decimal } from "decimal.js";
import { elementCount } from "../../../ir/type.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { evaluatePrecise } from "../../precise/index.ts";
import { exampleSizes, float32Values, ulp, type Data } from "./float32.ts";

/** A formula and what a rule makes of it; `operands` are formulas in the place of letters. */
export interface Case {
  readonly before: Value;
  readonly after: Value;
  readonly operands: readonly Value[];
}

/** Both sides in float32. */
export function results({ before, after }: Case, feeds: Data): readonly [Float64Array, Float64Array] {
  const found = float32Values([before, after], feeds);
  return [found.get(before)!, found.get(after)!];
}

/** More digits take seconds, and are wanted where a formula compares numbers that differ by e^−10²⁰. */
export const fewDigits = 150;

/** A formula in decimal arithmetic; undefined where these do not decide it. */
export function truthOf(value: Value, feeds: Data, digits: number, most: number): readonly Decimal[] | undefined {
  try {
    return evaluatePrecise([value], feeds, exampleSizes, digits, most).get(value);
  } catch (error) {
    if (String(error).includes("digits")) return undefined;
    throw error;
  }
}

/** Numbers that a float32 has, of a truth that may be larger than all of them. */
export const asFloat32 = (truth: Decimal): number => Math.fround(truth.toNumber());

/** Distance from the truth in units of its last place; 0 for the right ∞ or NaN, ∞ for the wrong kind of result. */
export function ulps(found: number, truth: Decimal): number {
  const nearest = asFloat32(truth);
  if (Object.is(found, nearest) || found === nearest) return 0;
  if (!Number.isFinite(found) || !truth.isFinite()) return Infinity;
  return truth.minus(found).abs().div(ulp(nearest)).toNumber();
}

/** What a few roundings may come to: every operation, and every element that a sum adds up. */
export function roundings({ after }: Case): number {
  return postorder([after]).reduce((count, { op, operands }) => {
    if (op.kind === "leaf" || op.kind === "layout") return count;
    if (op.kind === "elementwise") return count + 1;
    return count + Math.max(...operands.map(({ type }) => elementCount(type.shape) as number));
  }, 2);
}

const isFloat = ({ type }: Value): boolean => type.dtype === "f32";

/** What a formula reads: leaves, constants, and formulas in the place of letters. */
export function sourcesOf({ before, operands }: Case): readonly Value[] {
  return postorder([before]).filter(
    (value) => isFloat(value) && (value.op.kind === "leaf" || operands.includes(value)),
  );
}

/** What a formula rounds: everything that it computes or reads. */
export function everythingIn({ before }: Case): readonly Value[] {
  return postorder([before]).filter((value) => isFloat(value) && value !== before);
}

/**
 * By how much each element of the truth changes where every number of these values moves by a unit in its last place:
 * the sum over all of them. What moves is taken as float32 has it; the rest follows in decimal arithmetic.
 */
export function movement({ before }: Case, values: readonly Value[], feeds: Data): readonly number[] {
  const known = float32Values([before], feeds);
  const total = new Array<number>(elementCount(before.type.shape) as number).fill(0);
  for (const value of values) {
    const numbers = Array.from(known.get(value)!);
    const still = truthOf(before, new Map([...feeds, [value, numbers]]), 30, fewDigits);
    const everyIndex = numbers.map((_, i) => i);
    // A constant is one number, wherever it stands.
    for (const moving of value.constant ? [everyIndex] : everyIndex.map((i) => [i])) {
      const moved = numbers.map((x, i) => (moving.includes(i) && Number.isFinite(x) ? x + ulp(x) : x));
      truthOf(before, new Map([...feeds, [value, moved]]), 30, fewDigits)?.forEach((each, i) => {
        const apart = still && each.minus(still[i]).abs();
        if (apart?.isFinite()) total[i] += apart.toNumber();
      });
    }
  }
  return total;
}

/** The largest number that the formula reads for each element, as the sum of what moves it shows. */
export function largestRead({ before }: Case, values: readonly Value[], feeds: Data): readonly number[] {
  const known = float32Values([before], feeds);
  const largest = new Array<number>(elementCount(before.type.shape) as number).fill(0);
  const still = float32Values([before], feeds, exampleSizes, (exact) => exact).get(before)!;
  for (const value of values) {
    const numbers = Array.from(known.get(value)!);
    numbers.forEach((number, at) => {
      if (!Number.isFinite(number)) return;
      // Any other number will do to see which elements read this one.
      const other = new Map([...feeds, [value, numbers.map((x, i) => (i === at ? NaN : x))]]);
      const found = float32Values([before], other, exampleSizes, (exact) => exact).get(before)!;
      found.forEach((each, i) => {
        if (!Object.is(each, still[i])) largest[i] = Math.max(largest[i], Math.abs(number));
      });
    });
  }
  return largest;
}

const largest = 2 ** 128;
const smallest = 2 ** -126;

/** Numbers without a place in float32 become NaN, and so does all that is made of them. */
const inRange = (exact: number): number => {
  const size = Math.abs(exact);
  return (size < largest && (size === 0 || size >= smallest)) || size === Infinity ? Math.fround(exact) : NaN;
};

const kindOf = (x: number): number => (Number.isNaN(x) ? NaN : Number.isFinite(x) ? 0 : x);

/** Elements on the way to which a number of either side left the range of float32: the order of products decides that. */
export function outOfRange({ before, after }: Case, feeds: Data): readonly boolean[] {
  const plain = float32Values([before, after], feeds);
  const strict = float32Values([before, after], feeds, exampleSizes, inRange);
  const wide = float32Values([before, after], feeds, exampleSizes, (exact) => exact);
  return Array.from(plain.get(before)!, (_, i) =>
    [before, after].some((side) => {
      const found = plain.get(side)![i];
      const leftRange = Number.isNaN(strict.get(side)![i]) && !Number.isNaN(found);
      return leftRange || !Object.is(kindOf(found), kindOf(wide.get(side)![i]));
    }),
  );
}

/** The data in words. */
export function describeFeeds(feeds: Data): string {
  return [...feeds].map(([{ attrs }, data]) => `${(attrs.identity as { name: string }).name}: ${data}`).join("; ");
}
