/// Axes and sizes as users write them: negative axes count from the last.
import { parseDim, type Dim } from "../dim.ts";
import { axisRange, sizeSyntax } from "../errors.ts";

/** An axis counted from 0, of so many. Error: `axis-range`. */
export function countedAxis(name: string, axis: number, rank: number): number {
  const counted = Number.isInteger(axis) && axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank) throw axisRange(name, [axis], rank);
  return counted;
}

/** Normal form of a size, or an error. */
export function normalizeDim(size: number | string): Dim {
  const dim = parseDim(size);
  if (dim === undefined) throw sizeSyntax(size);
  return dim;
}
