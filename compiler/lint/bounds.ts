/// What the lint knows of a value: where its finite elements lie, and which of ∞, −∞ and NaN others may be.
import { anything, type Range } from "../rewrite/range.ts";

/** Elements that are no finite numbers, as bits. The last two are constants that the user wrote, and so meant. */
export const special = { plus: 1, minus: 2, nan: 4, givenPlus: 8, givenMinus: 16 } as const;

/** Those that were computed. */
export const computed: number = special.plus | special.minus | special.nan;

/** Those that were written. */
export const given: number = special.givenPlus | special.givenMinus;

/** What is known of the elements of a value. */
export interface Bounds extends Range {
  /** No element is 0. */
  readonly nonzero: boolean;
  /** Which special elements there may be. */
  readonly specials: number;
}

/** The least positive number: what is above 0 is at least this. */
export const tiny: number = 2 ** -149;

/** Any finite number. */
export const unknown: Bounds = { ...anything, nonzero: false, specials: 0 };

/** Bounds of one special element, and of nothing finite. */
export function onlySpecial(specials: number): Bounds {
  return { low: Infinity, high: -Infinity, nonzero: true, specials };
}

/** True where no element is finite. */
export function isEmpty({ low, high }: Range): boolean {
  return low > high;
}

/** Bounds with what follows from them: what is not 0 and not negative is positive. */
export function makeBounds({ low, high }: Range, nonzero: boolean, specials: number): Bounds {
  const [from, to] = [Number.isNaN(low) ? -Infinity : low, Number.isNaN(high) ? Infinity : high];
  const isNonzero = nonzero || from > 0 || to < 0;
  return {
    low: isNonzero && from === 0 ? tiny : from,
    high: isNonzero && to === 0 ? -tiny : to,
    nonzero: isNonzero,
    specials,
  };
}

/** What holds of an element of one or the other. */
export function unionOf(a: Bounds, b: Bounds): Bounds {
  const range = { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
  return makeBounds(range, a.nonzero && b.nonzero, a.specials | b.specials);
}

/** True when both say the same. */
export function equalBounds(a: Bounds, b: Bounds): boolean {
  return a.low === b.low && a.high === b.high && a.nonzero === b.nonzero && a.specials === b.specials;
}

/** Bounds that hold before and after a step. One that a step moves goes to 1, to 0 or away. */
export function widened(before: Bounds, after: Bounds): Bounds {
  const both = unionOf(before, after);
  const low = both.low < before.low ? (both.low >= 1 ? 1 : both.low >= 0 ? 0 : -Infinity) : before.low;
  const high = both.high > before.high ? (both.high <= 1 ? 1 : Infinity) : before.high;
  return { ...both, low, high, nonzero: both.nonzero && low !== 0 };
}
