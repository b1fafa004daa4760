/// Other shapes and orders of the same elements.
import {
  diagonal,
  diagonalMatrix,
  expandDims,
  flatten,
  moveAxis,
  reverse,
  swapAxes,
  transpose,
  tril,
  triu,
  type Value,
} from "chainrule";
import { axisOf, broadcastShape, operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { emptyTensor, expanded, isEmpty, reshaped } from "./parts.ts";

/** A shape as it is given, one extent of which may be -1: the rest. */
export function completed(count: number, shape: readonly number[]): readonly number[] {
  const known = countOf(shape.filter((extent) => extent !== -1));
  return shape.map((extent) => (extent === -1 ? count / known : extent));
}

function reshaping(): Mapping {
  return operator("input shape", (call) => {
    const x = call.tensor("input");
    return reshaped(x, completed(countOf(shapeOf(x)), call.numbers("shape")!));
  });
}

function permuted(x: Value, order: readonly number[]): Value {
  const axes = order.map((axis) => axisOf(x, axis));
  if (!isEmpty(x)) return transpose(x, axes);
  return emptyTensor(
    axes.map((axis) => shapeOf(x)[axis]),
    x.type.dtype,
  );
}

/** Two axes exchanged; of a scalar, itself. */
function exchanged(x: Value, a: number, b: number): Value {
  const [first, second] = [axisOf(x, a), axisOf(x, b)];
  return shapeOf(x).length === 0 ? x : swapAxes(x, first, second);
}

/** An extent of -1 is that of the operand. */
function expansion(call: Call): Value {
  const x = call.tensor("input");
  const sizes = call.numbers("shape")!;
  const own = shapeOf(x);
  return expanded(
    x,
    sizes.map((extent, axis) => (extent === -1 ? own[axis - sizes.length + own.length] : extent)),
  );
}

function flipped(x: Value, axes: readonly number[]): Value {
  return isEmpty(x) ? x : reverse(x, [...new Set(axes.map((axis) => axisOf(x, axis)))]);
}

function rotated(x: Value, turns: number, [a, b]: readonly [number, number]): Value {
  const quarter = ((turns % 4) + 4) % 4;
  if (quarter === 0) return x;
  if (quarter === 2) return flipped(x, [a, b]);
  return quarter === 1 ? exchanged(flipped(x, [b]), a, b) : flipped(exchanged(x, a, b), [b]);
}

function unflattened(x: Value, axis: number, sizes: readonly number[]): Value {
  const at = axisOf(x, axis);
  return reshaped(x, shapeOf(x).toSpliced(at, 1, ...completed(shapeOf(x)[at], sizes)));
}

function squeezed(x: Value, axes: readonly number[]): Value {
  const named = axes.map((axis) => axisOf(x, axis));
  return reshaped(
    x,
    shapeOf(x).filter((extent, axis) => extent !== 1 || !named.includes(axis)),
  );
}

function diagonalOf(x: Value, call: Call, axes: readonly [number, number]): Value {
  const offset = call.number("offset", call.number("diagonal", 0));
  const [first, second] = axes.map((axis) => axisOf(x, axis));
  const [height, width] = [shapeOf(x)[first], shapeOf(x)[second]];
  const count = Math.max(0, Math.min(height, width, height + offset, width - offset));
  if (count > 0 && !isEmpty(x)) return diagonal(x, { offset, axes: [first, second] });
  return emptyTensor([...shapeOf(x).filter((_, axis) => axis !== first && axis !== second), count], x.type.dtype);
}

/** The last axis on a diagonal of matrices that lie along two axes of the result. */
function embedded(x: Value, offset: number, a: number, b: number): Value {
  const matrices = diagonalMatrix(x, { offset });
  return moveAxis(matrices, [-2, -1], [a, b]);
}

function gridOf(list: readonly Value[], indexing: string): readonly Value[] {
  const vectors = list.map((each) => flatten(each));
  // "xy" exchanges the first two axes of the result.
  const order = vectors.map((_, i) => (indexing === "xy" && vectors.length > 1 && i < 2 ? 1 - i : i));
  const shape = order.map((i) => shapeOf(vectors[i])[0]);
  return vectors.map((vector, i) => {
    const at = order.indexOf(i);
    return expanded(
      reshaped(
        vector,
        shape.map((extent, axis) => (axis === at ? extent : 1)),
      ),
      shape,
    );
  });
}

const input = (build: (x: Value) => Value): Mapping => operator("input", (call) => build(call.tensor("input")));

export const layout: Operators = {
  T: input((x) =>
    permuted(
      x,
      shapeOf(x)
        .map((_, axis) => axis)
        .toReversed(),
    ),
  ),
  t: input((x) =>
    permuted(
      x,
      shapeOf(x)
        .map((_, axis) => axis)
        .toReversed(),
    ),
  ),
  mT: input((x) => exchanged(x, -2, -1)),
  transpose: operator("input dim0 dim1", (call) =>
    exchanged(call.tensor("input"), call.number("dim0"), call.number("dim1")),
  ),
  permute: operator("input dims", (call) => permuted(call.tensor("input"), call.numbers("dims")!)),
  movedim: operator("input source destination", (call) =>
    moveAxis(call.tensor("input"), call.numbers("source")!, call.numbers("destination")!),
  ),
  reshape: reshaping(),
  view: reshaping(),
  ravel: input((x) => reshaped(x, [countOf(shapeOf(x))])),
  flatten: operator("input start_dim end_dim", (call) => {
    const x = call.tensor("input");
    const [start, end] = [axisOf(x, call.number("start_dim", 0)), axisOf(x, call.number("end_dim", -1))];
    const shape = shapeOf(x);
    if (shape.length === 0) return reshaped(x, [1]);
    return reshaped(x, [...shape.slice(0, start), countOf(shape.slice(start, end + 1)), ...shape.slice(end + 1)]);
  }),
  unflatten: operator("input dim sizes", (call) =>
    unflattened(call.tensor("input"), call.number("dim"), call.numbers("sizes")!),
  ),
  squeeze: operator("input dim", (call) => {
    const x = call.tensor("input");
    return squeezed(x, call.numbers("dim") ?? shapeOf(x).map((_, axis) => axis));
  }),
  "squeeze.multiple": operator("input dim", (call) => squeezed(call.tensor("input"), call.numbers("dim")!)),
  unsqueeze: operator("input dim", (call) => expandDims(call.tensor("input"), call.number("dim"))),
  expand: operator("input shape", expansion),
  expand_as: operator("input other", (call) => expanded(call.tensor("input"), shapeOf(call.tensor("other")))),
  broadcast_to: operator("input shape", expansion),
  broadcast_tensors: operator("tensors*", (call) => {
    const list = call.tensors("tensors");
    const shape = broadcastShape(list.map(shapeOf));
    return list.map((each) => expanded(each, shape));
  }),
  "meshgrid.list_of_tensors": operator("tensors indexing", (call) =>
    gridOf(call.tensors("tensors"), call.text("indexing", "ij")),
  ),
  "meshgrid.variadic_tensors": operator("tensors* indexing", (call) =>
    gridOf(call.tensors("tensors"), call.text("indexing", "ij")),
  ),
  flip: operator("input dims", (call) => flipped(call.tensor("input"), call.numbers("dims")!)),
  fliplr: input((x) => flipped(x, [1])),
  flipud: input((x) => flipped(x, [0])),
  rot90: operator("input k dims", (call) => {
    const [a = 0, b = 1] = call.numbers("dims") ?? [];
    const x = call.tensor("input");
    return rotated(x, call.number("k", 1), [axisOf(x, a), axisOf(x, b)]);
  }),
  tril: operator("input diagonal", (call) => tril(call.tensor("input"), { offset: call.number("diagonal", 0) })),
  triu: operator("input diagonal", (call) => triu(call.tensor("input"), { offset: call.number("diagonal", 0) })),
  diag: operator("input diagonal", (call) => {
    const x = call.tensor("input");
    if (shapeOf(x).length === 2) return diagonalOf(x, call, [0, 1]);
    return embedded(x, call.number("diagonal", 0), -2, -1);
  }),
  diagonal: operator("input offset dim1 dim2", (call) =>
    diagonalOf(call.tensor("input"), call, [call.number("dim1", 0), call.number("dim2", 1)]),
  ),
  diag_embed: operator("input offset dim1 dim2", (call) => {
    const [a, b] = [call.number("dim1", -2), call.number("dim2", -1)];
    const x = call.tensor("input");
    const rank = shapeOf(x).length + 1;
    const [first, second] = [a, b].map((axis) => (axis < 0 ? axis + rank : axis));
    const offset = call.number("offset", 0);
    // The matrices' axes are named in order; exchanged names are a transposed matrix.
    return first < second ? embedded(x, offset, first, second) : embedded(x, -offset, second, first);
  }),
};
