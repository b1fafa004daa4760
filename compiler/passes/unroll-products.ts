/// Contractions of few terms in which an operand has no axis of its own, as terms: a tile of results would share nothing of
/// the other operand, and a kernel of elements, which knows the place of each term, does less. A convolution of every
/// channel by itself is one, and so is its derivative by the input.
import { addDims, multiplyDims } from "../../ir/dim.ts";
import type { Graph } from "../../ir/graph.ts";
import { add, mul } from "../../ir/ops/arithmetic.ts";
import { contractAttrs, operandAxes } from "../../ir/ops/contract.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { sliceTo } from "../../ir/ops/pad.ts";
import { broadcastAlong } from "../../ir/ops/sum.ts";
import { windowsAttrs, windowsOp } from "../../ir/ops/windows.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";
import { hasManyResults } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** More terms than this, those of a kernel of 3 × 3 × 3, are a loop. */
const mostTerms = 27;

export const unrollProducts: Pass = {
  name: "unroll-products",
  doc: "A contraction of few terms, an operand of which has no axis of its own, is written out.",
  run(graph: Graph): Graph {
    return rewriteValues(graph, unroll);
  },
};

function unroll(value: Value): Value {
  if (value.op.kind !== "contraction") return value;
  const { contracted, picks } = contractAttrs(value);
  const lengths = contracted.map(([axis]) => value.operands[0].type.shape[axis]);
  const count = elementCount(lengths);
  if (picks === true || typeof count !== "number" || count < 1 || count > mostTerms) return value;
  if (!hasManyResults(value.type.shape)) return value;
  const sides = [0, 1] as const;
  if (!sides.some((side) => freeCount(value, side) === 1)) return value;
  const terms = places(lengths as readonly number[]).map((at) => {
    const [a, b] = sides.map((side) => factorAt(value, side, at));
    return mul(a, b);
  });
  return terms.reduce((total, term) => add(total, term));
}

/** Elements along the axes that one operand has alone. */
function freeCount(value: Value, side: 0 | 1): number {
  const { shape } = value.operands[side].type;
  const count = elementCount(operandAxes(contractAttrs(value), side, shape.length).free.map((axis) => shape[axis]));
  return typeof count === "number" ? count : Infinity;
}

/** What an operand gives to the term at one place of the contracted axes, along the axes of the result. */
function factorAt(value: Value, side: 0 | 1, at: readonly number[]): Value {
  const attrs = contractAttrs(value);
  const operand = value.operands[side];
  const { batch, free, contracted } = operandAxes(attrs, side, operand.type.shape.length);
  const term = atPlaces(operand, new Map(contracted.map((axis, i) => [axis, at[i]])));
  const kept = [...batch, ...free];
  const left = kept.toSorted((a, b) => a - b);
  const turned = transpose(
    term,
    kept.map((axis) => left.indexOf(axis)),
  );
  const { shape } = value.type;
  const first = side === 0 ? batch.length : shape.length - free.length;
  return broadcastAlong(turned, shape, [...batch.map((_, i) => i), ...free.map((_, i) => first + i)]);
}

/** What lies at one place of some axes, without these axes; at one place of all windows lies a slice of what they show. */
function atPlaces(x: Value, places: ReadonlyMap<number, number>): Value {
  const { shape } = x.type;
  if (x.op === windowsOp && !places.has(windowsAttrs(x.attrs).axis)) return inWindows(x, places);
  const piece = sliceTo(x, {
    starts: shape.map((_, axis) => places.get(axis) ?? 0),
    limits: shape.map((extent, axis) => (places.has(axis) ? places.get(axis)! + 1 : extent)),
    strides: shape.map(() => 1),
  });
  return reshapeTo(
    piece,
    shape.filter((_, axis) => !places.has(axis)),
  );
}

function inWindows(x: Value, places: ReadonlyMap<number, number>): Value {
  const own = windowsAttrs(x.attrs);
  const place = places.get(own.axis + 1);
  const others = [...places].filter(([axis]) => axis !== own.axis + 1);
  const rest = atPlaces(x.operands[0], new Map(others.map(([axis, at]) => [axis > own.axis ? axis - 1 : axis, at])));
  const along = own.axis - others.filter(([axis]) => axis < own.axis).length;
  if (place === undefined) return apply(windowsOp, [rest], { ...own, axis: along });
  const start = place * own.dilation;
  const reach = multiplyDims(addDims(x.type.shape[own.axis], -1), own.stride);
  const { shape } = rest.type;
  return sliceTo(rest, {
    starts: shape.map((_, axis) => (axis === along ? start : 0)),
    limits: shape.map((extent, axis) => (axis === along ? addDims(reach, start + 1) : extent)),
    strides: shape.map((_, axis) => (axis === along ? own.stride : 1)),
  });
}

/** Every index of a shape, in row-major order. */
function places(shape: readonly number[]): readonly (readonly number[])[] {
  return shape.reduce<readonly (readonly number[])[]>(
    (found, extent) => found.flatMap((at) => Array.from({ length: extent }, (_, i) => [...at, i])),
    [[]],
  );
}
