/// What the text of a contraction depends on: extents, tile, and how each operand is best read.
import { isMultipleOf, type Dim } from "../../ir/dim.ts";
import { contractAttrs, operandAxes, type OperandAxes } from "../../ir/ops/contract.ts";
import { joinIndex, splitIndex } from "../../ir/ops/layout.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { throughLayouts } from "../cluster/access.ts";
import { constantIndex, indexAlgebra, laneAccess, variableIndex, type Index } from "./index.ts";
import { powerOfTwo } from "./kernel.ts";

/** Along which variable an operand is read four at a time; `none` reads single elements. */
export type Vectorised = "k" | "edge" | "none";

/** Everything about a contraction that its text depends on. */
export interface ContractionShape {
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
  /** Rows a thread computes. */
  readonly rows: number;
  readonly wholeRows: boolean;
  readonly wholeColumns: boolean;
  readonly threads: readonly [number, number];
}

/** The extents and the tile of a contraction. */
export function describeContraction(root: Value): ContractionShape {
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
  const rows = powerOfTwo(rowCount, 4);
  const across = powerOfTwo(typeof columnCount === "number" ? Math.ceil(columnCount / 4) : columnCount, 8);
  const down = powerOfTwo(typeof rowCount === "number" ? Math.ceil(rowCount / rows) : rowCount, 64 / across);
  return {
    ...{ root, axes: [left, right], ...shapes, batchCount, rowCount, columnCount, length, rows },
    wholeRows: isMultipleOf(rowCount, rows),
    wholeColumns: isMultipleOf(columnCount, 4),
    threads: [across, down],
  };
}

/** The i-th row (or j-th column) of the tile as an index. */
export function edgeIndex(name: "row" | "column", extent: Dim, whole: boolean, step: number): Index {
  if (step === 0) return variableIndex(name, extent);
  if (!whole) return variableIndex(`${name}${step}`, extent);
  return indexAlgebra.add(variableIndex(name, extent), constantIndex(step));
}

/** The index into an operand for a position along its free axes and along the contracted ones. */
export function operandIndex(shape: ContractionShape, side: 0 | 1): (edge: Index, k: Index) => readonly Index[] {
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

/** How an operand is best read: along k, along its free axis, or element by element. */
export function vectorise(shape: ContractionShape, side: 0 | 1): Vectorised {
  const name = side === 0 ? "row" : "column";
  const extent = side === 0 ? shape.rowCount : shape.columnCount;
  const index = operandIndex(shape, side)(variableIndex(name, extent), variableIndex("k", shape.length));
  const access = throughLayouts(shape.root.operands[side], index);
  const element = joinIndex(access.index, access.value.type.shape, indexAlgebra);
  const whole = side === 0 ? shape.wholeRows && shape.rows === 4 : shape.wholeColumns;
  if (whole && laneAccess(element, name) === "contiguous") return "edge";
  return isMultipleOf(shape.length, 4) && laneAccess(element, "k") === "contiguous" ? "k" : "none";
}
