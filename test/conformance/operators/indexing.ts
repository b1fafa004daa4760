/// Reading and writing at positions that tensors of integers name.
import {
  add,
  any,
  broadcastTo,
  cast,
  concatenate,
  constant,
  div,
  equal,
  expandDims,
  gather,
  greaterEqual,
  iota,
  less,
  max,
  maximum,
  min,
  moveAxis,
  mul,
  pad,
  product,
  reshape,
  scatterAdd,
  sum,
  take,
  takeAlongAxis,
  where,
  type Value,
} from "chainrule";
import { axisOf, broadcastShape, operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { emptyTensor, isEmpty, reshaped, sliced } from "./parts.ts";

/** Positions as i32, negative ones counted from the end. */
function positions(index: Value, extent: number): Value {
  const whole = cast(index, "i32");
  return isEmpty(whole) ? whole : where(less(whole, 0), add(whole, extent), whole);
}

/** A scalar as a vector of one, as PyTorch reads it along an axis. */
function atLeastVector(x: Value): Value {
  return shapeOf(x).length === 0 ? reshaped(x, [1]) : x;
}

/** The leading corner of a tensor. */
function corner(x: Value, shape: readonly number[]): Value {
  return shape.reduce<Value>(
    (part, extent, axis) => (shapeOf(part)[axis] === extent ? part : sliced(part, axis, 0, extent)),
    x,
  );
}

/** x at the positions of an index of the same rank, along an axis; the index may be shorter along the others. */
function gathered(given: Value, dim: number, index: Value): Value {
  if (isEmpty(index)) return emptyTensor(shapeOf(index));
  const [x, places] = [atLeastVector(given), atLeastVector(index)];
  const axis = axisOf(x, dim);
  const part = corner(x, shapeOf(places).with(axis, shapeOf(x)[axis]));
  return reshaped(takeAlongAxis(part, positions(places, shapeOf(x)[axis]), axis), shapeOf(index));
}

interface Scattering {
  /** The tensor with the axis last, [B…, n]. */
  readonly x: Value;
  /** Positions with the axis last, [B…, m]; −1 where there is none. */
  readonly index: Value;
  /** Updates of the shape of the positions. */
  readonly updates: Value;
}

type Combine = (scattering: Scattering) => Value;

/** Writes updates into x at positions along an axis; index and updates may be shorter than x along the others. */
function scattered(given: Value, dim: number, index: Value, source: Value, combine: Combine): Value {
  if (isEmpty(index)) return given;
  const [x, places] = [atLeastVector(given), atLeastVector(index)];
  const updates = corner(shapeOf(source).length === 0 ? broadcastTo(source, shapeOf(places)) : source, shapeOf(places));
  const axis = axisOf(x, dim);
  const toLast = (value: Value): Value => moveAxis(value, axis, -1);
  const widths = shapeOf(places).map((extent, each) => [0, each === axis ? 0 : shapeOf(x)[each] - extent] as const);
  const result = combine({
    x: toLast(x),
    index: toLast(pad(positions(places, shapeOf(x)[axis]), widths, { value: -1 })),
    updates: toLast(pad(updates, widths)),
  });
  return reshaped(moveAxis(result, -1, axis), shapeOf(given));
}

const added: Combine = ({ x, index, updates }) => scatterAdd(x, index, updates, { batch: shapeOf(x).length - 1 });

/** Which update (second to last axis) goes to which place (last axis). */
function hitsOf({ x, index }: Scattering): Value {
  return equal(expandDims(index, -1), iota([shapeOf(x).at(-1)!], 0));
}

/** The last of several updates at one place stays. */
const replaced: Combine = (scattering) => {
  const { x, updates } = scattering;
  const hits = hitsOf(scattering);
  const order = iota([shapeOf(updates).at(-1)!, 1], 0);
  const last = max(where(hits, order, -1), { axis: -2 });
  return where(greaterEqual(last, 0), takeAlongAxis(updates, last, shapeOf(x).length - 1), x);
};

const largest = 3.4028234663852886e38;

/** A reduction of all updates at one place, and of what is there, when it counts. */
function reducing(reduce: string, includesSelf: boolean): Combine {
  return (scattering) => {
    const { x, updates } = scattering;
    if (reduce === "sum" && includesSelf) return added(scattering);
    const hits = hitsOf(scattering);
    const isHit = any(hits, { axis: -2 });
    const spread = (fill: number): Value => where(hits, expandDims(updates, -1), fill);
    const own = (fill: number): Value => expandDims(includesSelf ? x : constant(fill, "f32", shapeOf(x)), -2);
    const all = (fill: number): Value => concatenate([spread(fill), own(fill)], -2);
    switch (reduce) {
      case "amax":
        return where(isHit, max(all(-largest), { axis: -2 }), x);
      case "amin":
        return where(isHit, min(all(largest), { axis: -2 }), x);
      case "prod":
        return where(isHit, product(all(1), { axis: -2 }), x);
      case "sum":
        return where(isHit, sum(spread(0), { axis: -2 }), x);
      case "mean": {
        const count = add(sum(cast(hits, "f32"), { axis: -2 }), includesSelf ? 1 : 0);
        return where(isHit, div(sum(all(0), { axis: -2 }), maximum(count, 1)), x);
      }
      default:
        throw new Error(`no reduction ${reduce}`);
    }
  };
}

function scatterReduce(): Mapping {
  return operator("input dim index src reduce include_self", (call) =>
    scattered(
      call.float("input"),
      call.number("dim"),
      call.tensor("index"),
      call.float("src"),
      reducing(call.text("reduce"), call.flag("include_self", true)),
    ),
  );
}

/** Rows of x replaced, or added to, by rows of a source: the index is a vector along an axis. */
function alongVector(call: Call, source: Value, combine: Combine): Value {
  const given = call.float("input");
  const x = atLeastVector(given);
  const axis = axisOf(x, call.number("dim"));
  const index = atLeastVector(call.tensor("index"));
  if (isEmpty(index)) return given;
  const shape = shapeOf(x).with(axis, shapeOf(index)[0]);
  const line = reshape(
    index,
    shape.map((extent, each) => (each === axis ? extent : 1)),
  );
  const updates = shapeOf(source).length === shape.length ? source : broadcastTo(source, shape);
  return reshaped(scattered(x, axis, broadcastTo(line, shape), updates, combine), shapeOf(given));
}

/** One position in the merged leading axes for each entry of index tensors that broadcast. */
function merged(x: Value, indices: readonly Value[]): { readonly rows: Value; readonly index: Value } {
  const shape = broadcastShape(indices.map(shapeOf));
  const extents = shapeOf(x).slice(0, indices.length);
  const rest = shapeOf(x).slice(indices.length);
  const index = indices.reduce<Value>(
    (total, each, axis) => add(mul(total, extents[axis]), broadcastTo(positions(each, extents[axis]), shape)),
    constant(0, "i32", shape),
  );
  return { rows: reshaped(x, [countOf(extents), ...rest]), index };
}

function indexPut(call: Call): Value {
  const x = call.float("input");
  const { rows, index } = merged(
    x,
    call.tensors("indices").flatMap((each) => asPositions(call, each)),
  );
  const shape = [countOf(shapeOf(index)), countOf(shapeOf(rows).slice(1))];
  const values = broadcastTo(call.float("values"), [...shapeOf(index), ...shapeOf(rows).slice(1)]);
  const flat = reshaped(rows, [shapeOf(rows)[0], shape[1]]);
  const places = broadcastTo(reshaped(index, [shape[0], 1]), shape);
  const combine = call.flag("accumulate") ? added : replaced;
  return reshaped(scattered(flat, 0, places, reshaped(values, shape), combine), shapeOf(x));
}

/** A mask stands for the positions where it holds, one list for each of its axes. */
export function asPositions(call: Call, index: Value): readonly Value[] {
  if (index.type.dtype !== "bool") return [index];
  const shape = shapeOf(index);
  const places = call.inputs.numbers(index).flatMap((isSet, at) => (isSet ? [at] : []));
  return shape.map((extent, axis) => {
    const stride = countOf(shape.slice(axis + 1));
    const along = places.map((at) => Math.floor(at / stride) % extent);
    return call.inputs.given(along, [along.length], "i32");
  });
}

/** x at lists of positions, which take the place of the axes from `first` on. */
export function picked(x: Value, first: number, indices: readonly Value[]): Value {
  const places = indices.map((_, i) => first + i);
  const front = moveAxis(
    x,
    places,
    places.map((_, i) => i),
  );
  const { rows, index } = merged(front, indices);
  const read = gather(rows, index);
  const inserted = shapeOf(index).map((_, axis) => axis);
  return moveAxis(
    read,
    inserted,
    inserted.map((axis) => axis + first),
  );
}

export const indexing: Operators = {
  gather: operator("input dim index sparse_grad", (call) =>
    gathered(call.float("input"), call.number("dim"), call.tensor("index")),
  ),
  take: operator("input index", (call) => {
    const [x, index] = [call.float("input"), call.tensor("index")];
    if (isEmpty(index)) return emptyTensor(shapeOf(index));
    return gather(reshaped(x, [countOf(shapeOf(x))]), positions(index, countOf(shapeOf(x))));
  }),
  take_along_dim: operator("input indices dim", (call) => {
    const [x, index] = [call.float("input"), call.tensor("indices")];
    if (!call.has("dim")) {
      return gathered(reshaped(x, [countOf(shapeOf(x))]), 0, reshaped(index, [countOf(shapeOf(index))]));
    }
    const axis = axisOf(x, call.number("dim"));
    const shape = broadcastShape([shapeOf(x).with(axis, 1), shapeOf(index).with(axis, 1)]);
    const stretched = (value: Value): Value => broadcastTo(value, shape.with(axis, shapeOf(value)[axis]));
    return gathered(stretched(x), axis, stretched(index));
  }),
  index_select: operator("input dim index", (call) => {
    const x = call.float("input");
    const source = atLeastVector(x);
    const axis = axisOf(source, call.number("dim"));
    const index = atLeastVector(call.tensor("index"));
    const shape = shapeOf(source).with(axis, shapeOf(index)[0]);
    if (isEmpty(index)) return emptyTensor(shape);
    const found = take(source, positions(index, shapeOf(source)[axis]), axis);
    return shapeOf(x).length === 0 ? reshaped(found, []) : found;
  }),
  index_add: operator("input dim index source alpha", (call) => {
    const alpha = call.number("alpha", 1);
    const source = call.float("source");
    return alongVector(call, alpha === 1 ? source : mul(alpha, source), added);
  }),
  index_copy: operator("input dim index source", (call) => alongVector(call, call.float("source"), replaced)),
  index_fill: operator("input dim index value", (call) => alongVector(call, call.float("value"), replaced)),
  index_put: operator("input indices values accumulate", indexPut),
  scatter: operator("input dim index src reduce", (call) => {
    const reduce = call.any("reduce");
    const combine = reduce === null ? replaced : reducing(reduce === "add" ? "sum" : "prod", true);
    return scattered(call.float("input"), call.number("dim"), call.tensor("index"), call.float("src"), combine);
  }),
  scatter_add: operator("input dim index src", (call) =>
    scattered(call.float("input"), call.number("dim"), call.tensor("index"), call.float("src"), added),
  ),
  "scatter_reduce.sum": scatterReduce(),
  "scatter_reduce.mean": scatterReduce(),
  "scatter_reduce.prod": scatterReduce(),
  "scatter_reduce.amax": scatterReduce(),
  "scatter_reduce.amin": scatterReduce(),
};
