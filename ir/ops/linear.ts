/// Matrices as compositions: diagonals, triangles, outer and Kronecker products, differences.
import { checkFactors } from "./contract.ts";
import { addDims, multiplyDims, type Dim } from "../dim.ts";
import { rankMismatch } from "../errors.ts";
import { anySize, checkArgument, checkOptions, checkTensor, whole } from "../options.ts";
import type { DType, Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { countedAxis, normalizeDim } from "./axis.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { cast, where } from "./choose.ts";
import { equal, greaterEqual, lessEqual } from "./compare.ts";
import { moveAxis } from "./compose.ts";
import { reshapeTo } from "./layout.ts";
import { iota } from "./leaf.ts";
import { pad, slice } from "./pad.ts";
import { broadcastAlong, sum } from "./sum.ts";

/** Which diagonal: 0 is the main one, 1 the one above it, -1 the one below. */
export interface DiagonalOptions {
  readonly offset?: number;
}

const diagonalOptions = { offset: whole(-Infinity) } as const;

/** Row and column of every place of a matrix (the last two axes). */
function places(name: string, x: Value): { readonly rows: Value; readonly columns: Value } {
  checkTensor(name, "x", x);
  const { shape } = x.type;
  if (shape.length < 2) throw rankMismatch(name, "at least 2 axes", [x.type]);
  const matrix = shape.slice(-2);
  return { rows: iota(matrix, 0), columns: iota(matrix, 1) };
}

/** The lower triangle of matrices (the last two axes), with the diagonal of that offset; 0 above it. */
export function tril<T extends Value>(x: T, options?: DiagonalOptions): T;
export function tril(x: Value, options: DiagonalOptions = {}): Value {
  checkOptions("tril", options, diagonalOptions);
  const { offset = 0 } = options;
  const { rows, columns } = places("tril", x);
  return where(lessEqual(columns, add(rows, offset)), x, 0);
}

/** The upper triangle of matrices (the last two axes), with the diagonal of that offset; 0 below it. */
export function triu<T extends Value>(x: T, options?: DiagonalOptions): T;
export function triu(x: Value, options: DiagonalOptions = {}): Value {
  checkOptions("triu", options, diagonalOptions);
  const { offset = 0 } = options;
  const { rows, columns } = places("triu", x);
  return where(greaterEqual(columns, add(rows, offset)), x, 0);
}

/** The identity matrix of so many rows. */
export function identityMatrix(size: Dim): Tensor<"f32"> {
  checkArgument("identityMatrix", "the size", size, anySize);
  const extent = normalizeDim(size);
  const shape: Shape = [extent, extent];
  return cast(equal(iota(shape, 0), iota(shape, 1)), "f32");
}

/** A diagonal of matrices (the last two axes, unless told otherwise), as a new last axis. */
export function diagonal<D extends DType>(
  x: Tensor<D>,
  options?: DiagonalOptions & { readonly axes?: readonly [number, number] },
): Tensor<D>;
export function diagonal(
  x: Value,
  options: DiagonalOptions & { readonly axes?: readonly [number, number] } = {},
): Value {
  checkTensor("diagonal", "x", x);
  checkOptions("diagonal", options, { ...diagonalOptions, axes: true });
  const { offset = 0, axes = [-2, -1] } = options;
  if (x.type.shape.length < 2) throw rankMismatch("diagonal", "at least 2 axes", [x.type]);
  const matrices = moveAxis(x, axes, [-2, -1]);
  const { shape } = matrices.type;
  const [height, width] = shape.slice(-2);
  const masked = where(equal(add(iota([height, width], 0), offset), iota([height, width], 1)), matrices, 0);
  // A row has at most one element on the diagonal, a column as well: the sum picks it.
  const along = offset >= 0 ? sum(masked, { axis: -1 }) : sum(masked, { axis: -2 });
  const count = diagonalLength(height, width, offset);
  return slice(along, [...shape.slice(0, -2).map(() => null), [0, count]]);
}

function diagonalLength(height: Dim, width: Dim, offset: number): Dim {
  const [from, to] = offset >= 0 ? [height, addDims(width, -offset)] : [width, addDims(height, offset)];
  return typeof from === "number" && typeof to === "number" ? Math.min(from, to) : to;
}

/** Matrices with the last axis of `x` on a diagonal, and 0 elsewhere. */
export function diagonalMatrix<D extends DType>(x: Tensor<D>, options?: DiagonalOptions): Tensor<D>;
export function diagonalMatrix(x: Value, options: DiagonalOptions = {}): Value {
  checkTensor("diagonalMatrix", "x", x);
  checkOptions("diagonalMatrix", options, diagonalOptions);
  const { offset = 0 } = options;
  const { shape } = x.type;
  if (shape.length === 0) throw rankMismatch("diagonalMatrix", "at least 1 axis", [x.type]);
  const extent = addDims(shape[shape.length - 1], Math.abs(offset));
  const matrix: Shape = [extent, extent];
  const longer = pad(
    x,
    shape.map((_, axis) => [0, axis === shape.length - 1 ? Math.abs(offset) : 0]),
  );
  const axes = shape.map((_, axis) => (axis === shape.length - 1 && offset < 0 ? axis + 1 : axis));
  const spread = broadcastAlong(longer, [...shape.slice(0, -1), ...matrix], axes);
  return where(equal(add(iota(matrix, 0), offset), iota(matrix, 1)), spread, 0);
}

/** Sum of the main diagonal of matrices (the last two axes). */
export function trace<D extends DType>(x: Tensor<D>): Tensor<D>;
export function trace(x: Value): Value {
  const { rows, columns } = places("trace", x);
  return sum(where(equal(rows, columns), x, 0), { axes: [-2, -1] });
}

/** All products of an element of one with an element of the other: [A…] and [B…] → [A…, B…]. */
export function outer<D extends DType>(a: Tensor<D>, b: Tensor<D>): Tensor<D>;
export function outer(a: Value, b: Value): Value {
  checkFactors("outer", a, b);
  const shape = [...a.type.shape, ...b.type.shape];
  const [left, right] = [a.type.shape, b.type.shape];
  return mul(
    broadcastAlong(
      a,
      shape,
      left.map((_, axis) => axis),
    ),
    broadcastAlong(
      b,
      shape,
      right.map((_, axis) => left.length + axis),
    ),
  );
}

/** Kronecker product: every element of `a` times the whole of `b`, in blocks. */
export function kron<D extends DType>(a: Tensor<D>, b: Tensor<D>): Tensor<D>;
export function kron(a: Value, b: Value): Value {
  checkFactors("kron", a, b);
  const rank = Math.max(a.type.shape.length, b.type.shape.length);
  const [left, right] = [a, b].map((x) => [
    ...Array.from({ length: rank - x.type.shape.length }, () => 1),
    ...x.type.shape,
  ]);
  const shape = left.flatMap((extent, axis) => [extent, right[axis]]);
  const blocks = mul(
    broadcastAlong(
      reshapeTo(a, left),
      shape,
      left.map((_, axis) => 2 * axis),
    ),
    broadcastAlong(
      reshapeTo(b, right),
      shape,
      right.map((_, axis) => 2 * axis + 1),
    ),
  );
  return reshapeTo(
    blocks,
    left.map((extent, axis) => multiplyDims(extent, right[axis])),
  );
}

/** Differences of neighbours along an axis (default the last): one element less. */
export function difference<D extends DType>(x: Tensor<D>, axis?: number): Tensor<D>;
export function difference(x: Value, axis = -1): Value {
  checkTensor("difference", "x", x);
  const { shape } = x.type;
  const along = countedAxis("difference", axis, shape.length);
  const part = (from: number, to: number | null): Value =>
    slice(
      x,
      shape.map((_, each) => (each === along ? [from, to] : null)),
    );
  return sub(part(1, null), part(0, -1));
}
