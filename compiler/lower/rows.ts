/// How the rows of a tensor are shared between threads: so many rows a workgroup, so many lanes a row.
import { isMultipleOf, type Dim } from "../../ir/dim.ts";
import { splitIndex } from "../../ir/ops/layout.ts";
import { keptAxes } from "../../ir/ops/sum.ts";
import { elementCount, type Shape } from "../../ir/type.ts";
import { quadRow, shortRow } from "../cluster/partition.ts";
import { extentText, lastText, primary } from "../wgsl/expression.ts";
import type { Arrangement } from "./accumulate.ts";
import type { Emitter } from "./emitter.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "./index.ts";
import { foldGrid, powerOfTwo } from "./kernel.ts";

/** Threads of a workgroup that several kernels share. */
export const sharedThreads = 64;

/** True for rows that threads take without waiting for others: alone, or four of a quad, who read a single row by fours. */
export function needsNoBarrier({ rowCount, length }: Pick<Rows, "rowCount" | "length">): boolean {
  const isInFours = rowCount === 1 && isMultipleOf(length, 4);
  return typeof length === "number" && length <= (isInFours ? 4 : 1) * quadRow;
}

/** Rows of at most so many elements are a thread's: to wait for others takes longer. */
const shortestShared = 32;

/** Rows get more lanes until there are so many threads: fewer lanes have less to exchange. */
const enoughThreads = 4096;

const wholeRows = { parts: 1, lane: "lane" } as const;

/** A thread a row, or four rows, for short rows in a workgroup that goes without barriers. */
function rowPerThread(rowCount: Dim, width: Arrangement["width"], tall: Arrangement["tall"]): Arrangement {
  return {
    ...wholeRows,
    rows: powerOfTwo(unitsOf(rowCount, tall), sharedThreads),
    lanes: 1,
    alongRow: false,
    width,
    tall,
  };
}

/** A quad a row, in a workgroup that goes without barriers: where threads have no quads, they take their place, so all are there. */
function rowPerQuad(width: Arrangement["width"], tall: Arrangement["tall"]): Arrangement {
  return { ...wholeRows, rows: sharedThreads / 4, lanes: 4, alongRow: true, width, tall };
}

/** So many rows in a workgroup of kernels with and without barriers, which has a lane or several for each. */
export function rowsInGroup(length: Dim, rows: number): Arrangement {
  const width = typeof length === "number" && length % 4 === 0 ? 4 : 1;
  return { ...wholeRows, rows, lanes: sharedThreads / rows, alongRow: true, width, tall: 1 };
}

/** How many times threads have rows to take. */
export function unitsOf(rowCount: Dim, tall: Arrangement["tall"]): Dim {
  return tall === 1 ? rowCount : (rowCount as number) / tall;
}

/**
 * 64 threads; 256 for a single long row. Lengths that are not bound yet count as large. Where lanes need not go element by
 * element, they take four at a time along a row, or of four rows that lie side by side.
 */
export function arrange(
  rowCount: Dim,
  length: Dim,
  alongRow: boolean,
  { mostThreads = 256, vectors = false, tall = 1, apart = false }: ArrangeOptions = {},
): Arrangement {
  const units = unitsOf(rowCount, tall);
  const width = vectors && alongRow && typeof length === "number" && length % 4 === 0 ? 4 : 1;
  const places = typeof length === "number" ? length / width : length;
  if (apart && typeof length === "number" && length > shortRow) return rowPerQuad(width, tall);
  // A single thread is not waited for: its text is shorter one by one.
  if (apart) return rowPerThread(rowCount, rowCount === 1 ? 1 : width, tall);
  if (rowCount === 1) return { ...wholeRows, rows: 1, lanes: powerOfTwo(places, mostThreads), alongRow, width, tall };
  if (typeof length === "number" && length <= shortestShared) return rowPerThread(rowCount, width, tall);
  const wanted = typeof units === "number" ? powerOfTwo(Math.ceil(enoughThreads / units), 64) : 64;
  // Neighbours that read along different rows read neighbours when there are 16 of them.
  const most = alongRow ? wanted : Math.min(wanted, 64 / powerOfTwo(units, 16));
  const lanes = powerOfTwo(places, most);
  // Four lanes are a quad, which needs no memory to add up.
  const isQuad = lanes > 1 && lanes <= 4;
  const rows = Math.min(64 / lanes, powerOfTwo(units, 64));
  return { ...wholeRows, rows, lanes, alongRow: alongRow || isQuad, width, tall };
}

/** Threads of rows of which so many parts are also taken by themselves: each has lanes of its own. */
export function arrangeParts(rowCount: Dim, length: number, parts: number): Arrangement {
  const [part, groups] = [length / parts, powerOfTwo(parts, sharedThreads)];
  const width = part % 4 === 0 ? 4 : 1;
  const wanted =
    typeof rowCount === "number" ? powerOfTwo(Math.ceil(enoughThreads / rowCount), sharedThreads) : sharedThreads;
  const lanes = groups * powerOfTwo(part / width, Math.max(1, wanted / groups));
  const rows = powerOfTwo(rowCount, sharedThreads / lanes);
  return { rows, lanes, alongRow: true, width, tall: 1, parts, lane: "lane" };
}

/** How the lanes of a part are arranged: as those of a row, of which there are so many more. */
export function arrangementOfPart(arrangement: Arrangement): Arrangement {
  const { rows, lanes, parts } = arrangement;
  if (parts === 1) return arrangement;
  const groups = powerOfTwo(parts, sharedThreads);
  return { ...arrangement, rows: rows * groups, lanes: lanes / groups, parts: 1, lane: "part_lane" };
}

/** True where every lane is one of a part. */
export const isInParts = ({ parts }: Arrangement): boolean => powerOfTwo(parts, sharedThreads) === parts;

/** What lanes may do. */
export interface ArrangeOptions {
  readonly mostThreads?: number;
  /** Lanes along a row take four elements at a time. */
  readonly vectors?: boolean;
  readonly tall?: Arrangement["tall"];
  /** Lanes must not share rows. */
  readonly apart?: boolean;
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
export function isWhole(rowCount: Dim, { rows, tall }: Arrangement): boolean {
  const units = unitsOf(rowCount, tall);
  return isMultipleOf(units, rows) && foldGrid(units, rows).group === "group.x";
}

/** Declares `lane` and `row`, `inside` where rows may be missing, and `part` where rows are taken in parts. */
export function writeHead(arrangement: Arrangement, rowCount: Dim, emitter: Emitter): void {
  writeRow(arrangement, rowCount, emitter);
  if (arrangement.parts === 1) return;
  const { lanes } = arrangementOfPart(arrangement);
  emitter.push({ tag: "line", text: lanes === 1 ? "let part = lane;" : `let part = lane / ${lanes}u;` });
  if (lanes > 1) emitter.push({ tag: "line", text: `let part_lane = lane % ${lanes}u;` });
}

function writeRow(arrangement: Arrangement, rowCount: Dim, emitter: Emitter): void {
  const { rows, lanes, alongRow, tall } = arrangement;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const slot = rows === 1 ? "" : lanes === 1 ? "local.x" : alongRow ? `local.x / ${lanes}u` : `local.x % ${rows}u`;
  const lane = rows === 1 ? "local.x" : alongRow ? `local.x % ${lanes}u` : `local.x / ${rows}u`;
  if (lanes > 1) line(`let lane = ${lane};`);
  if (rowCount === 1) return rows === 1 ? undefined : line(`let inside = ${slot} == 0u;`);
  const units = unitsOf(rowCount, tall);
  const { group } = foldGrid(units, rows);
  const unit = rows === 1 ? group : `${group} * ${rows}u + ${slot}`;
  const first = (text: string): string => (tall === 1 ? text : `${primary(text)} * ${tall}u`);
  if (isWhole(rowCount, arrangement)) return line(`let row = ${first(unit)};`);
  // Every thread takes part in the barriers; those past the end repeat the last row and store nothing.
  line(`let inside = ${unit} < ${extentText(units)};`);
  line(`let row = ${first(`min(${unit}, ${lastText(units)})`)};`);
}
