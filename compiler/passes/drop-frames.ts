/// What is 0 around a tensor is not computed with: a formula that is 0 there is one of what is inside, and a sum of products
/// goes over that alone. Windows that leave a rest of an image give nothing back to it, and what reads the last of a sequence
/// gives nothing to the others.
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { minus, padAttrs, padOp, padWith } from "../../ir/ops/pad.ts";
import { contract, contractAttrs } from "../../ir/ops/contract.ts";
import { reshapeOp, reshapeTo } from "../../ir/ops/layout.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { sameShape, type Shape } from "../../ir/type.ts";
import { apply, withOperands, type Value } from "../../ir/value.ts";
import { isRenaming } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { staysNone } from "./narrow-slopes.ts";
import { axesAfter, hasAll, partOf, samePart, sizeOf, wholeOf, type Part } from "./parts.ts";
import { rebuildGraph } from "./replace.ts";

export const dropFrames: Pass = {
  name: "drop-frames",
  doc: "Formulas that are 0 where a tensor is framed by 0 are those of the tensor; sums leave the frame out.",
  run(graph: Graph): Graph {
    const values = graphValues(graph);
    if (!values.some(framed)) return graph;
    const read = readWhole(values, graphRoots(graph));
    return rebuildGraph(graph, (value, operands) => withoutFrame(value, operands, read));
  },
};

/** True for a value whose frame is to stay, since somebody reads it with its frame: it would be computed in both forms. */
type ReadWhole = (value: Value) => boolean;

/**
 * Which values are read with their frames. Frames that stay keep others: so it is asked again with those that are known,
 * until none are new.
 */
function readWhole(values: readonly Value[], roots: readonly Value[]): ReadWhole {
  const whole = new Set(roots);
  const isWhole: ReadWhole = (value) => whole.has(value);
  for (let known = -1; known < whole.size;) {
    known = whole.size;
    const images = new Map<Value, Value>();
    for (const value of values) {
      const operands = value.operands.map((operand) => images.get(operand)!);
      images.set(value, withoutFrame(value, operands, isWhole));
    }
    for (const reader of values.toReversed()) {
      const image = images.get(reader)!;
      const isPassed = reader.op.kind === "layout" || framed(image);
      const isLeft = reader.op.kind === "contraction" || isSumWithin(reader, image);
      if (isPassed ? whole.has(reader) : !isLeft) for (const operand of reader.operands) whole.add(operand);
    }
  }
  return isWhole;
}

const isSumWithin = ({ op, operands }: Value, image: Value): boolean =>
  op === sumOp && !sameShape(image.operands[0].type.shape, operands[0].type.shape);

/** A tensor with zeros around it, and where it lies among them. */
interface Framed {
  readonly inner: Value;
  readonly part: Part;
}

function framed(value: Value): Framed | undefined {
  if (value.op !== padOp) return undefined;
  const { low, interior, fill } = padAttrs(value.attrs);
  const [inner] = value.operands;
  const [own, whole] = [wholeOf(inner.type.shape), wholeOf(value.type.shape)];
  if (!own || !whole || fill !== 0 || interior.some((each) => each !== 0)) return undefined;
  const starts = low as readonly number[];
  const limits = starts.map((start, axis) => start + own.limits[axis]);
  return isWithin({ starts, limits }, whole) ? { inner, part: { starts, limits } } : undefined;
}

const isWithin = ({ starts, limits }: Part, whole: Part): boolean =>
  starts.every((start, axis) => start >= 0 && limits[axis] <= whole.limits[axis]);

/** A tensor that lies somewhere in a larger one, and zeros around it. */
function inFrame(inner: Value, { starts, limits }: Part, shape: Shape): Value {
  const high = shape.map((extent, axis) => minus(extent, limits[axis]));
  return padWith(inner, { low: starts, high, interior: shape.map(() => 0), fill: 0 });
}

function withoutFrame(original: Value, operands: readonly Value[], isWhole: ReadWhole): Value {
  const value = withOperands(original, operands);
  const given = operands.map((operand, at) => (isWhole(original.operands[at]) ? undefined : framed(operand)));
  const [own] = given;
  const { op } = value;
  if (given.every((each) => each === undefined)) return value;
  if (op.kind === "contraction")
    return ([0, 1] as const).reduce((product, side) => summedWithin(product, side, given[side]), value);
  if (op.kind === "elementwise") return formulaWithin(value, given) ?? value;
  if (!own) return value;
  if (op === sumOp) return sumWithin(value, own) ?? value;
  if (isRenaming(value)) return layoutWithin(value, own) ?? value;
  const outer = framed(value);
  if (!outer) return value;
  const shifted = (of: keyof Part): readonly number[] =>
    own.part[of].map((place, axis) => place + outer.part.starts[axis]);
  return inFrame(own.inner, { starts: shifted("starts"), limits: shifted("limits") }, value.type.shape);
}

/** A formula that is 0 around what is framed, of what is inside. */
function formulaWithin(value: Value, given: readonly (Framed | undefined)[]): Value | undefined {
  const first = given.find((each) => each !== undefined);
  if (!first || given.some((each) => each && !samePart(each.part, first.part)) || !staysNone(value, given))
    return undefined;
  const inside = value.operands.map((operand, at) => given[at]?.inner ?? partOf(operand, first.part));
  return inFrame(apply(value.op, inside, value.attrs), first.part, value.type.shape);
}

/** A sum that goes over all of a frame goes over what is inside. */
function sumWithin(value: Value, { inner, part }: Framed): Value | undefined {
  const [{ type }] = value.operands;
  const isSummed = type.shape.every((_, axis) => axesOf(value).includes(axis) || hasAll(part, axis, type.shape));
  return isSummed ? apply(sumOp, [inner], value.attrs) : undefined;
}

function layoutWithin(value: Value, { inner, part }: Framed): Value | undefined {
  const [{ type }] = value.operands;
  const after = axesAfter(value);
  if (after.some((at, axis) => at === undefined && !hasAll(part, axis, type.shape))) return undefined;
  const whole = wholeOf(value.type.shape)!;
  const [starts, limits] = [[...whole.starts], [...whole.limits]];
  after.forEach((at, axis) => {
    if (at !== undefined) [starts[at], limits[at]] = [part.starts[axis], part.limits[axis]];
  });
  const moved = { starts, limits };
  const lying = value.op === reshapeOp ? reshapeTo(inner, sizeOf(moved)) : apply(value.op, [inner], value.attrs);
  return inFrame(lying, moved, value.type.shape);
}

/** A product without the terms that are 0 by a frame around what it reads on one side. */
function summedWithin(product: Value, side: 0 | 1, own: Framed | undefined): Value {
  const attrs = contractAttrs(product);
  const other = product.operands[1 - side];
  const whole = wholeOf(other.type.shape);
  const { shape } = product.operands[side].type;
  const pairs = attrs.contracted.filter((pair) => own && !hasAll(own.part, pair[side], shape));
  if (!own || !whole || pairs.length === 0) return product;
  const [starts, limits] = [[...whole.starts], [...whole.limits]];
  for (const pair of pairs) {
    starts[pair[1 - side]] = own.part.starts[pair[side]];
    limits[pair[1 - side]] = own.part.limits[pair[side]];
  }
  // Along other axes the frame stays.
  const isDropped = (axis: number): boolean => pairs.some((pair) => pair[side] === axis);
  const kept = {
    starts: own.part.starts.map((start, axis) => (isDropped(axis) ? 0 : start)),
    limits: own.part.limits.map((limit, axis) => (isDropped(axis) ? limit - own.part.starts[axis] : limit)),
  };
  const inner = inFrame(
    own.inner,
    kept,
    shape.map((extent, axis) => (isDropped(axis) ? kept.limits[axis] : extent)),
  );
  const operands = side === 0 ? [inner, partOf(other, { starts, limits })] : [partOf(other, { starts, limits }), inner];
  return contract(operands[0], operands[1], attrs);
}
