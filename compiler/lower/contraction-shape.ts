/// What the text of a contraction depends on: extents, tile, and how each operand is best read.
import { isMultipleOf, type Dim } from "../../ir/dim.ts";
import { contractAttrs, operandAxes, type OperandAxes } from "../../ir/ops/contract.ts";
import { remembering } from "../../ir/intern.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { equal } from "../../ir/ops/compare.ts";
import { joinIndex, splitIndex } from "../../ir/ops/layout.ts";
import { constantValue, iotaOp } from "../../ir/ops/leaf.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { throughLayouts, type Access } from "../cluster/access.ts";
import { lineLength } from "./contraction/arrange.ts";
import {
  mostBeyond,
  placedTileOf,
  squaresOf,
  squareTile,
  tileColumns,
  tileCounts,
  tileOf,
  type SquareEdge,
  type Tile,
} from "./contraction/tile.ts";
import { indexAlgebra, indexKey, laneAccess, mentions, variableIndex, type Index } from "./index.ts";

/** Along which variable an operand is read four at a time; `none` reads single elements. */
export type Vectorised = "k" | "edge" | "none";

/** The extents of a contraction, and which axes make them up. */
export interface ContractionExtents {
  readonly root: Value;
  /** How the axes of the left and of the right operand take part. */
  readonly axes: readonly [OperandAxes, OperandAxes];
  readonly batch: readonly Dim[];
  readonly left: readonly Dim[];
  readonly right: readonly Dim[];
  readonly contracted: readonly Dim[];
  readonly batchCount: Dim;
  readonly rowCount: Dim;
  readonly columnCount: Dim;
  readonly length: Dim;
}

/** Everything about a contraction that its text depends on. */
export interface ContractionShape extends ContractionExtents {
  readonly tile: Tile;
  /** How the left and the right operand are read. */
  readonly modes: readonly [Vectorised, Vectorised];
  /** Rows, and columns, from one block of four of a thread to its next one; 4 where absent. */
  readonly blockStride?: number;
  /** The left operand is 0 or 1: what it multiplies is added up or not, whatever it is. */
  readonly picks: boolean;
  /** Where a term is picked by the row that has its number: these numbers, one for each element of the left operand. */
  readonly places?: Value | undefined;
  /** Workgroups cover batch, rows and columns, and fours of columns the columns, without any beyond. */
  readonly wholeBatch: boolean;
  readonly wholeRows: boolean;
  readonly wholeColumns: boolean;
  readonly wholeFours: boolean;
}

/**
 * The extents and the tile of a contraction; `threads` is the size of its workgroups where others share them. With `inQuads`
 * the four lanes of a quad have sixteen columns of the same rows.
 */
export function describeContraction(root: Value, threads?: number, inQuads = false): ContractionShape {
  return threads === undefined && !inQuads ? describedAlone(root) : describe(root, threads, inQuads);
}

/** The one with workgroups of its own: many passes ask for it. */
const describedAlone = remembering((root: Value): ContractionShape => describe(root));

function describe(root: Value, threads?: number, inQuads = false): ContractionShape {
  const extents = extentsOf(root);
  const right = vectorise(extents, 1, isMultipleOf(extents.columnCount, 4));
  const places = placesOf(extents);
  if (places) return { ...withTile(extents, right, placedTileOf({ ...extents, threads })), places };
  return withTile(extents, right, tileOf({ ...extents, scattered: right === "none", threads, inQuads }));
}

/** The same with a tile that is given. */
export function describeTiled(root: Value, tile: Tile): ContractionShape {
  const extents = extentsOf(root);
  return withTile(extents, vectorise(extents, 1, isMultipleOf(extents.columnCount, 4)), tile);
}

/** The same where a workgroup takes a square: each thread has blocks of four of it, as far apart as all threads reach. */
export function describeSquare(root: Value, edge: SquareEdge): ContractionShape {
  return { ...describeTiled(root, squareTile(edge)), blockStride: 64 };
}

/** The squares that a contraction may be taken in, the largest first. */
export function contractionSquares(root: Value): readonly SquareEdge[] {
  return contractAttrs(root).picks === true ? [] : squaresOf(extentsOf(root));
}

/** True for a product with few columns, of which fours reach too far beyond: the other way round they fit. */
export function hasFewColumns(root: Value): boolean {
  const { rowCount, columnCount } = extentsOf(root);
  if (typeof rowCount !== "number" || typeof columnCount !== "number" || columnCount >= rowCount) return false;
  return Math.ceil(columnCount / tileColumns) * tileColumns > mostBeyond * columnCount;
}

function withTile(extents: ContractionExtents, right: Vectorised, tile: Tile): ContractionShape {
  const { root, rowCount, columnCount } = extents;
  const left = vectorise(extents, 0, isMultipleOf(rowCount, 4) && tile.rows % 4 === 0);
  return {
    ...{ ...extents, tile, modes: [left, right] },
    picks: contractAttrs(root).picks === true,
    ...wholeIn(extents, tile),
    wholeFours: isMultipleOf(columnCount, 4),
  };
}

/** Which extents threads cover without any beyond. */
function wholeIn(extents: ContractionExtents, tile: Tile) {
  const { batchCount, rowCount, columnCount } = extents;
  const { rows, columns, across, down, deep, line, twoByTwo } = tile;
  if (line === undefined) {
    return {
      wholeBatch: isMultipleOf(batchCount, deep),
      wholeRows: isMultipleOf(rowCount, rows * down),
      wholeColumns: isMultipleOf(columnCount, columns * across),
    };
  }
  // Numbers run on beyond the last batch, or beyond the last row where there is one.
  const isFull = lineLength(tileCounts({ ...extents, tile }), tile) % across === 0;
  return {
    wholeBatch: batchCount === 1 || isFull,
    wholeRows: isMultipleOf(rowCount, twoByTwo ? 2 * rows : rows) && (batchCount !== 1 || isFull),
    wholeColumns: isMultipleOf(columnCount, columns * line),
  };
}

/** How large a contraction is, and along which axes. */
export function extentsOf(root: Value): ContractionExtents {
  const attrs = contractAttrs(root);
  const [a, b] = root.operands.map((operand) => operand.type.shape);
  const left = operandAxes(attrs, 0, a.length);
  const right = operandAxes(attrs, 1, b.length);
  const shapes = {
    batch: left.batch.map((axis) => a[axis]),
    left: left.free.map((axis) => a[axis]),
    right: right.free.map((axis) => b[axis]),
    contracted: left.contracted.map((axis) => a[axis]),
  };
  const [batchCount, rowCount, columnCount, length] = Object.values(shapes).map(elementCount);
  return { root, axes: [left, right], ...shapes, batchCount, rowCount, columnCount, length };
}

/** The index into an operand for a position along its free axes and along the contracted ones. */
export function operandIndex(shape: ContractionExtents, side: 0 | 1): (edge: Index, k: Index) => readonly Index[] {
  const axes = shape.axes[side];
  const [rank, free] = [shape.root.operands[side].type.shape.length, side === 0 ? shape.left : shape.right];
  const batch = splitIndex(variableIndex("batch", shape.batchCount), shape.batch, indexAlgebra);
  return (edge, k) => {
    const index = new Array<Index>(rank);
    const put = (positions: readonly number[], parts: readonly Index[]): void => {
      positions.forEach((axis, i) => (index[axis] = parts[i]));
    };
    put(axes.batch, batch);
    put(axes.free, splitIndex(edge, free, indexAlgebra));
    put(axes.contracted, splitIndex(k, shape.contracted, indexAlgebra));
    return index;
  };
}

/** Index into the result for a row and a column of it. */
export function resultIndex(shape: ContractionExtents, row: Index, column: Index): readonly Index[] {
  return [
    ...splitIndex(variableIndex("batch", shape.batchCount), shape.batch, indexAlgebra),
    ...splitIndex(row, shape.left, indexAlgebra),
    ...splitIndex(column, shape.right, indexAlgebra),
  ];
}

/** Of a left operand that is 1 where the number of the row is that of the term, the numbers of the terms. */
export function placesOf(extents: ContractionExtents): Value | undefined {
  const { root, rowCount, length } = extents;
  const [left] = root.operands;
  if (contractAttrs(root).picks !== true || left.op !== selectOp) return undefined;
  const [condition, ...numbers] = left.operands;
  if (condition.op !== equal.op || numbers.map(constantValue).join() !== "1,0") return undefined;
  const row = variableIndex("row", rowCount);
  const index = operandIndex(extents, 0)(row, variableIndex("k", length));
  const [under, other] = condition.operands.map((operand) => throughLayouts(operand, index));
  const isRow = ({ value: { op, attrs, type }, index: at }: Access): boolean =>
    op === iotaOp && type.dtype !== "f32" && indexKey(at[attrs.axis as number]) === indexKey(row);
  const isOfTerm = ({ index: at }: Access): boolean => !at.some((part) => mentions(part, new Set(["row"])));
  if (isRow(under) && isOfTerm(other)) return condition.operands[1];
  return isRow(other) && isOfTerm(under) ? condition.operands[0] : undefined;
}

/** How an operand is best read: along k, along its free axis where that comes in fours, or element by element. */
function vectorise(shape: ContractionExtents, side: 0 | 1, inFours: boolean): Vectorised {
  const name = side === 0 ? "row" : "column";
  const extent = side === 0 ? shape.rowCount : shape.columnCount;
  const index = operandIndex(shape, side)(variableIndex(name, extent), variableIndex("k", shape.length));
  const access = throughLayouts(shape.root.operands[side], index);
  const element = joinIndex(access.index, access.value.type.shape, indexAlgebra);
  if (inFours && laneAccess(element, name) === "contiguous") return "edge";
  return isMultipleOf(shape.length, 4) && laneAccess(element, "k") === "contiguous" ? "k" : "none";
}
