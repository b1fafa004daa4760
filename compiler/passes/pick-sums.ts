/// A sum of what a condition picks, as a product with the condition: where it hangs on other axes than what it picks from,
/// as with rows of a table that gradients are added to, a tile of the product reads each number once for many results. Terms
/// that go to rows may be alike, as slopes of all words of a text are whose mean was taken.
import type { Graph } from "../../ir/graph.ts";
import { selectOp, where } from "../../ir/ops/choose.ts";
import { contract, type AxisPair } from "../../ir/ops/contract.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { constant, constantValue, iotaOp } from "../../ir/ops/leaf.ts";
import { axesOf, broadcastAlong, broadcastAttrs, broadcastOp, keptAxes, sumOp } from "../../ir/ops/sum.ts";
import type { Shape } from "../../ir/type.ts";
import { apply, withOperands, type Value } from "../../ir/value.ts";
import { extentsOf, placesOf } from "../lower/contraction-shape.ts";
import type { Pass } from "../pass.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";
import { rewriteValues } from "./replace.ts";

/** With fewer rows or columns than this, nothing is read twice that matters. */
const fewest = 4;

export const pickSums: Pass = {
  name: "pick-sums",
  doc: "A sum of selected numbers is a product, where condition and numbers hang on axes of their own.",
  run(graph: Graph): Graph {
    const found = new Map<Value, ReadonlySet<number>>();
    return rewriteValues(graph, (value) => asProduct(value, (root) => bottomUp(root, found, axesUnder)));
  },
};

function asProduct(value: Value, axesHung: (value: Value) => ReadonlySet<number>): Value {
  const [selected] = value.operands;
  if (value.op !== sumOp || selected.op !== selectOp || value.type.dtype !== "f32") return value;
  const [condition, numbers, otherwise] = selected.operands;
  if (constantValue(otherwise) !== 0) return value;
  const { shape } = selected.type;
  const all = shape.map((_, axis) => axis);
  const [ofCondition, ofNumbers] = [axesHung(condition), axesHung(numbers)];
  const summed = axesOf(value);
  const isShared = (axis: number): boolean => ofCondition.has(axis) && ofNumbers.has(axis);
  if (!all.every((axis) => ofCondition.has(axis) || ofNumbers.has(axis))) return value;
  if (!summed.every((axis) => ofCondition.has(axis))) return value;
  const kept = keptAxes(shape.length, summed);
  const [rows, columns] = [ofNumbers, ofCondition].map((others) => kept.filter((axis) => !others.has(axis)));
  if (!isLarge(rows, shape) || !isLarge(columns, shape)) return value;
  const left = all.filter((axis) => ofCondition.has(axis));
  const right = all.filter((axis) => ofNumbers.has(axis) || summed.includes(axis));
  const pairs = (axes: readonly number[]): readonly AxisPair[] =>
    axes.map((axis) => [left.indexOf(axis), right.indexOf(axis)]);
  const batch = kept.filter(isShared);
  const product = contract(where(along(condition, left), 1, 0), along(numbers, right), {
    ...{ batch: pairs(batch), contracted: pairs(summed), picks: true },
  });
  // Where terms are alike, a product would have every one of them, unless each goes to its row.
  if (!summed.every(isShared) && !placesOf(extentsOf(product))) return value;
  const order = [...batch, ...rows, ...columns];
  return transpose(
    product,
    kept.map((axis) => order.indexOf(axis)),
  );
}

function isLarge(axes: readonly number[], shape: Shape): boolean {
  return axes.some((axis) => typeof shape[axis] === "number" && shape[axis] >= fewest);
}

/** The axes on which a value may hang, from those of its operands. */
function axesUnder(value: Value, under: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  const { op, operands, type, attrs } = value;
  if (value.constant && op.kind === "leaf" && op !== iotaOp) return new Set();
  if (op === iotaOp) return new Set([attrs.axis as number]);
  if (op === broadcastOp) {
    const [{ type: inner }] = operands;
    return new Set(broadcastAttrs(value).axes.filter((axis, i) => inner.shape[i] === type.shape[axis]));
  }
  if (op.kind === "elementwise") return new Set(under.flatMap((axes) => [...axes]));
  return new Set(type.shape.map((_, axis) => axis));
}

/** The value along some of its axes, among which are all on which it hangs; what many read is moved once. */
export function along(root: Value, axes: readonly number[]): Value {
  const done = new Map<Value, Value>();
  const ask = (value: Value): Value => {
    const found = done.get(value) ?? moved(value, axes, ask);
    done.set(value, found);
    return found;
  };
  return ask(root);
}

function moved(value: Value, axes: readonly number[], again: (value: Value) => Value): Value {
  const { op, operands, type, attrs } = value;
  if (axes.length === type.shape.length) return value;
  const shape = axes.map((axis) => type.shape[axis]);
  const number = constantValue(value);
  if (number !== undefined) return constant(number, type.dtype, shape);
  if (op === iotaOp) return apply(iotaOp, [], { ...attrs, axis: axes.indexOf(attrs.axis as number), shape });
  if (op !== broadcastOp) return withOperands(value, operands.map(again));
  const [operand] = operands;
  const inner = broadcastAttrs(value).axes;
  const places = inner.flatMap((axis, i) => (axes.includes(axis) ? [i] : []));
  const rest = reshapeTo(
    operand,
    places.map((i) => operand.type.shape[i]),
  );
  return broadcastAlong(
    rest,
    shape,
    places.map((i) => axes.indexOf(inner[i])),
  );
}
