/// Positions in row-major memory, computed for a whole tensor at once: tables of offsets, and the index algebra on them.
import type { Dim } from "../dim.ts";
import type { ConditionAlgebra } from "../value.ts";

/** An index for every element of a tensor; a number stands for the same index everywhere. */
export type IndexColumn = number | Int32Array;

/** Row-major strides of bound extents. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Product of extents. */
export function countOf(extents: readonly number[]): number {
  return extents.reduce((count, extent) => count * extent, 1);
}

/** Offsets of all index tuples over `axes` of a tensor of this shape; the last axis runs fastest. */
export function offsetsAlong(shape: readonly number[], axes: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  let offsets = new Int32Array(1);
  for (const axis of axes) {
    const next = new Int32Array(offsets.length * shape[axis]);
    for (let i = 0, at = 0; i < offsets.length; i++) {
      for (let index = 0; index < shape[axis]; index++) next[at++] = offsets[i] + index * strides[axis];
    }
    offsets = next;
  }
  return offsets;
}

/** For each axis of a shape, the index along it of every element in row-major order. */
export function indexColumns(shape: readonly number[]): readonly Int32Array[] {
  const count = countOf(shape);
  return stridesOf(shape).map((stride, axis) => {
    const column = new Int32Array(count);
    for (let i = 0; i < count; i++) column[i] = Math.floor(i / stride) % shape[axis];
    return column;
  });
}

/** True for 0, 1, 2, …: gathering through these positions changes nothing. */
export function isIdentity(positions: Int32Array): boolean {
  for (let i = 0; i < positions.length; i++) if (positions[i] !== i) return false;
  return true;
}

/** Computes a value, row-major, from its operands. The result may be one of the operands: treat both as read-only. */
export type EvaluationKernel = (operands: readonly Float64Array[]) => Float64Array;

/** Turns a size into a number. */
export type BindSize = (size: Dim) => number;

/** Row-major positions of `count` elements, from an index column for each axis. */
export function positionsOf(columns: readonly IndexColumn[], shape: readonly number[], count: number): Int32Array {
  const strides = stridesOf(shape);
  const positions = new Int32Array(count);
  columns.forEach((column, axis) => {
    const stride = strides[axis];
    for (let i = 0; i < count; i++) positions[i] += stride * (typeof column === "number" ? column : column[i]);
  });
  return positions;
}

/** Conditions on whole columns; a boolean stands for the same answer everywhere. */
export type ConditionColumn = boolean | Uint8Array;

/** Index arithmetic on whole columns; `bind` turns a size into a number. */
export function columnAlgebra(bind: BindSize): ConditionAlgebra<IndexColumn, ConditionColumn> {
  const mapped = (a: IndexColumn, step: (index: number) => number): IndexColumn =>
    typeof a === "number" ? step(a) : a.map(step);
  const asked = (a: IndexColumn, question: (index: number) => boolean): ConditionColumn =>
    typeof a === "number" ? question(a) : Uint8Array.from(a, (index) => Number(question(index)));
  return {
    constant: bind,
    add(a, b) {
      if (typeof a === "number") return typeof b === "number" ? a + b : b.map((index) => index + a);
      return typeof b === "number" ? a.map((index) => index + b) : a.map((index, i) => index + b[i]);
    },
    multiply(a, b) {
      const factor = bind(b);
      return mapped(a, (index) => index * factor);
    },
    divide(a, b) {
      const divisor = bind(b);
      return mapped(a, (index) => Math.floor(index / divisor));
    },
    remainder(a, b) {
      const divisor = bind(b);
      return mapped(a, (index) => index - divisor * Math.floor(index / divisor));
    },
    within(a, extent) {
      const end = bind(extent);
      return asked(a, (index) => index >= 0 && index < end);
    },
    isMultiple(a, by) {
      const divisor = bind(by);
      return asked(a, (index) => index % divisor === 0);
    },
    and(a, b) {
      if (typeof a === "boolean") return a && b;
      return typeof b === "boolean" ? b && a : a.map((each, i) => each & b[i]);
    },
  };
}
