/// A value of products, computed in the order in which the elements of a view of it lie.
import type { Dim } from "../../ir/dim.ts";
import { contract, contractAttrs, operandAxes, type AxisPair } from "../../ir/ops/contract.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { apply, type Value } from "../../ir/value.ts";
import { firstAxes, isRenaming, withLayouts } from "../cluster/access.ts";
import { describeContraction } from "../lower/contraction-shape.ts";
import { atomsAfter, compareAtoms, type Atom } from "./atoms.ts";
import { turned, turnedBack } from "./turn-products.ts";

/** A value that lies as another does after layouts. */
export interface Moved {
  readonly image: Value;
  readonly layouts: readonly Value[];
}

/**
 * What takes the place of a value and of those that it is made of element by element, where products are computed in the
 * order after transposes and reshapes of it. Undefined where there is no product, where it lies so already, or where it cannot.
 */
export function inOrderOf(value: Value, layouts: readonly Value[]): ReadonlyMap<Value, Moved> | undefined {
  const found = reorder(value, layouts, { known: new Map(), left: mostMoved });
  return found && found.from.size > 0 ? found.from : undefined;
}

/** A value under layouts whose products are computed in the order after them. */
interface Reordered {
  readonly value: Value;
  /** What took whose place; empty where no product is under the value. */
  readonly from: ReadonlyMap<Value, Moved>;
}

/** What was found of values under the very same layouts, and how many more may be looked at. */
interface Search {
  readonly known: Map<readonly Value[], Map<Value, Reordered | undefined>>;
  left: number;
}

/** A search looks at so many pairs of a value and layouts over it, each once, with those that no product is under. */
const mostMoved = 64;

/** Undefined where the order is that one already, or cannot be. */
function reorder(value: Value, layouts: readonly Value[], search: Search): Reordered | undefined {
  const known = search.known.get(layouts) ?? new Map<Value, Reordered | undefined>();
  search.known.set(layouts, known);
  if (!known.has(value)) known.set(value, search.left-- > 0 ? look(value, layouts, search) : undefined);
  return known.get(value);
}

function look(value: Value, layouts: readonly Value[], search: Search): Reordered | undefined {
  if (isRenaming(value)) {
    const under = reorder(value.operands[0], [value, ...layouts], search);
    if (!under || under.from.size === 0) return under && outside(value, layouts);
    return { ...under, from: new Map([...under.from, [value, { image: under.value, layouts }]]) };
  }
  if (value.op.kind === "contraction") {
    const inOrder = reorderProduct(value, layouts);
    return inOrder && { value: inOrder, from: new Map([[value, { image: inOrder, layouts }]]) };
  }
  if (value.op.kind !== "elementwise") return outside(value, layouts);
  const operands = value.operands.map((operand) => reorder(operand, layouts, search));
  if (!operands.every((operand) => operand !== undefined)) return undefined;
  const from = operands.flatMap((operand) => [...operand.from]);
  if (from.length === 0) return outside(value, layouts);
  const inside = operands.map((operand) => operand.value);
  const result = apply(value.op, inside, value.attrs);
  return { value: result, from: new Map([...from, [value, { image: result, layouts }]]) };
}

function outside(value: Value, layouts: readonly Value[]): Reordered {
  const number = constantValue(value);
  const { dtype, shape } = (layouts.at(-1) ?? value).type;
  const seen = number === undefined ? withLayouts(value, layouts) : constant(number, dtype, shape);
  return { value: seen, from: new Map() };
}

/** The product with its columns, or its rows, in the order after the layouts, and as it lies after them. */
function reorderProduct(product: Value, layouts: readonly Value[]): Value | undefined {
  const { shape } = product.type;
  const after = atomsAfter(shape, layouts);
  const last = after?.at(-1) ?? [];
  if (!after || last.length === 0) return undefined;
  const [firstRow, firstColumn] = firstAxes(product);
  if (last.every(({ axis }) => axis >= firstColumn)) return withLast(product, firstColumn, after, layouts);
  const isOfRows = last.every(({ axis }) => axis >= firstRow && axis < firstColumn);
  if (!isOfRows || contractAttrs(product).picks) return undefined;
  const other = turned(product);
  return reorderProduct(other, [turnedBack(other, product), ...layouts]);
}

/** The product whose columns are in order but for the last axis, which comes last. */
function withLast(
  product: Value,
  firstColumn: number,
  after: readonly (readonly Atom[])[],
  layouts: readonly Value[],
): Value | undefined {
  const [others, last] = [after.slice(0, -1).flat(), after.at(-1)!];
  const columns = [...others.filter(({ axis }) => axis >= firstColumn), ...last];
  const size = last.reduce((count, { extent }) => count * extent, 1);
  const isSorted = columns.every((atom, at) => at === 0 || compareAtoms(columns[at - 1], atom) < 0);
  if (isSorted && product.type.shape.at(-1) === size) return undefined;
  const inOrder = withColumns(product, firstColumn, columns, last.length);
  const isScattered = (each: Value): boolean => describeContraction(each).modes[1] === "none";
  if (isScattered(inOrder) && !isScattered(product)) return undefined;
  // The product's axes in parts, as it lies now, and from there to where they are after the layouts.
  const rows = others.filter(({ axis }) => axis < firstColumn).toSorted(compareAtoms);
  const lying = [...rows, ...columns.slice(0, -last.length)];
  const parts = reshapeTo(inOrder, [...lying.map(({ extent }) => extent), size]);
  const moved = transpose(parts, [...others.map((atom) => lying.indexOf(atom)), lying.length]);
  return reshapeTo(moved, (layouts.at(-1) ?? product).type.shape);
}

/** The product of the right operand with its own axes in this order, of which the last ones are put together. */
function withColumns(product: Value, firstColumn: number, columns: readonly Atom[], together: number): Value {
  const [left, right] = product.operands;
  const { batch, contracted, ...others } = contractAttrs(product);
  const { shape } = right.type;
  const { free } = operandAxes({ batch, contracted }, 1, shape.length);
  const kept = shape.map((_, axis) => axis).filter((axis) => !free.includes(axis));
  // Each axis of the operand as its parts; what is not the operand's own stays whole.
  const lying = shape.flatMap((extent, axis): readonly Part[] => {
    const own = columns.filter((atom) => atom.axis === firstColumn + free.indexOf(axis) && free.includes(axis));
    return free.includes(axis) ? own.toSorted(compareAtoms) : [{ kept: axis, extent }];
  });
  const parts = reshapeTo(
    right,
    lying.map(({ extent }) => extent),
  );
  const places = [
    ...kept.map((axis) => lying.findIndex((part) => "kept" in part && part.kept === axis)),
    ...columns.map((atom) => lying.indexOf(atom)),
  ];
  const moved = transpose(parts, places);
  const size = columns.slice(-together).reduce((count, { extent }) => count * extent, 1);
  const ordered = reshapeTo(moved, [...moved.type.shape.slice(0, -together), size]);
  const placed = (pairs: readonly AxisPair[]): readonly AxisPair[] => pairs.map(([a, b]) => [a, kept.indexOf(b)]);
  return contract(left, ordered, { ...others, batch: placed(batch), contracted: placed(contracted) });
}

/** A part of an axis that is moved, or an axis that stays. */
type Part = Atom | { readonly kept: number; readonly extent: Dim };
