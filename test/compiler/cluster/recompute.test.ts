/// What a minimum cut finds beyond the greedy choice: kernels that compute again what others have, and are right.
import { expect, test } from "vitest";
import {
  adam,
  add,
  conv2d,
  dense,
  exp,
  input,
  maxPool,
  model,
  mul,
  relu,
  reshape,
  scan,
  softmaxCrossEntropy,
  tanh,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { planOf } from "../../../compiler/cluster/again.ts";
import { noneShares } from "../../../compiler/cluster/bindings.ts";
import { cluster } from "../../../compiler/cluster/cluster.ts";
import { priceOf, trafficBytes } from "../../../compiler/cluster/price.ts";
import { recompute } from "../../../compiler/cluster/recompute.ts";
import { refine } from "../../../compiler/cluster/refine.ts";
import { mustStore, planTraffic, type Traffic } from "../../../compiler/cluster/store.ts";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { mostBindings, type Partition } from "../../../compiler/cluster/partition.ts";
import { entryPointRoots } from "../../../ir/graph.ts";
import { expectRight } from "../agree.ts";

/** Two convolutions with pools on small images, large enough for a tensor to count. */
const pooled = (): Graph =>
  model("pooled", () => {
    const [image, label] = [input("image", "f32", [4, 1, 16, 16]), input("label", "i32", [4])];
    const first = maxPool(relu(conv2d(image, 8, 3, { padding: "same", name: "first" })), 2);
    const second = maxPool(relu(conv2d(first, 16, 3, { padding: "same", name: "second" })), 2);
    const loss = softmaxCrossEntropy(dense(reshape(second, [4, 16 * 4 * 4]), 3, { name: "logits" }), label);
    return { train: { loss, update: adam(loss) } };
  });

const shares = noneShares;

/** The clusters of a graph with one entry point, and what of their values must be stored. */
function clustered(graph: Graph): { readonly partition: Partition; readonly kept: ReadonlySet<Value> } {
  const [entry] = compileWithFacts(graph).planned.entryPoints;
  const roots = entryPointRoots(entry);
  const partition = cluster(roots, { cuts: new Set(), apart: new Map(), written: new Map(), shares });
  return { partition, kept: mustStore(partition, roots, new Set()) };
}

/** Kernels as the greedy choice leaves them, and as cuts do. */
function traffics(graph: Graph): { readonly greedy: readonly Traffic[]; readonly cut: readonly Traffic[] } {
  const { partition, kept } = clustered(graph);
  const targetsOf = () => [];
  const greedy = refine(planTraffic(partition, kept), partition, {
    has: (value) => kept.has(value),
    ...{ targetsOf, shares },
  }).traffic;
  return { greedy, cut: recompute(greedy, { partition, kept, targetsOf, shares }) };
}

test("a cut binds fewer bytes in no more kernels, and none too many tensors", () => {
  const { greedy, cut } = traffics(pooled());
  expect(trafficBytes(cut)).toBeLessThan(0.98 * trafficBytes(greedy));
  expect(cut.length).toBeLessThanOrEqual(greedy.length);
  const most = (all: readonly Traffic[]): number =>
    Math.max(...all.map(({ loads, stores }) => loads.length + stores.length));
  expect(most(cut)).toBeLessThanOrEqual(Math.max(mostBindings, most(greedy)));
});

test("what kernels load is stored by another, or a leaf", () => {
  const { cut } = traffics(pooled());
  const stored = new Set(cut.flatMap(({ stores }) => stores));
  for (const { loads } of cut)
    for (const value of loads) expect(value.op.kind === "leaf" || stored.has(value)).toBe(true);
});

test("kernels that compute again what others have are right", () => expectRight(pooled(), {}));

test("a loop costs what it binds, whatever it costs others to compute what it reads", () => {
  const graph = model("loop", () => {
    const sequence = exp(input("x", "f32", [16, 8, 32])) as Tensor<"f32">;
    const { carry } = scan(([h], [x]) => ({ carry: [tanh(add(mul(h, 0.5), x))] }), {
      initial: [input("start", "f32", [8, 32]) as Tensor<"f32">],
      sequences: [sequence],
    });
    return { run: { y: carry[0] } };
  });
  const { partition, kept } = clustered(graph);
  const { bytes, cost, traffic } = planOf(partition, kept, new Map());
  const computed = [...traffic.keys()].filter(({ kind }) => kind !== "loop").flatMap(({ members }) => [...members]);
  expect(computed.some(({ op }) => op.name === "exp")).toBe(true);
  expect(cost - bytes).toBe(computed.reduce((total, value) => total + priceOf(value), 0));
});
