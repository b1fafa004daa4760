/// How windows walk along the axes of an image: one number or one a side for every axis, and what that comes to.
import type { Dim } from "../dim.ts";
import { whole, type OptionCheck } from "../options.ts";
import type { Shape } from "../type.ts";
import { paddingForm, windowSize } from "./errors.ts";
import { minus } from "./pad.ts";
import { spanOf } from "./windows.ts";

/** Elements before and after each axis: one number for all, or for each axis a number or a pair; or by what is kept. */
export type Padding = number | "same" | "valid" | readonly (number | readonly [before: number, after: number])[];

/** The forms of a padding; one that is negative leaves elements out. */
export const paddingCheck: OptionCheck = {
  help: 'padding: "same" or padding: 1',
  must: '"same", "valid", an integer, or for each axis one or a pair of such',
  holds: (value) => {
    const width = whole(-Infinity).holds;
    const isPair = (each: unknown): boolean => Array.isArray(each) && each.length === 2 && each.every(width);
    if (Array.isArray(value)) return value.every((each: unknown) => width(each) || isPair(each));
    return value === "same" || value === "valid" || width(value);
  },
};

/** How windows walk along one axis of this extent. */
export interface Walk {
  readonly extent: Dim;
  readonly size: Dim;
  readonly stride: number;
  readonly dilation: number;
}

/** A number for each of so many axes. Errors: `padding-form`. */
export function perAxis(given: number | readonly number[] | undefined, count: number, usual = 1): readonly number[] {
  if (typeof given !== "object") return Array.from({ length: count }, () => given ?? usual);
  if (given.length !== count) throw paddingForm(count, given.length);
  return given;
}

/** Elements before and after each axis. Errors: `padding-form`; `window-size` where "same" needs the extent. */
export function resolvePadding(
  padding: Padding,
  walks: readonly Walk[],
): { readonly low: Shape; readonly high: Shape } {
  const pairs = padding === "same" ? walks.map(samePadding) : givenPadding(padding, walks.length);
  return { low: pairs.map(([low]) => low), high: pairs.map(([, high]) => high) };
}

function givenPadding(padding: Exclude<Padding, "same">, count: number): readonly (readonly [Dim, Dim])[] {
  if (typeof padding !== "object")
    return Array.from({ length: count }, () => pairOf(padding === "valid" ? 0 : padding));
  if (padding.length !== count) throw paddingForm(count, padding.length);
  return padding.map(pairOf);
}

function pairOf(width: number | readonly [number, number]): readonly [number, number] {
  return typeof width === "number" ? [width, width] : width;
}

/** As much as keeps ⌈n / stride⌉ windows; an odd element goes to the end. */
function samePadding({ extent, size, stride, dilation }: Walk): readonly [Dim, Dim] {
  const span = spanOf(size, dilation);
  if (typeof span !== "number") throw windowSize(extent, size, stride, dilation);
  if (typeof extent !== "number" && stride !== 1) throw windowSize(extent, size, stride, dilation);
  const reach = typeof extent === "number" ? (Math.ceil(extent / stride) - 1) * stride - extent : -1;
  const total = Math.max(0, reach + span);
  return [Math.floor(total / 2), minus(total, Math.floor(total / 2))];
}
