/// The kernel of rows that a sum of columns joins.
import { underLayouts, type Value } from "../../ir/value.ts";
import { isColumnSum, termIndex } from "./columns.ts";
import type { Draft, Growth } from "./growth.ts";
import { rowParts } from "./row-parts.ts";
import { isCanonical } from "./within.ts";

/**
 * The kernel of rows whose workgroups take the rows of which the value adds up columns: the one that computes the terms, or
 * that reads some of what they are made of, and so may compute them again.
 */
export function findRows(value: Value, growth: Growth): Draft | undefined {
  const [operand] = value.operands;
  const terms = underLayouts(operand);
  const own = growth.home.get(terms);
  const read = [...growth.inputsOf(value), ...growth.inputsOf(terms)].filter(({ constant }) => !constant);
  return [...(own ? [own] : []), ...growth.beside(read)].find(
    (each) =>
      isColumnSum(value, each) &&
      rowParts(each) === 1 &&
      growth.admits(each, value) &&
      (isCanonical({ value: operand, index: termIndex(value, each) }, each, growth.home) ||
        growth.refuse(value, each, "places")),
  );
}
