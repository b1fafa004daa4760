/// What a frame around a tensor may be told.
import { parseDim } from "../dim.ts";
import { optionValue } from "../errors.ts";
import { anyNumber, checkOptions, whole, wholes, type OptionCheck } from "../options.ts";

/** Choices of a padding. */
export interface PadOptions {
  /** The number around and between (default 0). */
  readonly value?: number;
  /** Elements put between neighbours, for each axis. */
  readonly interior?: readonly number[];
}

const isWidth = (width: unknown): boolean =>
  typeof width === "string" ? parseDim(width) !== undefined : whole(-Infinity).holds(width);

const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2 && pair.every(isWidth);

/** Where a range begins or ends: as far as there are integers, and ∞ is beyond any axis. */
const isEnd = (end: unknown): boolean =>
  end === undefined || end === null || (typeof end === "number" ? Math.trunc(end) === end : isWidth(end));

const isRange = (range: unknown): boolean =>
  range === null || (Array.isArray(range) && range.length <= 3 && range.every(isEnd));

/** What a slice takes of each axis. */
export const manyRanges: OptionCheck = {
  must: "an array, for each leading axis null or [start, stop, step]",
  holds: (value) => Array.isArray(value) && value.every(isRange),
  help: "slice(x, [null, [1, -1]]) takes all of the first axis, and the second without its ends",
};

/** Refuses widths that are not a pair for each axis, and what is no option of a padding. */
export function checkFrame(rank: number, widths: readonly unknown[], options: PadOptions): void {
  checkOptions("pad", options, { value: anyNumber, interior: wholes(-Infinity) });
  const { interior } = options;
  const axes = rank === 1 ? "the one axis" : `each of ${rank} axes`;
  if (!Array.isArray(widths) || widths.length !== rank || !widths.every(isPair))
    throw optionValue("pad", "widths", `a pair of integers for ${axes}`, widths, "[0, 0] leaves an axis as it is");
  if (interior && interior.length !== rank)
    throw optionValue("pad", "interior", `an integer for ${axes}`, interior, "0 puts nothing between neighbours");
}
