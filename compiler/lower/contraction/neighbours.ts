/// What a thread of a contraction makes of four neighbours that it has: reductions of them, and the element at the place of
/// an extreme.
import { accumulationFlops } from "../../../ir/ops/sum.ts";
import type { HelperFunction, ReductionOp, Value } from "../../../ir/value.ts";
import type { Cluster } from "../../cluster/partition.ts";
import { isExtreme, neighbours } from "../../cluster/access.ts";
import { isAtExtremeWithin, isInQuads, seenAs } from "../../cluster/within.ts";
import { literalText } from "../../wgsl/expression.ts";
import type { Namer } from "../../wgsl/names.ts";
import { elementTexts, takeInElements } from "../accumulate.ts";
import type { Emitter } from "../emitter.ts";
import type { Index } from "../index.ts";
import { components, type Expression } from "../kernel.ts";
import type { Lane } from "../leaf.ts";

/** The reductions of neighbours in a kernel. */
function reductionsOf({ members, axes }: Cluster): readonly Value[] {
  return axes.length === 0 ? [] : [...members].filter(({ op }) => op.kind === "reduction");
}

/** Writes the reductions of neighbours at an index of the product, in their order; each is held in a variable, as are extremes. */
export function reduceNeighbours(
  cluster: Cluster,
  { index, lane, emitter, namer }: Neighbours,
  hold: (value: Value, expression: Expression) => void,
): void {
  for (const value of reductionsOf(cluster)) {
    const op = value.op as ReductionOp;
    const [operand] = value.operands;
    const four = emitter.emit(operand, seenAs(operand.type.shape, index, cluster)!, lane);
    const parts = op.accumulators(operand.type.dtype).map(({ name, dtype, initial }) => {
      const part = namer(name);
      emitter.push({ tag: "line", text: `var ${part} = ${literalText(initial, dtype)};` });
      return { tag: "name", text: part, dtype, lanes: 1 } as const;
    });
    const names = parts.map(({ text }) => text);
    const texts = elementTexts(four, namer, emitter);
    const all = [{ value, op, parts: names, arrays: [] }];
    takeInElements(
      all,
      () => texts,
      components.map((_, step) => `${step}u`),
      namer,
      emitter,
    );
    if (isInQuads(cluster)) {
      emitter.push({ tag: "line", text: `${names[0]} = quadSum(${names[0]}, local.x);` });
    }
    const text = namer(op.name);
    emitter.push({ tag: "line", text: `let ${text} = ${op.wgsl.finish(names)};` });
    hold(value, { tag: "name", text, dtype: value.type.dtype, lanes: 1 });
    for (const element of elementsAt(cluster, value)) {
      // An extreme is what was compared when its place was looked for.
      if (isExtreme(element)) hold(element, parts[0]);
      else hold(element, elementOf(element, text, cluster, { index, lane, emitter, namer }));
    }
  }
}

/** Where neighbours are, and what writes them. */
export interface Neighbours {
  readonly index: readonly Index[];
  readonly lane: Lane;
  readonly emitter: Emitter;
  readonly namer: Namer;
}

/** The elements at a place of the cluster. */
function elementsAt(cluster: Cluster, place: Value): readonly Value[] {
  return [...cluster.members].filter((value) => isAtExtremeWithin(value, cluster) && value.operands[1] === place);
}

/** The one of four numbers that is at a place. */
function elementOf(
  value: Value,
  place: string,
  cluster: Cluster,
  { index, lane, emitter, namer }: Neighbours,
): Expression {
  const [data] = value.operands;
  const four = emitter.hold(data, emitter.emit(data, seenAs(data.type.shape, index, cluster)!, lane));
  if (four.lanes === 1) return four;
  const text = namer("found");
  emitter.push({ tag: "assign", before: `let ${text} = `, value: four, after: `[${place}];` });
  return { tag: "name", text, dtype: value.type.dtype, lanes: 1 };
}

/** Functions that the reductions call. */
export function neighbourHelpers(cluster: Cluster): readonly HelperFunction[] {
  return reductionsOf(cluster).flatMap(({ op }) => (op as ReductionOp).helpers ?? []);
}

/** Operations for each result of the product, of which a reduction takes four. */
export function neighbourFlops(cluster: Cluster): number {
  return reductionsOf(cluster)
    .map(({ op }) => accumulationFlops(op as ReductionOp))
    .reduce((total, { element, finish }) => total + element + finish / neighbours, 0);
}
