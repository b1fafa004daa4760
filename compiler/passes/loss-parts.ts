/// Sums of what is computed from a product element by element, as losses are, in parts of four columns, which a thread of the
/// product has: its kernel writes those instead of the terms, in a quarter of the numbers.
import { reshapeTo } from "../../ir/ops/layout.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { postorder, underLayouts, type Value } from "../../ir/value.ts";
import { fitsFours, neighbours, throughRenaming } from "../cluster/access.ts";
import { atomsAfter } from "./atoms.ts";
import type { Parts } from "./quad-parts.ts";

/** Shorter rows are not worth another sum. */
const shortestRow = 4 * neighbours;

/** The terms of a sum along rows as threads have them; undefined where they are not made of one product and of leaves. */
export function fourParts(sum: Value): Parts | undefined {
  const [terms] = sum.operands;
  const { shape } = terms.type;
  const last = shape.length - 1;
  const extent = shape[last];
  if (sum.op !== sumOp || axesOf(sum).join() !== `${last}` || typeof extent !== "number") return undefined;
  if (extent < shortestRow || extent % neighbours !== 0) return undefined;
  const product = productUnder(terms);
  if (!product || !isAlongColumns(product)) return undefined;
  return {
    parts: reshapeTo(terms, [...shape.slice(0, last), extent / neighbours, neighbours]),
    inner: [last + 1],
    outer: [last],
  };
}

/** The one product under transposes and reshapes that terms are made of, with leaves. */
function productUnder(terms: Value): Value | undefined {
  const isExpression = ({ op }: Value): boolean => op.kind === "elementwise";
  const found = postorder([terms], isExpression).filter(
    (value) => !isExpression(value) && underLayouts(value).op.kind !== "leaf",
  );
  const [product, ...others] = found;
  return product && others.length === 0 && throughRenaming(product).under.op.kind === "contraction"
    ? product
    : undefined;
}

/** True where the last axis is the innermost of the columns of the product under the layouts. */
function isAlongColumns(value: Value): boolean {
  const { under, layouts } = throughRenaming(value);
  const { shape } = under.type;
  const atoms = atomsAfter(shape, layouts)?.at(-1);
  return fitsFours(under) && atoms?.length === 1 && atoms[0].axis === shape.length - 1 && atoms[0].inner === 1;
}
