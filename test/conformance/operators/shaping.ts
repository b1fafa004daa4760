/// Parts of tensors, and tensors of parts.
import { difference, expandDims, moveAxis, repeat, roll, stack, take, tile, windows, type Value } from "chainrule";
import { axisOf, isValue, operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { emptyTensor, isEmpty, joined, padded, reshaped, selected, sliced } from "./parts.ts";

/** Parts between positions of an axis. */
function cut(x: Value, axis: number, bounds: readonly (readonly [number, number])[]): readonly Value[] {
  return bounds.map(([from, to]) => sliced(x, axis, from, Math.max(0, to - from)));
}

/** Parts of given sizes. */
function sized(x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  let start = 0;
  return cut(
    x,
    axis,
    sizes.map((size) => [start, (start += size)] as const),
  );
}

/** Parts of one size; the last may be smaller. */
function chunks(x: Value, size: number, axis: number): readonly Value[] {
  const extent = shapeOf(x)[axis];
  const count = Math.max(1, size === 0 ? 1 : Math.ceil(extent / size));
  return sized(
    x,
    Array.from({ length: count }, (_, i) => Math.min(size, extent - i * size)),
    axis,
  );
}

function tensorSplit(call: Call): readonly Value[] {
  const x = call.tensor("input");
  const axis = axisOf(x, call.number("dim", 0));
  const extent = shapeOf(x)[axis];
  const given = call.any("sections");
  const isCount = typeof given === "number" || (isValue(given) && shapeOf(given).length === 0);
  if (isCount) {
    const count = call.number("sections");
    const least = Math.floor(extent / count);
    return sized(
      x,
      Array.from({ length: count }, (_, i) => least + (i < extent % count ? 1 : 0)),
      axis,
    );
  }
  const counted = call.numbers("sections")!.map((at) => Math.min(extent, Math.max(0, at < 0 ? at + extent : at)));
  const bounds = [0, ...counted, extent];
  return cut(
    x,
    axis,
    bounds.slice(1).map((to, i) => [bounds[i], to] as const),
  );
}

/** Tensors of at least so many axes, as numpy's atleast_1d, 2d and 3d. */
function atLeast(x: Value, rank: 1 | 2 | 3): Value {
  const shape = shapeOf(x);
  if (shape.length >= rank) return x;
  if (shape.length === 0) return reshaped(x, new Array<number>(rank).fill(1));
  if (shape.length === 1) return reshaped(x, rank === 2 ? [1, shape[0]] : [1, shape[0], 1]);
  return reshaped(x, [...shape, 1]);
}

function repeated(x: Value, counts: readonly number[]): Value {
  const own = shapeOf(x);
  const rank = Math.max(own.length, counts.length);
  const full = [...new Array<number>(rank - own.length).fill(1), ...own];
  const times = [...new Array<number>(rank - counts.length).fill(1), ...counts];
  const shape = full.map((extent, axis) => extent * times[axis]);
  return countOf(shape) === 0 ? emptyTensor(shape, x.type.dtype) : tile(x, counts);
}

function interleaved(call: Call): Value {
  const whole = call.tensor("input");
  const x = call.has("dim") ? whole : reshaped(whole, [countOf(shapeOf(whole))]);
  const axis = axisOf(x, call.number("dim", 0));
  const source = shapeOf(x).length === 0 ? reshaped(x, [1]) : x;
  const counts = call.numbers("repeats")!;
  if (counts.length === 1) {
    return counts[0] === 0 ? emptyTensor(shapeOf(source).with(axis, 0)) : repeat(source, counts[0], axis);
  }
  const positions = counts.flatMap((count, at) => new Array<number>(count).fill(at));
  if (positions.length === 0) return emptyTensor(shapeOf(source).with(axis, 0));
  return take(source, call.inputs.given(positions, [positions.length], "i32"), axis);
}

/** [before, after] for each axis from PyTorch's list, which begins with the last axis. */
export function frame(x: Value, list: readonly number[]): readonly (readonly [number, number])[] {
  const rank = shapeOf(x).length;
  return shapeOf(x).map((_, axis) => {
    const at = 2 * (rank - 1 - axis);
    return [list[at] ?? 0, list[at + 1] ?? 0] as const;
  });
}

function rolled(x: Value, shifts: readonly number[], axes: readonly number[] | undefined): Value {
  if (isEmpty(x)) return x;
  return axes && axes.length > 0 ? roll(x, shifts, axes) : roll(x, shifts[0]);
}

function differences(call: Call): Value {
  const x = call.tensor("input");
  const axis = axisOf(x, call.number("dim", -1));
  const ends = [call.maybe("prepend"), x, call.maybe("append")].filter((part) => part !== undefined);
  const count = call.number("n", 1);
  let result = count === 0 ? x : joined(ends, axis);
  for (let i = 0; i < count; i++) result = neighbours(result, axis);
  return result;
}

function neighbours(x: Value, axis: number): Value {
  const extent = shapeOf(x)[axis];
  return extent <= 1 ? emptyTensor(shapeOf(x).with(axis, 0)) : difference(x, axis);
}

function narrowed(call: Call): Value {
  const x = call.tensor("input");
  const axis = axisOf(x, call.number("dim"));
  const start = call.number("start");
  return sliced(x, axis, start < 0 ? start + shapeOf(x)[axis] : start, call.number("length"));
}

function slicing(call: Call): Value {
  const x = call.tensor("input");
  const axis = axisOf(x, call.number("dim", 0));
  return range(
    x,
    axis,
    call.has("start") ? call.number("start") : null,
    call.has("end") ? call.number("end") : null,
    call.number("step", 1),
  );
}

/** Python's slice of an axis. */
export function range(x: Value, axis: number, start: number | null, end: number | null, step: number): Value {
  const extent = shapeOf(x)[axis];
  const bound = (at: number): number => Math.min(extent, Math.max(0, at < 0 ? at + extent : at));
  const [from, to] = [bound(start ?? 0), bound(end ?? extent)];
  return sliced(x, axis, from, Math.max(0, Math.ceil((to - from) / step)), step);
}

function scattered(x: Value, source: Value, axis: number, at: number): Value {
  const place = at < 0 ? at + shapeOf(x)[axis] : at;
  const extent = shapeOf(x)[axis];
  const parts = [
    sliced(x, axis, 0, place),
    reshaped(source, shapeOf(x).with(axis, 1)),
    sliced(x, axis, place + 1, extent - place - 1),
  ];
  return joined(parts, axis);
}

function blockDiagonal(list: readonly Value[]): Value {
  const blocks = list.map((each) => atLeast(each, 2));
  const width = blocks.reduce((total, block) => total + shapeOf(block)[1], 0);
  let left = 0;
  const rows = blocks.map((block) => {
    const columnCount = shapeOf(block)[1];
    const row = padded(
      block,
      [
        [0, 0],
        [left, width - left - columnCount],
      ],
      0,
    );
    left += columnCount;
    return row;
  });
  return joined(rows, 0);
}

function stacked(list: readonly Value[], axis: number): Value {
  if (list.some(isEmpty)) {
    const shape = shapeOf(list[0]);
    return emptyTensor(shape.toSpliced(axis < 0 ? axis + shape.length + 1 : axis, 0, list.length));
  }
  return stack(list, axis);
}

/** Sliding windows of an axis, as a new last axis. */
export function unfolded(x: Value, axis: number, size: number, step: number): Value {
  const source = shapeOf(x).length === 0 ? expandDims(x, 0) : x;
  const along = axisOf(source, axis);
  const seen = windows(source, { axis: along, size, stride: step });
  const result = moveAxis(seen, along + 1, -1);
  return shapeOf(x).length === 0 ? reshaped(result, [size]) : result;
}

/** Every name under which one operator has several. */
const splitting = operator("input sizes dim", (call) => {
  const x = call.tensor("input");
  const axis = axisOf(x, call.number("dim", 0));
  const sizes = call.any("sizes");
  return typeof sizes === "number" ? chunks(x, sizes, axis) : sized(x, call.numbers("sizes")!, axis);
});
const repeating = operator("input counts", (call) => repeated(call.tensor("input"), call.numbers("counts")!));
const tensors = (build: (list: readonly Value[]) => Value): Mapping =>
  operator("tensors", (call) => build(call.tensors("tensors")));

export const shaping: Operators = {
  cat: operator("tensors dim", (call) => {
    const list = call.tensors("tensors");
    // A vector without elements joins anything.
    const filled = list.filter((each) => shapeOf(each).join() !== "0");
    return filled.length === 0 ? list[0] : joined(filled, axisOf(filled[0], call.number("dim", 0)));
  }),
  stack: operator("tensors dim", (call) => stacked(call.tensors("tensors"), call.number("dim", 0))),
  hstack: tensors((list) => {
    const rows = list.map((each) => atLeast(each, 1));
    return joined(rows, shapeOf(rows[0]).length === 1 ? 0 : 1);
  }),
  vstack: tensors((list) =>
    joined(
      list.map((each) => atLeast(each, 2)),
      0,
    ),
  ),
  dstack: tensors((list) =>
    joined(
      list.map((each) => atLeast(each, 3)),
      2,
    ),
  ),
  block_diag: operator("tensors*", (call) => blockDiagonal(call.tensors("tensors"))),
  split: splitting,
  "split.list_args": splitting,
  split_with_sizes: splitting,
  chunk: operator("input chunks dim", (call) => {
    const x = call.tensor("input");
    const axis = axisOf(x, call.number("dim", 0));
    return chunks(x, Math.ceil(shapeOf(x)[axis] / call.number("chunks")), axis);
  }),
  tensor_split: operator("input sections dim", tensorSplit),
  unbind: operator("input dim", (call) => {
    const x = call.tensor("input");
    const axis = axisOf(x, call.number("dim", 0));
    return Array.from({ length: shapeOf(x)[axis] }, (_, at) => selected(x, axis, at));
  }),
  tile: repeating,
  repeat: repeating,
  repeat_interleave: operator("input repeats dim output_size", interleaved),
  roll: operator("input shifts dims", (call) =>
    rolled(call.tensor("input"), call.numbers("shifts")!, call.numbers("dims")),
  ),
  diff: operator("input n dim prepend append", differences),
  narrow: operator("input dim start length", narrowed),
  slice: operator("input dim start end step", slicing),
  select: operator("input dim index", (call) => {
    const x = call.tensor("input");
    return selected(x, axisOf(x, call.number("dim")), call.number("index"));
  }),
  select_scatter: operator("input src dim index", (call) => {
    const x = call.tensor("input");
    return scattered(x, call.tensor("src"), axisOf(x, call.number("dim")), call.number("index"));
  }),
  constant_pad_nd: operator("input pad value", (call) => {
    const x = call.tensor("input");
    return padded(x, frame(x, call.numbers("pad")!), call.number("value", 0));
  }),
  unfold: operator("input dimension size step", (call) =>
    unfolded(call.tensor("input"), call.number("dimension"), call.number("size"), call.number("step")),
  ),
};
