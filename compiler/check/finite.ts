/// Where a formula stops being finite: what to say of a loss that is NaN at every point.
import { placeText, type Place } from "../../ir/diagnostic.ts";
import { evaluateValues } from "../../ir/evaluate.ts";
import type { Graph } from "../../ir/graph.ts";
import { printValue } from "../../ir/print.ts";
import { postorder, type Value } from "../../ir/value.ts";
import type { LeafData } from "./data.ts";

/** A value that is ∞ or NaN although what it is computed from is neither. */
export interface NotFinite {
  /** The formula, in the names of the model. */
  readonly formula: string;
  /** An entry of it. */
  readonly number: number;
  readonly place?: Place | undefined;
}

/** Walks from a root back to where ∞ or NaN comes from; undefined where the root is finite. */
export function originOfNotFinite(
  root: Value,
  feeds: LeafData,
  sizes: Readonly<Record<string, number>>,
  notes: Graph["notes"],
): NotFinite | undefined {
  const data = evaluateValues(postorder([root]), feeds, sizes);
  const oddNumber = (value: Value): number | undefined => data.get(value)!.find((each) => !Number.isFinite(each));
  // What is infinite by itself, as masks are made of, is no mistake.
  const isOdd = (value: Value): boolean => !value.constant && oddNumber(value) !== undefined;
  if (!isOdd(root)) return undefined;
  let origin = root;
  let place = notes.get(root)?.place;
  for (let next: Value | undefined = root; next; next = origin.operands.find(isOdd)) {
    origin = next;
    place = notes.get(next)?.place ?? place;
  }
  const names = new Map(
    [...notes].flatMap(([value, { name }]) => (name === undefined ? [] : [[value, name] as const])),
  );
  return { formula: printValue(origin, names), number: oddNumber(origin)!, place };
}

/** `log(x) is NaN, at model.ts:5:12`. */
export function notFiniteText({ formula, number, place }: NotFinite): string {
  const shown = Number.isNaN(number) ? "NaN" : number > 0 ? "∞" : "-∞";
  return `\`${formula}\` is ${shown}${place ? `, at ${placeText(place)}` : ""}`;
}
