/// What nobody reads is not computed: where one part is all that is read of a product, or of formulas of it, the product is
/// that of parts of its operands. Windows side by side leave a rest of an image that they do not divide, and what predicts
/// from the last of a sequence reads no other row.
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { contract, contractAttrs, operandAxes } from "../../ir/ops/contract.ts";
import { reshapeOp, reshapeTo } from "../../ir/ops/layout.ts";
import { sliceOp } from "../../ir/ops/pad.ts";
import { apply, withOperands, type Value } from "../../ir/value.ts";
import { isRenaming } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { axesAfter, hasAll, partOf, partOfSlice, samePart, sizeOf, wholeOf, type Part } from "./parts.ts";
import { rebuildGraph } from "./replace.ts";

export const neededParts: Pass = {
  name: "needed-parts",
  doc: "A product of which one part is read is the product of parts.",
  run(graph: Graph): Graph {
    const values = graphValues(graph);
    if (!values.some(({ op }) => op === sliceOp)) return graph;
    const parts = ofProducts(values, partsRead(values, graphRoots(graph)));
    return parts.size === 0 ? graph : rebuildGraph(graph, (value, operands) => imageOf(value, operands, parts));
  },
};

type Parts = ReadonlyMap<Value, Part>;

/** The values of which one part is read, and which can be computed in part. */
function partsRead(values: readonly Value[], roots: readonly Value[]): Parts {
  const read = new Map<Value, Part | undefined>(roots.map((root) => [root, undefined]));
  const found = new Map<Value, Part>();
  for (const value of values.toReversed()) {
    const part = read.get(value);
    const under = partsUnder(value, part);
    if (part && under) found.set(value, part);
    value.operands.forEach((operand, at) => {
      const [known, asked] = [read.get(operand), under?.[at]];
      const isAlike = !read.has(operand) || (known && asked && samePart(known, asked));
      read.set(operand, isAlike ? asked : undefined);
    });
  }
  return found;
}

/** Those of them that are products, or formulas of such. */
function ofProducts(values: readonly Value[], parts: Parts): Parts {
  const found = new Map<Value, Part>();
  for (const value of values) {
    const part = parts.get(value);
    const isOfProduct = value.op.kind === "contraction" || value.operands.some((each) => found.has(each));
    if (part && isOfProduct) found.set(value, part);
  }
  return found;
}

/** What a part of a value is made of, of each operand; undefined where that is all of them. */
function partsUnder(value: Value, part: Part | undefined): readonly Part[] | undefined {
  const { op, operands } = value;
  if (op === sliceOp) {
    const taken = partOfSlice(value);
    const shifted = (places: readonly number[]): readonly number[] =>
      places.map((place, axis) => place + taken!.starts[axis]);
    return taken && [part ? { starts: shifted(part.starts), limits: shifted(part.limits) } : taken];
  }
  if (!part) return undefined;
  if (op.kind === "elementwise") return operands.map(() => part);
  if (op.kind === "contraction") return partsOfOperands(value, part);
  const under = isRenaming(value) ? partBefore(value, part) : undefined;
  return under && [under];
}

/** The part of what a layout reads, if it only moves the axes that the part cuts. */
function partBefore(layout: Value, part: Part): Part | undefined {
  const [{ type }] = layout.operands;
  const [whole, after] = [wholeOf(type.shape), axesAfter(layout)];
  const isFollowed = layout.type.shape.every(
    (_, axis) => hasAll(part, axis, layout.type.shape) || after.includes(axis),
  );
  if (!whole || !isFollowed) return undefined;
  const taken = (of: keyof Part): readonly number[] =>
    after.map((at, axis) => (at === undefined ? whole[of][axis] : part[of][at]));
  return { starts: taken("starts"), limits: taken("limits") };
}

/** The rows and the columns, and all that is summed along. */
function partsOfOperands(value: Value, part: Part): readonly Part[] | undefined {
  const attrs = contractAttrs(value);
  const sides = ([0, 1] as const).map((side) => {
    const { shape } = value.operands[side].type;
    const [{ batch, free }, whole] = [operandAxes(attrs, side, shape.length), wholeOf(shape)];
    const first = side === 0 ? batch.length : value.type.shape.length - free.length;
    const placeOf = (axis: number): number =>
      batch.includes(axis) ? batch.indexOf(axis) : free.includes(axis) ? first + free.indexOf(axis) : -1;
    const taken = (of: keyof Part): readonly number[] =>
      whole![of].map((all, axis) => (placeOf(axis) < 0 ? all : part[of][placeOf(axis)]));
    return whole && { starts: taken("starts"), limits: taken("limits") };
  });
  return sides.every((side) => side !== undefined) ? sides : undefined;
}

function imageOf(value: Value, operands: readonly Value[], parts: Parts): Value {
  const part = parts.get(value);
  const under = part || value.op === sliceOp ? partsUnder(value, part) : undefined;
  if (!under) return withOperands(value, operands);
  const inside = value.operands.map((operand, at) =>
    parts.has(operand) ? operands[at] : partOf(operands[at], under[at]),
  );
  const { op, attrs } = value;
  if (op === sliceOp) return inside[0];
  if (op === reshapeOp) return reshapeTo(inside[0], sizeOf(part!));
  return op.kind === "contraction" ? contract(inside[0], inside[1], contractAttrs(value)) : apply(op, inside, attrs);
}
