/// Sums of a product in parts of sixteen columns, which the four threads of a quad have at hand: the product's kernel adds
/// them up, and nothing reads its result again for means and variances. Of a convolution of images these are the moments of
/// a channel, in a sixteenth of the numbers for each.
import type { Dim } from "../../ir/dim.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { axesOf, broadcastOp } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { firstAxes, fitsQuads, isRenaming, neighbours, quadNeighbours } from "../cluster/access.ts";
import { describeContraction } from "../lower/contraction-shape.ts";
import { atomsAfter, compareAtoms } from "./atoms.ts";

/** The terms of a sum in parts: what is summed, along which axes for a part, and along which of what is left for all. */
export interface Parts {
  readonly parts: Value;
  readonly inner: readonly number[];
  readonly outer: readonly number[];
}

/** The terms of a sum as quads have them; undefined where they are not made of a product alone, or lie otherwise. */
export function quadParts(sum: Value): Parts | undefined {
  const [terms] = sum.operands;
  const found = productUnder(terms, []);
  if (!found || !fitsQuads(found.product) || describeContraction(found.product).tile.columns > neighbours)
    return undefined;
  const { shape } = terms.type;
  const run = summedColumns(sum, found);
  const count = elementCount(run.map((axis) => shape[axis]));
  if (typeof count !== "number" || count < quadNeighbours || count % quadNeighbours !== 0) return undefined;
  const others = shape.map((_, axis) => axis).filter((axis) => !run.includes(axis));
  const turned = transpose(terms, [...others, ...run]);
  const quads: readonly Dim[] = [...others.map((axis) => shape[axis]), count / quadNeighbours];
  const summed = axesOf(sum);
  return {
    parts: reshapeTo(turned, [...quads, quadNeighbours]),
    inner: [quads.length],
    outer: [...others.flatMap((axis, at) => (summed.includes(axis) ? [at] : [])), others.length],
  };
}

/** A product, and the layouts from it to what is made of it, the innermost first. */
interface Found {
  readonly product: Value;
  readonly layouts: readonly Value[];
}

/** So deep is looked for a product. */
const deepest = 16;

/** The product that a value is made of element by element, with numbers that are the same for many elements. */
function productUnder(value: Value, layouts: readonly Value[], left = deepest): Found | undefined {
  if (left === 0) return undefined;
  if (value.op.kind === "contraction") return { product: value, layouts };
  if (isRenaming(value)) return productUnder(value.operands[0], [value, ...layouts], left - 1);
  if (value.op.kind !== "elementwise") return undefined;
  const [first, ...others] = new Set(value.operands.filter(({ op, constant }) => !constant && op !== broadcastOp));
  return first && others.length === 0 ? productUnder(first, layouts, left - 1) : undefined;
}

/** The innermost columns of the product as axes of the sum's terms, as far as they are summed. */
function summedColumns(sum: Value, { product, layouts }: Found): readonly number[] {
  const [, firstColumn] = firstAxes(product);
  const atoms = atomsAfter(product.type.shape, layouts);
  if (!atoms || atoms.some((parts) => parts.length > 1)) return [];
  const columns = atoms
    .flatMap(([atom], axis) => (atom && atom.axis >= firstColumn ? [{ atom, axis }] : []))
    .toSorted((a, b) => compareAtoms(b.atom, a.atom));
  const end = columns.findIndex(({ axis }) => !axesOf(sum).includes(axis));
  return (end < 0 ? columns : columns.slice(0, end)).map(({ axis }) => axis).toReversed();
}
