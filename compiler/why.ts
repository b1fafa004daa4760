/// Why neighbouring kernels are two: what the clustering said when it was asked to compute a value of one in the other.
import type { Place } from "../ir/diagnostic.ts";
import type { Graph } from "../ir/graph.ts";
import { axesOf } from "../ir/ops/sum.ts";
import { formatType } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";
import { noneShares, smallMayShare, type Shares } from "./cluster/bindings.ts";
import { descend } from "./cluster/descend.ts";
import { mostBindings, mostMembers, type Cluster, type Refusal } from "./cluster/partition.ts";
import { bindingsWith } from "./joined.ts";
import { kernelPlaces } from "./kernel-places.ts";
import { formulaOf } from "./kept-names.ts";
import { nounOf } from "./lower/kernel.ts";
import { lowerScans } from "./passes/lower-scans.ts";
import { stepsInside, type PlannedStep } from "./plan.ts";
import { assemble, type EntryFacts } from "./program.ts";

/** Characters that a table has room for. */
const widestFormula = 40;

/** A kernel that reads what another writes, and why it is not the same kernel. */
export interface RefusedPair {
  /** The kernel that writes, as the table of kernels calls it. */
  readonly from: string;
  /** The kernel that reads. */
  readonly to: string;
  /** The value of the reader that could not be computed in the other kernel: its name, or its formula if it is short. */
  readonly value: string;
  /** `loop`: a loop is between them; `before`: together they came to bind too many tensors, and would not as they are now. */
  readonly reason: Refusal | "loop" | "before";
  /** The reason as a sentence. */
  readonly text: string;
  /** The reason in general: pairs that have it in common stand together. */
  readonly because: string;
  /** The line of the model that the value comes from. */
  readonly place?: Place;
}

/** A value that is not computed in the kernel `from`, but in `to`. */
interface Refused {
  readonly value: Value;
  /** What the value is called in a sentence. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** How many tensors the first kernel would bind with it. */
  readonly bindings: number;
}

const sentences: Readonly<Record<RefusedPair["reason"], (refused: Refused) => string>> = {
  starts: ({ value, name }) => `${name} starts a kernel of its own: ${groundOf(value)}`,
  sealed: ({ name, from }) => `kernel ${from} takes in nothing else, so that ${name} is computed after it`,
  members: ({ name, from }) => `with ${name}, kernel ${from} would compute more than ${mostMembers} values`,
  bindings: ({ name, from }) => `with ${name}, kernel ${from} would bind more than ${mostBindings} tensors`,
  before: ({ name, from, bindings }) =>
    `with ${name}, kernel ${from} came to more than ${mostBindings} tensors while kernels were planned; ` +
    `as they are now it would bind ${bindings}`,
  waits: ({ name, from }) => `${name} also reads what a kernel in between makes of what ${from} writes`,
  extents: ({ value, name, from }) =>
    `${name} is ${formatType(value.type)}, and kernel ${from} goes over elements of another shape`,
  places: ({ name, from }) => `${name} reads elements that other threads of kernel ${from} compute`,
  elsewhere: ({ name, from, to }) =>
    `${name} is computed beside another of its operands in kernel ${to}, which starts after ${from} has ended`,
  loop: ({ name, from }) => `${name} reads what kernel ${from} leaves in a tensor of a loop, place by place`,
};

/** What reasons have in common, of the value that could not be computed in the first kernel. */
const generally: Readonly<Record<Exclude<RefusedPair["reason"], "starts">, string>> = {
  sealed: "the first kernel takes in nothing else",
  members: `the first kernel would compute more than ${mostMembers} values`,
  bindings: `the first kernel would bind more than ${mostBindings} tensors`,
  before: `the first kernel came to more than ${mostBindings} tensors with it while kernels were planned, and would not now`,
  waits: "it also reads what a kernel in between makes of the first one's results",
  extents: "the first kernel goes over elements of another shape",
  places: "it reads elements that other threads of the first kernel compute",
  elsewhere: "it is computed beside another of its operands, in a kernel that starts after the first",
  loop: "it reads what the first kernel leaves in a tensor of a loop, place by place",
};

function becauseOf(reason: RefusedPair["reason"], { op }: Value): string {
  if (reason !== "starts") return generally[reason];
  if (op.kind === "reduction") return "it is a reduction, and no thread of the first kernel has all of a row";
  if (op.kind === "contraction" || op.kind === "composite")
    return "it is a product, which reads its operands many times";
  return "it starts a kernel of its own";
}

/** Why a value starts a kernel. */
function groundOf(value: Value): string {
  const { op, operands } = value;
  switch (op.kind) {
    case "contraction":
    case "composite":
      return "it reads each of its operands many times";
    case "reduction":
      return `no thread has all that is reduced along axis ${axesOf(value).join(", ")} of ${formatType(operands[0].type)}`;
    case "piecewise":
      return "a value of so many pieces is written once";
    default:
      return "no kernel goes over the same elements beside it";
  }
}

type Reasons = ReadonlyMap<Value, ReadonlyMap<Cluster, Refusal>>;

/**
 * The pairs of neighbouring kernels by entry point, in launch order; of a graph ready for kernels, its loops as scans. The
 * program is assembled once more, for what is said on the way.
 */
export function refusedPairs(ready: Graph): ReadonlyMap<string, readonly RefusedPair[]> {
  const reasons = new Map<Value, Map<Cluster, Refusal>>();
  const graph = lowerScans.run(ready);
  const { facts } = assemble(graph, (value, cluster, reason) => {
    const known = reasons.get(value) ?? new Map<Cluster, Refusal>();
    reasons.set(value, known);
    if (!known.has(cluster)) known.set(cluster, reason);
  });
  return new Map(facts.map((entry) => [entry.name, pairsOf(entry, graph.notes, reasons)]));
}

/** A kernel with what the loops around it call its tensors. */
interface Placed {
  readonly step: PlannedStep;
  readonly notes: Graph["notes"];
  /** The tensor outside of loops that a leaf within stands for. */
  resolve(value: Value): Value;
  /** Tensors that take one binding where they would take too many. */
  readonly shares: Shares;
}

/** Kernels, those of loops in their place. */
function flatten(steps: readonly PlannedStep[], around: Omit<Placed, "step">): readonly Placed[] {
  return steps.flatMap((step) => {
    if (!step.loop) return [{ step, ...around }];
    const { aliases, notes } = step.loop;
    const resolve = (value: Value): Value => around.resolve(aliases.get(value) ?? value);
    return flatten(stepsInside(step.loop), { notes, resolve, shares: noneShares });
  });
}

function pairsOf({ launches, plan }: EntryFacts, notes: Graph["notes"], reasons: Reasons): readonly RefusedPair[] {
  const placeOf = kernelPlaces(notes, plan);
  const names = new Map(launches.flatMap(({ name, steps }) => steps.map((step) => [step, name] as const)));
  const outputs = new Set(plan.outputs);
  const all = flatten(plan.steps, { notes, resolve: (value) => value, shares: smallMayShare(outputs) });
  const [writers, readers] = [new Map<Value, Placed[]>(), new Map<Value, Placed[]>()];
  const note = (known: Map<Value, Placed[]>, tensor: Value, placed: Placed): void => {
    known.set(tensor, [...(known.get(tensor) ?? []), placed]);
  };
  for (const placed of all) {
    for (const tensor of tensorsWritten(placed)) note(writers, tensor, placed);
    for (const load of placed.step.traffic.loads) note(readers, placed.resolve(load), placed);
  }
  const pairs = all.flatMap((reader) => {
    const sources = new Set(reader.step.traffic.loads.flatMap((load) => writers.get(reader.resolve(load)) ?? []));
    sources.delete(reader);
    return [...sources].map((source) => {
      const isKept = (result: Value): boolean =>
        outputs.has(result) || readers.get(source.resolve(result))?.some((each) => each !== reader) === true;
      return describe(source, reader, { names, reasons, isKept, placeOf });
    });
  });
  // Kernels that run side by side have one name, and may say the same.
  return [...new Map(pairs.map((pair) => [[pair.from, pair.to, pair.text].join(), pair])).values()];
}

/** What a kernel writes for others: values, and rows of the tensors of a loop. */
function tensorsWritten({ step: { traffic, targets }, resolve }: Placed): ReadonlySet<Value> {
  const rows = [...targets.values()].flat().flatMap(({ row }) => (row ? [resolve(row.tensor)] : []));
  return new Set([...traffic.stores, ...rows]);
}

/** What is known of a pair beside its kernels. */
interface Known {
  readonly names: ReadonlyMap<PlannedStep, string>;
  readonly reasons: Reasons;
  /** True for a result of the first kernel that others than the second read. */
  readonly isKept: (result: Value) => boolean;
  /** The line of a kernel, for what has none of its own. */
  readonly placeOf: (steps: readonly PlannedStep[]) => Place | undefined;
}

function describe(source: Placed, reader: Placed, { names, reasons, isKept, placeOf }: Known): RefusedPair {
  const value = readerOf(source, reader);
  const { traffic } = source.step;
  const isDirect = reader.step.traffic.loads.some((load) => traffic.stores.includes(load));
  const bindings = isDirect ? bindingsWith(value, source.step, reader.step, isKept, source.shares) : 0;
  // Where nobody asked, the value had found its kernel before this one came into question.
  const said = isDirect ? (reasons.get(value)?.get(traffic.cluster) ?? "elsewhere") : "loop";
  const reason = said === "bindings" && bindings <= mostBindings ? "before" : said;
  const [from, to] = [names.get(source.step)!, names.get(reader.step)!];
  const { name: known, place = placeOf([reader.step]) } = reader.notes.get(value) ?? {};
  const noun = nounOf(value);
  const name = known ? `\`${known}\`` : `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
  const text = sentences[reason]({ value, name, from, to, bindings });
  const formula = known ?? formulaOf(value, namesIn(reader.notes), widestFormula);
  const shown = known ?? (formula.length > widestFormula ? noun : formula);
  return { from, to, value: shown, reason, text, because: becauseOf(reason, value), ...(place && { place }) };
}

const namesIn = (notes: Graph["notes"]): ReadonlyMap<Value, string> =>
  new Map([...notes].flatMap(([value, { name }]) => (name === undefined ? [] : [[value, name] as const])));

/** The first value of a kernel that reads what another writes, by itself or through what is computed on the way. */
function readerOf(source: Placed, { step: { traffic }, resolve }: Placed): Value {
  const written = tensorsWritten(source);
  const { members } = traffic.cluster;
  for (const member of members) {
    let reads = false;
    descend(member.operands, (value) => {
      const isWritten = written.has(resolve(value));
      reads ||= isWritten;
      return !reads && !isWritten && !members.has(value) && !traffic.loads.includes(value);
    });
    if (reads) return member;
  }
  return [...members][0];
}
