/// Axes as users write them: negative ones count from the last.
import { axisRange } from "../errors.ts";

/** An axis counted from 0, of so many. Error: `axis-range`. */
export function countedAxis(name: string, axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank) throw axisRange(name, [axis], rank);
  return counted;
}
