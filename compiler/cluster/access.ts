/// How one value reads another: through layouts, at which index. Decides whether two values can share a kernel.
import { isMultipleOf } from "../../ir/dim.ts";
import { contractAttrs, operandAxes } from "../../ir/ops/contract.ts";
import { batchAxes } from "../../ir/ops/gather.ts";
import { reshapeOp, transposeOp } from "../../ir/ops/layout.ts";
import { argmaxOp, argminOp } from "../../ir/ops/reduce.ts";
import { axesOf } from "../../ir/ops/sum.ts";
import { elementCount, sameShape, type Shape } from "../../ir/type.ts";
import { withOperands, type LayoutOp, type Value } from "../../ir/value.ts";
import { conditionAlgebra } from "../lower/condition.ts";
import { indexAlgebra, indexKey, variableIndex, type Index } from "../lower/index.ts";

/** A computed value (or leaf) that another reads, and the index at which it does. */
export interface Access {
  readonly value: Value;
  readonly index: readonly Index[];
}

/** Elements along the last axis of a product that one thread has. */
export const neighbours = 4;

/** Elements along the columns of a product that the four threads of a quad have side by side. */
export const quadNeighbours = 16;

/** Where the rows and the columns of a product begin among the axes of its result; it may have none of them. */
export function firstAxes(product: Value): readonly [number, number] {
  const right = product.operands[1].type.shape.length;
  const { batch, free } = operandAxes(contractAttrs(product), 1, right);
  return [batch.length, product.type.shape.length - free.length];
}

/** Products of as many rows and columns may be taken in squares on cards, whose threads have other columns than quads. */
export const leastSquareSide = 128;

/** True for a product whose columns come in sixteens, and which has rows enough for quads to share them. */
export function fitsQuads(product: Value): boolean {
  const { shape } = product.type;
  const [firstRow, firstColumn] = firstAxes(product);
  const [rows, columns] = [shape.slice(firstRow, firstColumn), shape.slice(firstColumn)].map(elementCount);
  if (typeof rows !== "number" || typeof columns !== "number" || contractAttrs(product).picks === true) return false;
  return rows >= neighbours && rows < leastSquareSide && columns % quadNeighbours === 0 && hasManyResults(shape);
}

/** True for a product whose columns come in fours, of which each thread has some. */
export function fitsFours(product: Value): boolean {
  const { shape } = product.type;
  const columns = elementCount(shape.slice(firstAxes(product)[1]));
  return isMultipleOf(columns, neighbours) && contractAttrs(product).picks !== true && hasManyResults(shape);
}

/** Fewer results take no time in any form. */
const manyResults = 1024;

/** True for a result that is worth another form of what computes it; one of a free size is not known to be. */
export function hasManyResults(shape: Shape): boolean {
  const count = elementCount(shape);
  return typeof count === "number" && count >= manyResults;
}

/** The index variables of an iteration space. */
export function spaceIndex(shape: Shape): readonly Index[] {
  return shape.map((extent, axis) => (extent === 1 ? indexAlgebra.constant(0) : variableIndex(`i${axis}`, extent)));
}

/** What lies under the layout ops that end in `value`, and the index there for an index of `value`. */
export function throughLayouts(value: Value, index: readonly Index[]): Access {
  let access: Access = { value, index };
  while (access.value.op.kind === "layout") {
    const { op, operands, type, attrs } = access.value;
    const [operand] = operands;
    access = { value: operand, index: op.source(access.index, operand.type.shape, type.shape, attrs, indexAlgebra) };
  }
  return access;
}

/** True for the shape of what a reduction along axes leaves of a space, axes of extent 1 aside. */
export function isRow(shape: Shape, space: Shape, axes: readonly number[]): boolean {
  let left = 0;
  for (let axis = 0; axis < space.length; axis++) {
    if (space[axis] === 1 || axes.includes(axis)) continue;
    while (shape[left] === 1) left++;
    if (shape[left++] !== space[axis]) return false;
  }
  return shape.every((extent, axis) => axis < left || extent === 1);
}

/** True where the elements along axes lie side by side: they are the last ones, axes of extent 1 aside. */
export function isAlongLast(axes: readonly number[], shape: Shape): boolean {
  const kept = shape.findLastIndex((extent, axis) => extent !== 1 && !axes.includes(axis));
  return axes.every((axis) => axis > kept || shape[axis] === 1);
}

/** True for a layout that gives every element another index, and leaves none out. */
export function isRenaming({ op }: Value): boolean {
  return op === transposeOp || op === reshapeOp;
}

/** What lies under transposes and reshapes, and these, the innermost first. */
export function throughRenaming(value: Value): { readonly under: Value; readonly layouts: readonly Value[] } {
  const layouts: Value[] = [];
  let under = value;
  for (; isRenaming(under); [under] = under.operands) layouts.unshift(under);
  return { under, layouts };
}

/** A value under layouts like these, the innermost first. */
export const withLayouts = (value: Value, layouts: readonly Value[]): Value =>
  layouts.reduce((under, layout) => withOperands(layout, [under]), value);

/** The layouts that undo others, the innermost first, over a value that lies as after these: what renames is orthogonal. */
export function undoing(value: Value, layouts: readonly Value[]): readonly Value[] {
  let back = value;
  return layouts.toReversed().map((layout) => {
    back = (layout.op as LayoutOp).transpose({ ...layout, result: layout }, back);
    return back;
  });
}

/** The index of an element after layouts that only rename, from its index before them. */
export function afterLayouts(index: readonly Index[], layouts: readonly Value[]): readonly Index[] {
  return layouts.reduce((at, { op, operands: [operand], type, attrs }) => {
    if (op === transposeOp) return (attrs.permutation as readonly number[]).map((axis) => at[axis]);
    // A reshape is undone by the reshape back.
    return reshapeOp.source(at, type.shape, operand.type.shape, attrs, indexAlgebra);
  }, index);
}

/** What a computed value reads for its element at an index: each operand, and the index there. */
export function readsOf(value: Value, index: readonly Index[]): readonly Access[] {
  const { op, operands, attrs } = value;
  switch (op.kind) {
    case "piecewise": {
      const shapes = operands.map((operand) => operand.type.shape);
      const pieces = op.pieces(index, shapes, attrs, conditionAlgebra);
      return pieces.map((piece) => ({ value: operands[piece.operand], index: piece.index }));
    }
    case "gather": {
      const [operand, indices] = operands;
      const { at, inner } = gatherIndex(value, index, variableIndex("data", operand.type.shape[batchAxes(attrs)]));
      return [
        { value: operand, index: at },
        { value: indices, index: inner },
      ];
    }
    default:
      return operands.map((operand) => ({ value: operand, index }));
  }
}

/** The indices of a gather: into what is read, with `position` on the axis that data decides, and into the positions. */
export function gatherIndex(
  { operands: [, indices], attrs }: Value,
  index: readonly Index[],
  position: Index,
): { readonly at: readonly Index[]; readonly inner: readonly Index[] } {
  const batch = batchAxes(attrs);
  const rank = indices.type.shape.length;
  return { at: [...index.slice(0, batch), position, ...index.slice(rank)], inner: index.slice(0, rank) };
}

/** True for the extreme of each row of data: its element at the place where the row has its largest, or its least. */
export function isExtreme(value: Value): boolean {
  return isAtExtreme(value) && value.operands[1].operands[0] === value.operands[0];
}

/** True for an element of each row of data at the place where a row of the same shape has its largest, or its least. */
export function isAtExtreme({ op, operands: [data, place], attrs }: Value): boolean {
  if (op.kind !== "gather" || (place.op !== argmaxOp && place.op !== argminOp)) return false;
  const last = data.type.shape.length - 1;
  const isOfRows = axesOf(place).join() === `${last}` && batchAxes(attrs) === last;
  return isOfRows && sameShape(place.operands[0].type.shape, data.type.shape);
}

/** True when two indices are the same element for every value of their variables. */
export function sameIndex(a: readonly Index[], b: readonly Index[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((part, axis) => part === b[axis] || indexKey(part) === indexKey(b[axis]));
}
