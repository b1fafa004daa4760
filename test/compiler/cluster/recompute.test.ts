/// What a minimum cut finds beyond the greedy choice: kernels that compute again what others have, and are right.
import { expect, test } from "vitest";
import { adam, conv2d, dense, input, maxPool, model, relu, reshape, softmaxCrossEntropy, type Graph } from "chainrule";
import { noneShares } from "../../../compiler/cluster/bindings.ts";
import { cluster } from "../../../compiler/cluster/cluster.ts";
import { trafficBytes } from "../../../compiler/cluster/price.ts";
import { recompute } from "../../../compiler/cluster/recompute.ts";
import { refine } from "../../../compiler/cluster/refine.ts";
import { mustStore, planTraffic, type Traffic } from "../../../compiler/cluster/store.ts";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { mostBindings } from "../../../compiler/cluster/partition.ts";
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

/** Kernels as the greedy choice leaves them, and as cuts do. */
function traffics(graph: Graph): { readonly greedy: readonly Traffic[]; readonly cut: readonly Traffic[] } {
  const [entry] = compileWithFacts(graph).planned.entryPoints;
  const roots = entryPointRoots(entry);
  const shares = noneShares;
  const partition = cluster(roots, { cuts: new Set(), apart: new Map(), written: new Map(), shares });
  const kept = mustStore(partition, roots, new Set());
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
