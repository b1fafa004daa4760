/// Sums of columns in kernels of rows: a workgroup that takes some neighbouring rows adds up each column of them, as the
/// slopes of a normalisation's scale and shift need it beside that of its operand. A part of every column is written for the
/// rows of a workgroup, instead of all terms.
import { joinIndex } from "../../ir/ops/layout.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, type Shape } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { indexAlgebra, type Index } from "../lower/index.ts";
import { quadRow, type Cluster } from "./partition.ts";

/** Fewer columns leave most threads without one. */
const fewestColumns = 16;

/** Parts of fewer rows are nearly as many numbers as there are terms. */
const fewestRows = 4;

/** A workgroup takes so many rows, each in a quad; or one in each thread, where those are enough. */
const [rowsInQuads, rowsInThreads] = [16, 64];
const enoughThreads = 4096;

/** Fewer workgroups leave a device idle: of rows that are long for a quad, more are needed. */
const [fewestGroups, enoughGroups] = [16, 64];

/** Most workgroups that are counted along one dimension. */
const mostGroups = 65535;

/**
 * How many neighbouring rows a workgroup takes to add up their columns, of rows of the last axes of a space, from `first` on;
 * undefined where that is not worth it.
 */
export function rowsTogether(space: Shape, first: number): number | undefined {
  const [rows, columns] = [space.slice(0, first), space.slice(first)].map(elementCount);
  if (typeof rows !== "number" || typeof columns !== "number" || columns < fewestColumns) return undefined;
  const wanted = rows >= enoughThreads ? rowsInThreads : rowsInQuads;
  let together = wanted;
  while (rows % together !== 0) together /= 2;
  const groups = rows / together;
  const least = columns > quadRow ? enoughGroups : fewestGroups;
  return together >= fewestRows && groups >= least && groups <= mostGroups ? together : undefined;
}

/** The first of the reduced axes where they are the last ones of a space. */
export function firstOfRow({ length }: Shape, axes: readonly number[]): number | undefined {
  const first = length - axes.length;
  return axes.length > 0 && axes.every((axis, at) => axis === first + at) ? first : undefined;
}

/** The shape in which rows lie in groups of so many: the groups, the rows of one, and the columns as they are. */
export function groupedShape(space: Shape, first: number, together: number): Shape {
  return [(elementCount(space.slice(0, first)) as number) / together, together, ...space.slice(first)];
}

/** True for a sum of columns over the rows that a workgroup of a kernel of rows takes. */
export function isColumnSum(value: Value, { kind, space, axes }: Cluster): boolean {
  if (kind !== "reduce" || value.op !== sumOp || value.type.dtype !== "f32" || axesOf(value).join() !== "1")
    return false;
  const first = firstOfRow(space, axes);
  const together = first && rowsTogether(space, first);
  return !!together && groupedShape(space, first, together).join() === value.operands[0].type.shape.join();
}

/** The sums of columns in a kernel of rows. */
export const columnSums = (cluster: Cluster): readonly Value[] =>
  [...cluster.members].filter((member) => isColumnSum(member, cluster));

/** How many rows the workgroups of a kernel take to add up columns; undefined where it adds up none. */
export function rowsOfGroup(cluster: Cluster): number | undefined {
  const [first] = columnSums(cluster);
  return first && (first.operands[0].type.shape[1] as number);
}

/** The index of a term of a sum of columns, from that of the element of the space. */
export function termIndex({ operands: [{ type }] }: Value, { space, index, axes }: Cluster): readonly Index[] {
  const first = space.length - axes.length;
  const row = joinIndex(index.slice(0, first), space.slice(0, first), indexAlgebra);
  const together = type.shape[1];
  return [indexAlgebra.divide(row, together), indexAlgebra.remainder(row, together), ...index.slice(first)];
}
