/// A contraction of few results over a long axis, in two steps: parts of the axis become a batch, and a sum adds them up in
/// a fixed order. Without it a convolution's weights would keep a handful of threads busy, each for a long time.
import { largestDivisor } from "../../ir/dim.ts";
import type { Graph } from "../../ir/graph.ts";
import { contract, contractAttrs, operandAxes, type AxisPair } from "../../ir/ops/contract.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { sumOp } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";
import { places, sourcesOf } from "./sources.ts";

/** Shorter axes are not worth a second kernel. */
const longAxis = 2048;

/** So many results keep a device busy by themselves. */
const enoughResults = 4096;

/** At most so many parts, of at least so many steps each. */
const [mostParts, shortestPart] = [64, 64] as const;

/** A thread has four results of each of so few rows: more of them keep no more threads busy, up to so many in a row. */
const [fewRows, enoughColumns] = [4, 8192] as const;

/** Those rows are in so few parts: what is written in between stays small beside what is read. */
const partsOfRows = 8;

/** For one element of a part's results so many are read at least. */
const beside = 8;

export const splitContractions: Pass = {
  name: "split-contractions",
  doc: "A contraction of few results over a long axis is a sum of contractions over parts of it.",
  run(graph: Graph): Graph {
    return rewriteValues(graph, split);
  },
};

function split(value: Value): Value {
  if (value.op.kind !== "contraction") return value;
  const { batch, contracted } = contractAttrs(value);
  const [left, right] = value.operands;
  const lengths = contracted.map(([axis]) => left.type.shape[axis]);
  const [length, results] = [elementCount(lengths), elementCount(value.type.shape)];
  if (typeof length !== "number" || typeof results !== "number") return value;
  if (length < longAxis || (results > enoughResults && !isSkinny(value))) return value;
  // The outermost axis of the left operand: what a part reads lies together.
  const pair = contracted.reduce((first, each) => (each[0] < first[0] ? each : first));
  const extent = left.type.shape[pair[0]] as number;
  const few = Math.floor(elementsRead(value) / (results * beside));
  const most = Math.min(results > enoughResults ? partsOfRows : mostParts, Math.max(2, few));
  const parts = largestDivisor(extent, Math.min(most, length / shortestPart));
  if (parts === 1) return value;
  const rest = contracted.filter((each) => each !== pair);
  const product =
    parts === extent
      ? contract(left, right, { batch: [...batch, pair], contracted: rest })
      : contractParts(left, right, { batch: [...batch, pair], contracted: [...rest, pair] }, parts);
  return apply(sumOp, [product], { axes: [batch.length] });
}

/** Elements of the tensors that a product reads: of windows, what they are of; of tensors side by side, all of them. */
function elementsRead({ operands }: Value): number {
  const read = operands.flatMap((operand) => [...sourcesOf(operand, places)]);
  return read.reduce((total, { type }) => total + (elementCount(type.shape) as number), 0);
}

/** True for the product of a few rows with a matrix along whose rows a thread does not walk: what it skips is far away. */
function isSkinny(value: Value): boolean {
  const attrs = contractAttrs(value);
  if (attrs.batch.length > 0) return false;
  const sides = ([0, 1] as const).map((side) => {
    const { shape } = value.operands[side].type;
    const { free, contracted } = operandAxes(attrs, side, shape.length);
    return {
      extent: elementCount(free.map((axis) => shape[axis])) as number,
      walked: contracted,
      last: shape.length - 1,
    };
  });
  const [few, many] = sides.toSorted((a, b) => a.extent - b.extent);
  return few.extent <= fewRows && many.extent <= enoughColumns && !many.walked.includes(many.last);
}

/** The axes of the last pair in two: parts are a batch, what is in a part is contracted. */
function contractParts(
  left: Value,
  right: Value,
  { batch, contracted }: { readonly batch: readonly AxisPair[]; readonly contracted: readonly AxisPair[] },
  parts: number,
): Value {
  const pair = batch[batch.length - 1];
  const inTwo = (operand: Value, axis: number): Value => {
    const { shape } = operand.type;
    const steps = (shape[axis] as number) / parts;
    return reshapeTo(operand, [...shape.slice(0, axis), parts, steps, ...shape.slice(axis + 1)]);
  };
  const moved = (side: 0 | 1, axis: number): number => (axis > pair[side] ? axis + 1 : axis);
  const both = (pairs: readonly AxisPair[]): readonly AxisPair[] => pairs.map(([a, b]) => [moved(0, a), moved(1, b)]);
  const inside: readonly AxisPair[] = [...both(contracted.slice(0, -1)), [pair[0] + 1, pair[1] + 1]];
  return contract(inTwo(left, pair[0]), inTwo(right, pair[1]), { batch: both(batch), contracted: inside });
}
