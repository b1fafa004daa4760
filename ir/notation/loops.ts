/// Which of its results a loop's value is, in words: `final h` and `every h` of a carry, `every next` of what is kept.
import { scanBody, scanResult } from "../ops/scan.ts";
import type { Value } from "../value.ts";

/** A result in words: the last value of a carry, a value at every place, or an output by its number. */
export interface ShownResult {
  readonly word: "final" | "every" | "output";
  /** What the value is called in the body; undefined where a number says which it is. */
  readonly inner?: string;
  /** The number of an output, from 1. */
  readonly place?: number;
}

/**
 * The result that a loop's value is. `every h` of a carry is what it was before each step; an output that is a carry, has
 * no name, or comes twice has a number, so that the words mean one result.
 */
export function shownResult(value: Value, nameOf: (inner: Value) => string | undefined): ShownResult {
  const { carries, outputs } = scanBody(value.attrs);
  const { tag, index } = scanResult(value.attrs);
  if (tag !== "output") {
    const inner = nameOf(carries[index]) ?? `carry${index + 1}`;
    return { word: tag === "carry" ? "final" : "every", inner };
  }
  const output = outputs[index];
  const inner = nameOf(output);
  const isOne = !carries.includes(output) && outputs.indexOf(output) === outputs.lastIndexOf(output);
  return inner !== undefined && isOne ? { word: "every", inner } : { word: "output", place: index + 1 };
}

/** The number of the result that words mean, as `scanResult` counts; undefined where there is none. */
export function resultNumber(
  { carries, outputs }: { readonly carries: readonly Value[]; readonly outputs: readonly Value[] },
  word: string,
  inner: Value | number | undefined,
): number | undefined {
  const at = (position: number, first: number): number | undefined => (position < 0 ? undefined : first + position);
  if (typeof inner === "number") {
    return word === "output" && inner >= 1 && inner <= outputs.length ? carries.length + inner - 1 : undefined;
  }
  if (inner === undefined || word === "output") return undefined;
  if (word === "final") return at(carries.indexOf(inner), 0);
  return at(carries.indexOf(inner), carries.length + outputs.length) ?? at(outputs.indexOf(inner), carries.length);
}
