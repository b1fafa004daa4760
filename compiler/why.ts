/// Why neighbouring kernels are two: what the clustering said when it was asked to compute a value of one in the other.
import type { EntryPoint, Graph } from "../ir/graph.ts";
import { axesOf } from "../ir/ops/sum.ts";
import { formatType } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";
import { descend } from "./cluster/descend.ts";
import { mostBindings, mostMembers, type Cluster, type Refusal } from "./cluster/partition.ts";
import { kernelName } from "./lower/header.ts";
import { nounOf } from "./lower/kernel.ts";
import { planEntry, type PlannedStep } from "./plan.ts";

/** A kernel that reads what another writes, and why it is not the same kernel. */
export interface RefusedPair {
  /** The kernel that writes. */
  readonly from: string;
  /** The kernel that reads. */
  readonly to: string;
  /** The value of the reader that could not be computed in the other kernel. */
  readonly value: string;
  readonly reason: Refusal;
  /** The reason as a sentence. */
  readonly text: string;
}

/** What each reason means, as the end of a sentence that begins with the value. */
const meanings: Readonly<Record<Refusal, (value: Value) => string>> = {
  starts: (value) => `it starts a kernel of its own: ${groundOf(value)}`,
  sealed: () => "the kernel that writes takes in nothing else",
  members: () => `together they would compute more than ${mostMembers} values`,
  bindings: () => `together they would bind more than ${mostBindings} tensors`,
  waits: () => "the kernel that writes would wait for something that waits for it",
  extents: ({ type }) => `it is ${formatType(type)}, and the kernel that writes goes over another shape`,
  places: () => "it reads elements that other threads of the kernel that writes compute",
  elsewhere: () => "it is computed in another kernel that it reads from",
};

/** Why a value starts a kernel. */
function groundOf(value: Value): string {
  const { op, operands } = value;
  switch (op.kind) {
    case "contraction":
      return "a product reads its operands many times";
    case "reduction":
      return `no thread has all that is reduced along axis ${axesOf(value).join(", ")} of ${formatType(operands[0].type)}`;
    case "piecewise":
      return "so many pieces are written once";
    default:
      return `nothing goes over the same elements beside a ${nounOf(value)}`;
  }
}

/**
 * The pairs of neighbouring kernels of an entry point, in launch order; the entry point of a graph ready for kernels. A loop
 * is one of them, without those inside.
 */
export function refusedPairs(entry: EntryPoint, notes: Graph["notes"]): readonly RefusedPair[] {
  const reasons = new Map<Value, Map<Cluster, Refusal>>();
  const { steps } = planEntry(entry, notes, (value, cluster, reason) => {
    const known = reasons.get(value) ?? new Map<Cluster, Refusal>();
    reasons.set(value, known);
    if (!known.has(cluster)) known.set(cluster, reason);
  });
  const writers = new Map<Value, PlannedStep>();
  for (const step of steps) for (const value of step.traffic.stores) writers.set(value, step);
  return steps.flatMap((step) => {
    const sources = new Set(step.traffic.loads.flatMap((value) => writers.get(value) ?? []));
    sources.delete(step);
    return [...sources].map((source) => describe(source, step, reasons, notes));
  });
}

function describe(
  source: PlannedStep,
  step: PlannedStep,
  reasons: ReadonlyMap<Value, ReadonlyMap<Cluster, Refusal>>,
  notes: Graph["notes"],
): RefusedPair {
  const [from, to] = [source, step].map((each) => kernelName(each, notes));
  const { cluster } = source.traffic;
  const value = readerOf(source, step);
  // Where nobody asked, the value had found its kernel before this one came into question.
  const reason = reasons.get(value)?.get(cluster) ?? "elsewhere";
  return { from, to, value: notes.get(value)?.name ?? nounOf(value), reason, text: meanings[reason](value) };
}

/** The first value of a kernel that reads what another writes, by itself or through what is computed on the way. */
function readerOf(source: PlannedStep, { traffic }: PlannedStep): Value {
  const written = new Set(source.traffic.stores);
  const { members } = traffic.cluster;
  for (const member of members) {
    let reads = false;
    descend(member.operands, (value) => {
      reads ||= written.has(value);
      return !reads && !written.has(value) && !members.has(value) && !traffic.loads.includes(value);
    });
    if (reads) return member;
  }
  return [...members][0];
}
