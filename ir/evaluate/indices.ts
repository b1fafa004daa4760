/// Positions in row-major memory, computed for a whole tensor at once: tables of offsets, and the index algebra on them.
import type { Dim } from "../dim.ts";
import type { IndexAlgebra } from "../value.ts";

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

/** Index arithmetic on whole columns; `bind` turns a size into a number. */
export function columnAlgebra(bind: (size: Dim) => number): IndexAlgebra<IndexColumn> {
  const mapped = (a: IndexColumn, step: (index: number) => number): IndexColumn =>
    typeof a === "number" ? step(a) : a.map(step);
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
      return mapped(a, (index) => index % divisor);
    },
  };
}
