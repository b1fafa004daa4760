/// Save or recompute, by minimum cuts of the joint graph of forward, backward and optimizer: which values kernels store, and
/// which they compute again where they read them. What counts are the bytes that kernels bind; arithmetic has a price in
/// bytes.
import type { Value } from "../../ir/value.ts";
import { againIn, planOf, type Plan } from "./again.ts";
import type { Cluster, Partition } from "./partition.ts";
import { isCrowded, kernelBindings, leastGain, type Binds } from "./price.ts";
import { cutOf, isOpen } from "./recompute-network.ts";
import type { Traffic } from "./store.ts";

/** A cut rests on the plan before: after so many another one says nothing new. */
const mostCuts = 4;

/** What is asked beside kernels: what must be stored, and the tensors that a result goes to. */
export interface Question extends Binds {
  readonly partition: Partition;
  readonly kept: ReadonlySet<Value>;
}

/** The same kernels with traffic that costs less, where a cut finds any; each cut starts from what the one before decided. */
export function recompute(traffic: readonly Traffic[], question: Question): readonly Traffic[] {
  if (!traffic.some(({ loads }) => loads.some((value) => isOpen(value, question.partition)))) return traffic;
  const first = planOf(question.partition, question.kept, againIn(traffic, question.partition));
  const frozen = new Set<Cluster>();
  let best = first;
  for (let cuts = 0; cuts < mostCuts; cuts++) {
    const next = nextPlan(question, best, frozen);
    if (!next || next.cost > best.cost - leastGain || next.bytes > best.bytes) break;
    best = next;
  }
  return best === first ? traffic : [...best.traffic.values()];
}

/** The plan of a cut. A kernel that would bind too many tensors then is frozen: it computes what it did. */
function nextPlan(question: Question, plan: Plan, frozen: Set<Cluster>): Plan | undefined {
  const { partition, kept } = question;
  const bound = boundBy(plan, question);
  for (;;) {
    const again = cutOf(partition, plan, kept, frozen);
    if (!again) return undefined;
    const next = planOf(partition, kept, again);
    const crowded = [...boundBy(next, question)].filter(([cluster, count]) =>
      isCrowded(count, bound.get(cluster) ?? 0),
    );
    if (crowded.length === 0) return next;
    const found = crowded.map(([cluster]) => cluster).filter((cluster) => again.has(cluster) && !frozen.has(cluster));
    if (found.length === 0) return undefined;
    for (const cluster of found) frozen.add(cluster);
  }
}

/** How many bindings each kernel takes. */
function boundBy({ traffic }: Plan, { targetsOf, shares }: Binds): ReadonlyMap<Cluster, number> {
  const all = [...traffic.values()];
  const read = new Set(all.flatMap(({ loads }) => loads));
  const written = (value: Value): readonly Value[] => [...(read.has(value) ? [value] : []), ...targetsOf(value)];
  return new Map(all.map((each) => [each.cluster, kernelBindings(each, { targetsOf: written, shares })]));
}
