/// Sums of products in float64: operands are packed so that the innermost loop runs over neighbours in memory.

/** Offsets into one operand for every index along its batch, free and contracted axes. */
export interface OperandOffsets {
  readonly batch: Int32Array;
  readonly free: Int32Array;
  readonly contracted: Int32Array;
}

/** Below this many result columns the loop runs along the contracted axis instead. */
const narrow = 8;

/** result[b, i, j] = Σₖ left[b, i, k] · right[b, k, j], terms added in the order of k. */
export function contractionKernel(
  left: OperandOffsets,
  right: OperandOffsets,
): (operands: readonly Float64Array[]) => Float64Array {
  const [batches, rows, columns] = [left.batch.length, left.free.length, right.free.length];
  const depth = left.contracted.length;
  const isNarrow = columns < narrow;
  const packLeft = packer(left.batch, left.free, left.contracted);
  const packRight = isNarrow
    ? packer(right.batch, right.free, right.contracted)
    : packer(right.batch, right.contracted, right.free);
  const multiply = isNarrow ? multiplyNarrow : multiplyWide;
  return ([a, b]) => {
    const result = new Float64Array(batches * rows * columns);
    const [x, y] = [packLeft(a), packRight(b)];
    for (let batch = 0; batch < batches; batch++) {
      multiply(
        x.subarray(batch * rows * depth, (batch + 1) * rows * depth),
        y.subarray(batch * columns * depth, (batch + 1) * columns * depth),
        result.subarray(batch * rows * columns, (batch + 1) * rows * columns),
        depth,
        columns,
      );
    }
    return result;
  };
}

/** y is [depth, columns]: adds multiples of its rows. */
function multiplyWide(x: Float64Array, y: Float64Array, result: Float64Array, depth: number, columns: number): void {
  for (let from = 0, row = 0; row < result.length; from += depth, row += columns) {
    for (let k = 0, at = 0; k < depth; k++, at += columns) {
      const factor = x[from + k];
      for (let j = 0; j < columns; j++) result[row + j] += factor * y[at + j];
    }
  }
}

/** y is [columns, depth]: dot products. */
function multiplyNarrow(x: Float64Array, y: Float64Array, result: Float64Array, depth: number, columns: number): void {
  for (let from = 0, row = 0; row < result.length; from += depth, row += columns) {
    for (let j = 0, at = 0; j < columns; j++, at += depth) {
      let total = 0;
      for (let k = 0; k < depth; k++) total += x[from + k] * y[at + k];
      result[row + j] = total;
    }
  }
}

/** Copies elements into the order outer, middle, inner; gives the operand itself where it lies so already. */
function packer(outer: Int32Array, middle: Int32Array, inner: Int32Array): (x: Float64Array) => Float64Array {
  const positions = new Int32Array(outer.length * middle.length * inner.length);
  let at = 0;
  let inPlace = true;
  for (const a of outer) {
    for (const b of middle) {
      for (const c of inner) {
        inPlace &&= a + b + c === at;
        positions[at++] = a + b + c;
      }
    }
  }
  if (inPlace) return (x) => x;
  return (x) => {
    const packed = new Float64Array(positions.length);
    for (let i = 0; i < packed.length; i++) packed[i] = x[positions[i]];
    return packed;
  };
}
