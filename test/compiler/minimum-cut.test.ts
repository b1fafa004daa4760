/// Save or recompute: what forward kernels leave to those of gradients, against the least that could be left, which is a
/// minimum cut of the graph between what cannot be computed again and what gradients read (Chen et al. 2016).
import { expect, test } from "vitest";
import { gradientsAndTheirUsers } from "../../compiler/autodiff/residuals.ts";
import { compileWithFacts } from "../../compiler/compile.ts";
import { createNetwork, sink, source } from "../../compiler/cluster/minimum-cut.ts";
import { keptForBackward } from "../../compiler/kept.ts";
import { entryPointRoots, type Graph } from "../../ir/graph.ts";
import { elementCount } from "../../ir/type.ts";
import { postorder, type OpKind, type Value } from "../../ir/value.ts";
import cnn from "../bench/models/cnn.ts";
import deep from "../bench/models/deep.ts";
import gpt from "../bench/models/gpt.ts";
import mlp from "../bench/models/mlp.ts";

/** Single numbers, such as the count of steps, are no matter of memory. */
const bytesOf = ({ type }: Value): number => {
  const count = elementCount(type.shape) as number;
  return count === 1 ? 0 : 4 * count;
};
const totalOf = (values: Iterable<Value>): number => [...values].reduce((total, value) => total + bytesOf(value), 0);

/** Where elements lie: nobody keeps that. */
const places: readonly OpKind[] = ["layout", "piecewise"];

/** What stands between the halves of a step. */
interface Halves {
  readonly order: readonly Value[];
  readonly backward: ReadonlySet<Value>;
  /** Bytes that the report lists. */
  readonly kept: number;
}

function halvesOf(model: Graph): Halves {
  const { planned, entries } = compileWithFacts(model);
  const train = entries.find(({ name }) => name === "train")!;
  const order = postorder(entryPointRoots(train.plan.entry));
  const kept = totalOf(keptForBackward(planned, train).map(({ value }) => value));
  return { order, backward: gradientsAndTheirUsers(planned, order), kept };
}

/** The least bytes between the halves, where `isFixed` is asked what is not computed again. */
function minimumCut({ order, backward }: Halves, isFixed: (value: Value) => boolean): number {
  const forward = order.filter((value) => !backward.has(value) && value.op.kind !== "leaf" && !value.constant);
  const network = createNetwork();
  const nodes = new Map(forward.map((value) => [value, { own: network.node(), exit: network.node() }]));
  for (const [value, { own, exit }] of nodes) {
    network.edge(own, exit, places.includes(value.op.kind) ? Infinity : bytesOf(value));
    if (isFixed(value)) network.edge(source, own, Infinity);
    else
      for (const { exit: from } of value.operands.flatMap((each) => nodes.get(each) ?? []))
        network.edge(from, own, Infinity);
  }
  const read = order.filter((value) => backward.has(value)).flatMap(({ operands }) => operands);
  for (const { exit } of read.flatMap((value) => nodes.get(value) ?? [])) network.edge(exit, sink, Infinity);
  return network.cut().cost;
}

/** Contractions, reductions and the like are computed once; everything else may be computed again. */
const again: readonly OpKind[] = [...places, "elementwise", "gather"];
const isWork = ({ op }: Value): boolean => !again.includes(op.kind);

test.each([
  ["mlp", mlp],
  ["deep", deep],
  ["cnn", cnn],
] as const)("%s keeps for its gradients what a minimum cut of all of its graph keeps", (_, model) => {
  const halves = halvesOf(model);
  expect(halves.kept).toBe(minimumCut(halves, isWork));
});

test("gpt keeps no more than a minimum cut that computes no function again, nor what products of gradients read", () => {
  const halves = halvesOf(gpt);
  const products = halves.order.filter((value) => halves.backward.has(value) && value.op.kind === "contraction");
  const read = new Set(products.flatMap(({ operands }) => operands.map(underPlaces)));
  const calls = ({ op }: Value): boolean => op.kind === "elementwise" && (op.helpers ?? []).length > 0;
  const { kept } = halves;
  expect(kept).toBeLessThanOrEqual(minimumCut(halves, (value) => isWork(value) || calls(value) || read.has(value)));
  // To compute the rest again as well would take a second pass over what was computed, which costs more than it spares.
  expect(kept).toBeLessThanOrEqual(1.5 * minimumCut(halves, isWork));
});

function underPlaces(value: Value): Value {
  let under = value;
  while (places.includes(under.op.kind)) [under] = under.operands;
  return under;
}
