/// Parts of tensors: a box of elements, from a first place of each axis to an end.
import { sliceAttrs, sliceTo } from "../../ir/ops/pad.ts";
import { broadcastAlong, broadcastAttrs, broadcastOp } from "../../ir/ops/sum.ts";
import type { Shape } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { atomsAfter, isBound } from "./atoms.ts";

/** For each axis the places that a part has of it: from a first one on, before an end. */
export interface Part {
  readonly starts: readonly number[];
  readonly limits: readonly number[];
}

export const sizeOf = ({ starts, limits }: Part): readonly number[] =>
  limits.map((limit, axis) => limit - starts[axis]);

export const samePart = (one: Part, other: Part): boolean =>
  one.starts.join() === other.starts.join() && one.limits.join() === other.limits.join();

/** All of a tensor; undefined where a size is free. */
export const wholeOf = (shape: Shape): Part | undefined =>
  isBound(shape) ? { starts: shape.map(() => 0), limits: shape } : undefined;

/** True along an axis of which the part has everything. */
export const hasAll = ({ starts, limits }: Part, axis: number, shape: Shape): boolean =>
  starts[axis] === 0 && limits[axis] === shape[axis];

/** A part of a value. */
export function partOf(value: Value, part: Part): Value {
  if (value.op !== broadcastOp) return sliceTo(value, { ...part, strides: part.starts.map(() => 1) });
  // What is repeated along an axis is so along a part of it.
  const [x] = value.operands;
  const { axes } = broadcastAttrs(value);
  const isAlong = (at: number): boolean => x.type.shape[at] !== 1;
  const inner = partOf(x, {
    starts: axes.map((axis, at) => (isAlong(at) ? part.starts[axis] : 0)),
    limits: axes.map((axis, at) => (isAlong(at) ? part.limits[axis] : 1)),
  });
  return broadcastAlong(inner, sizeOf(part), axes);
}

/** What a slice takes; undefined where it takes steps, or sizes are free. */
export function partOfSlice({ attrs }: Value): Part | undefined {
  const { starts, limits, strides } = sliceAttrs(attrs);
  return isBound(starts) && isBound(limits) && strides.every((each) => each === 1) ? { starts, limits } : undefined;
}

/** Where each axis of a tensor is after a transpose or a reshape; undefined where that cuts it, or joins it with others. */
export function axesAfter(layout: Value): readonly (number | undefined)[] {
  const [{ type }] = layout.operands;
  const after = atomsAfter(type.shape, [layout]);
  return type.shape.map((extent, axis) => {
    const at = after?.findIndex((atoms) => atoms.length === 1 && atoms[0].axis === axis && atoms[0].extent === extent);
    return at === -1 ? undefined : at;
  });
}
