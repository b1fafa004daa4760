/// Rearrangements drawn at random, each as values of the graph and, independently, as a function from index to element.
import { bindDim, multiplyDims, type Dim } from "../../../ir/dim.ts";
import { CompileError } from "../../../ir/diagnostic.ts";
import { reshapeTo, reverse, transpose } from "../../../ir/ops/layout.ts";
import { concatenate, pad, slice } from "../../../ir/ops/pad.ts";
import { broadcastAlong } from "../../../ir/ops/sum.ts";
import { skewOp, windows } from "../../../ir/ops/windows.ts";
import type { Shape } from "../../../ir/type.ts";
import { apply, type Value } from "../../../ir/value.ts";

/** What the names among the sizes are bound to. */
export const sizes: Readonly<Record<string, number>> = { n: 6, m: 5 };

/** A size as a number. */
export const numberOf = (size: Dim): number => bindDim(size, sizes) as number;
/** A shape as numbers. */
export const extentsOf = (shape: Shape): readonly number[] => shape.map(numberOf);

/** An element of a tensor by its index. */
export type Reading = (index: readonly number[]) => number;

/** A value, and what its elements are by definition. */
export interface Rearranged {
  readonly value: Value;
  readonly read: Reading;
}

/** What fills: no position of a leaf. */
export const fill = -1;

/** Numbers that decide on a step. */
export type Choices = readonly [kind: number, a: number, b: number, c: number];

/** Row-major position. */
export function flatten(index: readonly number[], extents: readonly number[]): number {
  return index.reduce((position, each, axis) => position * extents[axis] + each, 0);
}

/** Index of a row-major position. */
export function unflatten(position: number, extents: readonly number[]): readonly number[] {
  let rest = position;
  return extents.map((_, axis) => {
    const inside = extents.slice(axis + 1).reduce((count, each) => count * each, 1);
    const at = Math.floor(rest / inside);
    rest -= at * inside;
    return at;
  });
}

type Step = (before: Rearranged, a: number, b: number, c: number) => Rearranged;

const rotated: Step = ({ value, read }, a) => {
  const { length } = value.type.shape;
  const order = value.type.shape.map((_, place) => (place + a) % length);
  return {
    value: transpose(value, order),
    read: (index) => read(order.map((_, axis) => index[order.indexOf(axis)])),
  };
};

const reversed: Step = ({ value, read }, a, b) => {
  const { shape } = value.type;
  const axes = [...new Set([a % shape.length, b % shape.length])];
  const extents = extentsOf(shape);
  return {
    value: reverse(value, axes),
    read: (index) => read(index.map((each, axis) => (axes.includes(axis) ? extents[axis] - 1 - each : each))),
  };
};

const sliced: Step = ({ value, read }, a, b, c) => {
  const { shape } = value.type;
  const axis = a % shape.length;
  const [start, cut, step] = [b % 3, c % 2, typeof shape[axis] === "number" ? 1 + ((b + c) % 3) : 1];
  const ranges = shape.map((_, i) => (i === axis ? ([start, cut === 0 ? null : -cut, step] as const) : null));
  return {
    value: slice(value, ranges),
    read: (index) => read(index.map((each, i) => (i === axis ? start + step * each : each))),
  };
};

/** Splits an axis by a number, or merges it with the next. */
const reshaped: Step = ({ value, read }, a, b) => {
  const { shape } = value.type;
  const axis = a % shape.length;
  const part = 2 + (b % 3);
  const splits = Number.isInteger(numberOf(shape[axis]) / part) && typeof shape[axis] === "number";
  const extents = extentsOf(shape);
  const wanted = splits
    ? shape.toSpliced(axis, 1, ...(b % 2 ? [part, extents[axis] / part] : [extents[axis] / part, part]))
    : merged(shape, axis);
  const after = reshapeTo(value, wanted);
  return { value: after, read: (index) => read(unflatten(flatten(index, extentsOf(after.type.shape)), extents)) };
};

/** Two neighbouring axes as one. */
function merged(shape: Shape, axis: number): Shape {
  return axis + 1 < shape.length ? shape.toSpliced(axis, 2, multiplyDims(shape[axis], shape[axis + 1])) : shape;
}

const repeated: Step = ({ value, read }, a, b) => {
  const { shape } = value.type;
  const at = a % (shape.length + 1);
  const wanted = shape.toSpliced(at, 0, 2 + (b % 2));
  return {
    value: broadcastAlong(
      value,
      wanted,
      shape.map((_, axis) => (axis < at ? axis : axis + 1)),
    ),
    read: (index) => read(index.toSpliced(at, 1)),
  };
};

const padded: Step = ({ value, read }, a, b, c) => {
  const { shape } = value.type;
  const axis = a % shape.length;
  const [low, high, between] = [(b % 4) - 1, (c % 4) - 1, (b + c) % 3];
  const only = (width: number): readonly number[] => shape.map((_, i) => (i === axis ? width : 0));
  const extent = numberOf(shape[axis]);
  return {
    value: pad(
      value,
      shape.map((_, i) => (i === axis ? [low, high] : [0, 0])),
      { interior: only(between), value: fill },
    ),
    read(index) {
      const from = (index[axis] - low) / (between + 1);
      return Number.isInteger(from) && from >= 0 && from < extent ? read(index.with(axis, from)) : fill;
    },
  };
};

/** A tensor beside what another step makes of it, where that fits. */
const beside: Step = (before, a, b, c) => {
  const { shape } = before.value.type;
  const axis = a % shape.length;
  const other = [reversed, sliced, padded][b % 3](before, a, b, c);
  const extent = numberOf(shape[axis]);
  return {
    value: concatenate([before.value, other.value], axis),
    read: (index) => (index[axis] < extent ? before.read(index) : other.read(index.with(axis, index[axis] - extent))),
  };
};

const windowed: Step = ({ value, read }, a, b, c) => {
  const axis = a % value.type.shape.length;
  const [stride, dilation] = [typeof value.type.shape[axis] === "number" ? 1 + (c % 2) : 1, 1 + ((b + c) % 2)];
  return {
    value: windows(value, { axis, size: 2 + (b % 2), stride, dilation }),
    read: (index) => read(index.toSpliced(axis, 2, index[axis] * stride + index[axis + 1] * dilation)),
  };
};

const skewed: Step = ({ value, read }, a, b) => {
  const { shape } = value.type;
  if (shape.length < 2) return { value, read };
  const axis = a % (shape.length - 1);
  const dilation = 1 + (b % 2);
  const after = apply(skewOp, [value], { axis, dilation });
  const columns = numberOf(shape[axis + 1]);
  return {
    value: after,
    read: (index) => read(index.with(axis, index[axis] + (columns - 1 - index[axis + 1]) * dilation)),
  };
};

const steps: readonly Step[] = [
  ...[rotated, reversed, sliced, reshaped, repeated, padded, beside, windowed, skewed, reshaped],
];

/** How many elements a drawn tensor may have. */
const most = 400;

/** The tensor after so many steps; a step that its shape does not allow is left out. */
export function rearrange(leaf: Value, choices: readonly Choices[]): Rearranged {
  const extents = extentsOf(leaf.type.shape);
  return choices.reduce<Rearranged>(
    (before, [kind, a, b, c]) => {
      const after = attempt(() => steps[kind % steps.length](before, a, b, c));
      const fits = after && extentsOf(after.value.type.shape).every((extent) => extent >= 1);
      return fits && extentsOf(after.value.type.shape).reduce((x, y) => x * y, 1) <= most ? after : before;
    },
    { value: leaf, read: (index) => flatten(index, extents) },
  );
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}
