/// Convolutions without the axis of their groups, and the sums that their gradients are. Each is recognised by building
/// it again: what the short form stands for is the value itself.
import { multiplyDims, type Dim } from "../dim.ts";
import { convolveOp } from "../ops/convolve.ts";
import { reshapeOp, reverseOp, transposeOp } from "../ops/layout.ts";
import { broadcastOp, type BroadcastAttrs } from "../ops/sum.ts";
import { sameShape, type Shape } from "../type.ts";
import { apply, sameAttrs, type Attrs, type Value } from "../value.ts";
import { statedAttributes } from "./attributes.ts";

/** A convolution as two tensors without groups, and how it walks. */
interface Written {
  readonly name: string;
  readonly operands: readonly [Value, Value];
  readonly attributes: readonly string[];
}

type Order = readonly [number, number, number];

/** How the operands of the op are made of those that are written, and the result of the op's. */
interface Kind {
  /** Orders of the first three axes; both operands have groups in the second place or the first. */
  readonly left: Order;
  readonly right: Order;
  readonly result: Order;
  /** The right operand is turned round in space. */
  readonly turned?: true;
  /** Where the groups of the left operand, the right one and the result are, before they are reordered. */
  readonly groups: Order;
}

/**
 * `conv(x, w)` is the layer. `convTransposed(g, w)` hands g back along the kernel w, to every place that it was read from.
 * `correlate(x, g)` sums x times g over examples and places, for every place in the kernel.
 */
const kinds: Readonly<Record<string, Kind>> = {
  convTransposed: { left: [0, 1, 2], right: [0, 2, 1], result: [0, 1, 2], turned: true, groups: [1, 0, 1] },
  correlate: { left: [2, 1, 0], right: [1, 2, 0], result: [1, 2, 0], groups: [1, 1, 0] },
  conv: { left: [0, 1, 2], right: [0, 1, 2], result: [0, 1, 2], groups: [1, 0, 1] },
};

/** Axes of a convolution in the groups' form: examples, groups, channels and one of space. */
const leastRank = 4;

/** The short form of a convolution that `isOpaque` hides nothing of. */
export function writtenConvolution(value: Value, isOpaque: (value: Value) => boolean): Written | undefined {
  if (value.op !== reshapeOp || value.operands[0].type.shape.length < leastRank) return undefined;
  for (const [name, kind] of Object.entries(kinds)) {
    const product = withoutOrder(value.operands[0], kind.result);
    if (product?.op !== convolveOp) continue;
    const [left, right] = product.operands;
    const upright = kind.turned ? unturned(right) : right;
    const [x, w] = [withoutOrder(left, kind.left), upright && withoutOrder(upright, kind.right)];
    if (!x || !w) continue;
    const operands = [ungrouped(x, kind.groups[0]), ungrouped(w, kind.groups[1])] as const;
    const groups = x.type.shape[kind.groups[0]];
    if (typeof groups !== "number" || expanded(kind, operands, groups, product.attrs) !== value) continue;
    if (between(value, operands).some(isOpaque)) continue;
    const attributes = [...(groups === 1 ? [] : [`groups=${groups}`]), ...statedAttributes(product)];
    return { name, operands, attributes };
  }
  return undefined;
}

/** What a short form stands for; undefined when the name is none. */
export function expandConvolution(name: string, operands: readonly Value[], attributes: Attrs): Value | undefined {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind || operands.length !== 2) return undefined;
  const { groups = 1, ...attrs } = attributes;
  const { shape } = operands[0].type;
  const defaults = convolveOp.defaults!([{ dtype: "f32", shape: [1, ...shape] }]);
  return expanded(kind, [operands[0], operands[1]], groups as number, { ...defaults, ...attrs });
}

function expanded(kind: Kind, [x, w]: readonly [Value, Value], groups: number, attrs: Attrs): Value | undefined {
  const [left, right] = [grouped(x, kind.groups[0], groups), grouped(w, kind.groups[1], groups)];
  if (!left || !right) return undefined;
  const ordered = inOrder(right, kind.right);
  const product = apply(convolveOp, [inOrder(left, kind.left), kind.turned ? turned(ordered) : ordered], attrs);
  const result = inOrder(product, kind.result);
  return apply(reshapeOp, [result], { shape: merged(result.type.shape, kind.groups[2]) });
}

/** The values between a short form and what it is written with. */
function between(value: Value, written: readonly Value[]): readonly Value[] {
  const found: Value[] = [];
  const pending = [...value.operands];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const isSplit = next.op === reshapeOp || next.op === broadcastOp;
    if (written.includes(next)) continue;
    found.push(next);
    if (!isSplit) pending.push(...next.operands);
  }
  return found;
}

/** [… G, n …] → [… G·n …]. */
function merged(shape: Shape, at: number): Shape {
  return [...shape.slice(0, at), multiplyDims(shape[at], shape[at + 1]), ...shape.slice(at + 2)];
}

function ungrouped(value: Value, at: number): Value {
  const shape = merged(value.type.shape, at);
  const [base] = value.op === reshapeOp ? value.operands : [value];
  if (value.op === broadcastOp) {
    const { axes } = value.attrs as unknown as BroadcastAttrs;
    const stay = axes.map((axis) => (axis > at ? axis - 1 : axis));
    if (!axes.includes(at)) return apply(broadcastOp, value.operands, { shape, axes: stay });
  }
  return sameShape(base.type.shape, shape) ? base : apply(reshapeOp, [base], { shape });
}

function grouped(value: Value, at: number, groups: number): Value | undefined {
  const extent = value.type.shape[at];
  const each: Dim | undefined = groups === 1 ? extent : typeof extent === "number" ? extent / groups : undefined;
  if (each === undefined) return undefined;
  const shape = [...value.type.shape.slice(0, at), groups, each, ...value.type.shape.slice(at + 1)];
  if (value.op === broadcastOp && groups === 1) {
    const { axes } = value.attrs as unknown as BroadcastAttrs;
    return apply(broadcastOp, value.operands, { shape, axes: axes.map((axis) => (axis >= at ? axis + 1 : axis)) });
  }
  const [base] = value.op === reshapeOp ? value.operands : [value];
  return sameShape(base.type.shape, shape) ? base : apply(reshapeOp, [base], { shape });
}

const isOrdered = (order: Order): boolean => order.every((axis, i) => axis === i);

function permutationOf(value: Value, order: Order): readonly number[] {
  return value.type.shape.map((_, axis) => order[axis] ?? axis);
}

/** The axes in another order; a repetition only repeats along others. */
function inOrder(value: Value, order: Order): Value {
  if (isOrdered(order)) return value;
  const permutation = permutationOf(value, order);
  if (value.op !== broadcastOp) return apply(transposeOp, [value], { permutation });
  const { axes, shape } = value.attrs as unknown as BroadcastAttrs;
  return apply(broadcastOp, value.operands, {
    shape: permutation.map((axis) => shape[axis]),
    axes: axes.map((axis) => permutation.indexOf(axis)),
  });
}

function withoutOrder(value: Value, order: Order): Value | undefined {
  if (isOrdered(order)) return value;
  const permutation = permutationOf(value, order);
  if (value.op === transposeOp) return sameAttrs(value.attrs, { permutation }) ? value.operands[0] : undefined;
  if (value.op !== broadcastOp) return undefined;
  return inOrder(value, [0, 1, 2].map((axis) => permutation.indexOf(axis)) as unknown as Order);
}

const spatial = (value: Value): readonly number[] => value.type.shape.map((_, axis) => axis).slice(3);

const turned = (kernel: Value): Value => apply(reverseOp, [kernel], { axes: spatial(kernel) });

function unturned(value: Value): Value | undefined {
  return value.op === reverseOp && sameAttrs(value.attrs, { axes: spatial(value) }) ? value.operands[0] : undefined;
}
