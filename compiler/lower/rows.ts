/// How the rows of a tensor are shared between threads: so many rows a workgroup, so many lanes a row.
import { isMultipleOf, type Dim } from "../../ir/dim.ts";
import { splitIndex } from "../../ir/ops/layout.ts";
import { keptAxes } from "../../ir/ops/sum.ts";
import { elementCount, type Shape } from "../../ir/type.ts";
import { extentText, lastText } from "../wgsl/expression.ts";
import type { Arrangement } from "./accumulate.ts";
import type { Emitter } from "./emitter.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "./index.ts";
import { foldGrid, powerOfTwo } from "./kernel.ts";

/** Threads of a workgroup that several kernels share. */
export const sharedThreads = 64;

/** Rows of at most so many elements are nothing for one thread, where others work beside it. */
const shortRow = 256;

/** True for rows that threads may take alone. */
export function isShort(length: Dim): boolean {
  return typeof length === "number" && length <= shortRow;
}

/** Rows of at most so many elements are a thread's: to wait for others takes longer. */
const shortestShared = 32;

/** Rows get more lanes until there are so many threads: fewer lanes have less to exchange. */
const enoughThreads = 4096;

/** A thread a row, for short rows in a workgroup that goes without barriers. */
export function rowPerThread(rowCount: Dim): Arrangement {
  return { rows: powerOfTwo(rowCount, sharedThreads), lanes: 1, alongRow: false, width: 1 };
}

/**
 * 64 threads; 256 for a single long row. Lengths that are not bound yet count as large. Where lanes need not go element by
 * element, they take four at a time along a row.
 */
export function arrange(
  rowCount: Dim,
  length: Dim,
  alongRow: boolean,
  { mostThreads = 256, vectors = false }: { readonly mostThreads?: number; readonly vectors?: boolean } = {},
): Arrangement {
  const width = vectors && alongRow && typeof length === "number" && length % 4 === 0 ? 4 : 1;
  const places = typeof length === "number" ? length / width : length;
  if (rowCount === 1) return { rows: 1, lanes: powerOfTwo(places, mostThreads), alongRow, width };
  if (typeof length === "number" && length <= shortestShared) return rowPerThread(rowCount);
  const wanted = typeof rowCount === "number" ? powerOfTwo(Math.ceil(enoughThreads / rowCount), 64) : 64;
  // Neighbours that read along different rows read neighbours when there are 16 of them.
  const most = alongRow ? wanted : Math.min(wanted, 64 / powerOfTwo(rowCount, 16));
  const lanes = powerOfTwo(places, most);
  return { rows: Math.min(64 / lanes, powerOfTwo(rowCount, 64)), lanes, alongRow, width };
}

/** Rows along axes of a space. */
export interface Rows {
  readonly rowCount: Dim;
  readonly length: Dim;
  /** The index of the element of `row` at the position that a variable of the kernel holds. */
  at(position: string): readonly Index[];
}

/** The rows of a space along some of its axes; `row` is the variable that counts them. */
export function rowsOf(space: Shape, axes: readonly number[]): Rows {
  const kept = keptAxes(space.length, axes);
  const keptShape = kept.map((axis) => space[axis]);
  const alongShape = axes.map((axis) => space[axis]);
  const rowCount = elementCount(keptShape);
  const length = elementCount(alongShape);
  const rowIndex = splitIndex(variableIndex("row", rowCount), keptShape, indexAlgebra);
  return {
    rowCount,
    length,
    at(position) {
      const place = length === 1 ? constantIndex(0) : variableIndex(position, length);
      const along = splitIndex(place, alongShape, indexAlgebra);
      return space.map((_, axis) => (axes.includes(axis) ? along[axes.indexOf(axis)] : rowIndex[kept.indexOf(axis)]));
    },
  };
}

/** True when every thread has a row of its own to write. */
export function isWhole(rowCount: Dim, rows: number): boolean {
  return rowCount === 1 || (isMultipleOf(rowCount, rows) && foldGrid(rowCount, rows).group === "group.x");
}

/** Declares `lane` and `row`, and `inside` where rows may be missing. */
export function writeHead(arrangement: Arrangement, rowCount: Dim, emitter: Emitter): void {
  const { rows, lanes, alongRow } = arrangement;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const slot = rows === 1 ? "" : alongRow ? (lanes === 1 ? "local.x" : `local.x / ${lanes}u`) : `local.x % ${rows}u`;
  const lane = rows === 1 ? "local.x" : alongRow ? `local.x % ${lanes}u` : `local.x / ${rows}u`;
  if (lanes > 1) line(`let lane = ${lane};`);
  if (rowCount === 1) return;
  const { group } = foldGrid(rowCount, rows);
  const row = rows === 1 ? group : `${group} * ${rows}u + ${slot}`;
  if (isWhole(rowCount, rows)) return line(`let row = ${row};`);
  // Every thread takes part in the barriers; those past the end repeat the last row and store nothing.
  line(`let inside = ${row} < ${extentText(rowCount)};`);
  line(`let row = min(${row}, ${lastText(rowCount)});`);
}
