/// A total of weights times the elements of a product, where one of its operands has been added up with the same weights
/// already: Σⱼ wⱼ Σₖ aₖ bⱼₖ = Σₖ aₖ (Σⱼ wⱼ bⱼₖ). The slope of a softmax asks for such totals along the rows of attention, and
/// the sum on the right is the attention itself: heads are read instead of scores.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { mul } from "../../ir/ops/arithmetic.ts";
import { contractAttrs, operandAxes } from "../../ir/ops/contract.ts";
import { transpose, transposeOp } from "../../ir/ops/layout.ts";
import { axesOf, keptAxes, sumOp } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

export const swapSums: Pass = {
  name: "swap-sums",
  doc: "A total of weights times a product is a product with the weighted total, where that is there and smaller.",
  run(graph: Graph): Graph {
    let products: readonly Value[] | undefined;
    return rewriteValues(graph, (value) =>
      swap(value, () => (products ??= graphValues(graph).filter(({ op }) => op.kind === "contraction"))),
    );
  },
};

/** Weights are a softmax, a mask and a number, if that many. */
const mostFactors = 8;

/** A tensor and what its axes are called. */
interface Named {
  readonly value: Value;
  readonly axes: readonly number[];
}

function swap(value: Value, products: () => readonly Value[]): Value {
  const [operand] = value.operands;
  if (value.op !== sumOp || operand.op !== mul.op) return value;
  const { shape } = operand.type;
  const factors = factorsOf(named(operand));
  const product = factors.find((each) => each.value.op.kind === "contraction");
  if (!product) return value;
  const weights = factors.filter((each) => each !== product);
  const sides = sidesOf(product, shape.length);
  for (const [left, right] of [sides, sides.toReversed()]) {
    const order = [...keptAxes(shape.length, axesOf(value)), ...left.axes.filter((axis) => axis >= shape.length)];
    if (!isSame(left.axes, order) || !isSmaller(left.value, operand)) continue;
    for (const each of products()) {
      const total = weighted(each, weights, right, order);
      if (!total) continue;
      const axes = order.map((_, place) => place).slice(value.type.shape.length);
      return apply(sumOp, [mul(inOrder(left, order), inOrder(total, order))], { axes });
    }
  }
  return value;
}

/** The product as a total of the weights times `right`, if it is that: over all axes of theirs that are not in `order`. */
function weighted(
  product: Value,
  weights: readonly Named[],
  right: Named,
  order: readonly number[],
): Named | undefined {
  if (contractAttrs(product).picks) return undefined;
  const result = named(product);
  const sides = sidesOf(result, result.axes.length);
  for (const [one, other] of [sides, sides.toReversed()]) {
    const names = new Map<number, number>();
    if (!rename(other, right, names) || !renameAll(factorsOf(one), weights, names)) continue;
    const axes = result.axes.map((axis) => names.get(axis)!);
    if (isSame(axes, order)) return { value: product, axes };
  }
  return undefined;
}

/** Notes what the axes of a tensor are called elsewhere; false where that is another tensor, or they have other names. */
function rename(own: Named, there: Named, names: Map<number, number>): boolean {
  if (own.value !== there.value) return false;
  const fits = own.axes.every((axis, place) => (names.get(axis) ?? there.axes[place]) === there.axes[place]);
  if (fits) own.axes.forEach((axis, place) => names.set(axis, there.axes[place]));
  return fits;
}

function renameAll(own: readonly Named[], there: readonly Named[], names: Map<number, number>): boolean {
  const rest = [...there];
  for (const each of own) {
    const place = rest.findIndex((other) => rename(each, other, names));
    if (place < 0) return false;
    rest.splice(place, 1);
  }
  return rest.length === 0;
}

const named = (value: Value): Named => ({ value, axes: value.type.shape.map((_, axis) => axis) });

/** What is multiplied element by element, under transposes; more than a few factors are taken for one. */
function factorsOf(from: Named): readonly Named[] {
  const factors: Named[] = [];
  const pending = [from];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { value, axes } = untransposed(next);
    if (value.op === mul.op) pending.push(...value.operands.map((operand) => ({ value: operand, axes })));
    else factors.push({ value, axes });
    if (factors.length + pending.length > mostFactors) return [from];
  }
  return factors;
}

function untransposed({ value, axes }: Named): Named {
  if (value.op !== transposeOp) return { value, axes };
  const inner = new Array<number>(axes.length);
  (value.attrs.permutation as readonly number[]).forEach((from, place) => (inner[from] = axes[place]));
  return untransposed({ value: value.operands[0], axes: inner });
}

/** The operands of a contraction; the axes that it adds up along are called `first` and so on. */
function sidesOf({ value, axes }: Named, first: number): readonly [Named, Named] {
  const attrs = contractAttrs(value);
  let free = attrs.batch.length;
  const [left, right] = value.operands.map((operand, side): Named => {
    const own = operandAxes(attrs, side === 0 ? 0 : 1, operand.type.shape.length);
    const names = new Array<number>(operand.type.shape.length);
    own.batch.forEach((axis, place) => (names[axis] = axes[place]));
    own.free.forEach((axis) => (names[axis] = axes[free++]));
    own.contracted.forEach((axis, place) => (names[axis] = first + place));
    return untransposed({ value: operand, axes: names });
  });
  return [left, right];
}

/** True for the same names, in any order. */
function isSame(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && new Set([...some, ...others]).size === others.length;
}

function isSmaller(some: Value, other: Value): boolean {
  const [count, most] = [elementCount(some.type.shape), elementCount(other.type.shape)];
  return typeof count === "number" && typeof most === "number" && count < most;
}

const inOrder = ({ value, axes }: Named, order: readonly number[]): Value =>
  transpose(
    value,
    order.map((axis) => axes.indexOf(axis)),
  );
