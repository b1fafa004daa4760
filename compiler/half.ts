/// Which tensors of the arena are kept in half precision (`--storage f16`); arithmetic is float32 all the same. The rule
/// is written here and nowhere else: activations and their slopes are halves; statistics, parts of long sums and what
/// updates are made from stay whole, and what is compared with elements of its own (`cluster/compared.ts`). A word holds two halves: only who writes four elements at a time owns its words.
import type { Graph } from "../ir/graph.ts";
import { constantValue, inputOp } from "../ir/ops/leaf.ts";
import { elementCount, isFloat, sameShape } from "../ir/type.ts";
import { postorder, underLayouts, usersOf, type OpKind, type Value } from "../ir/value.ts";
import { attendOp, isStatistics } from "./cluster/attention.ts";
import { smallMayShare } from "./cluster/bindings.ts";
import { comparedWithOwn } from "./cluster/compared.ts";
import { descend } from "./cluster/descend.ts";
import { mostBindings } from "./cluster/partition.ts";
import { draftOf } from "./draft.ts";
import { targetTensor, type Statement } from "./lower/kernel.ts";
import { tensorsOf, type EntryPlan, type PlannedStep, type Together } from "./plan.ts";

/** Element type of the tensors of the arena, where it may be chosen. */
export type Storage = "f32" | "f16";

/** Why a tensor of the arena stays f32. */
export type Wide = "loop" | "statistic" | "summed" | "update" | "beyond" | "compared" | "shared" | "count" | "single";

/** The reasons as a reader sees them. */
export const wideReasons: Readonly<Record<Wide, string>> = {
  loop: "a loop reads or writes it, place after place",
  statistic: "it is a reduction, or follows from such and from states alone",
  summed: "it is a part of a sum that is added up later",
  update: "a state of its shape is updated from it",
  beyond: "it may be a constant beyond 65504, the largest half",
  compared: "elements selected from it are compared with it, or it has such elements",
  shared: "kernels bind it and others as one range",
  count: "its elements are no multiple of four",
  single: "its kernel writes single elements, and a word holds two",
};

/** What is decided about the tensors of an entry point. */
export interface Stored {
  readonly groups: readonly Together[];
  readonly halves: ReadonlySet<Value>;
  readonly wide: ReadonlyMap<Value, Wide>;
}

/** The largest finite half. */
const largestHalf = 65504;

/** Values that a step writes into tensors of their own. */
export function ownTensors({ targets }: PlannedStep): readonly Value[] {
  return [...targets.values()].flat().flatMap(({ value, state, row }) => (state || row ? [] : [value]));
}

/**
 * The tensors of an entry point in halves, and its dispatches; `groupBy` says which kernels run side by side when these
 * are halves. What a kernel writes it tells only once it is lowered.
 */
export function storeHalves(
  plan: EntryPlan,
  notes: Graph["notes"],
  groupBy: (halves: ReadonlySet<Value>) => readonly Together[],
): Stored {
  const halves = new Set<Value>();
  const wide = new Map<Value, Wide>();
  for (const [value, reason] of reasonsOf(plan)) {
    if (reason) wide.set(value, reason);
    else halves.add(value);
  }
  for (;;) {
    const groups = groupBy(halves);
    const single = groups.flatMap((group) => writtenSingly(group, notes)).filter((value) => halves.delete(value));
    if (single.length === 0) return { groups, halves, wide };
    for (const value of single) wide.set(value, "single");
  }
}

/** Float tensors of the arena, each with a reason against halves where there is one. */
function reasonsOf({ steps, outputs, updates }: EntryPlan): ReadonlyMap<Value, Wide | undefined> {
  const returned = new Set(outputs);
  const own = steps.flatMap((step) => ownTensors(step).filter((value) => !returned.has(value)));
  const tensors = new Set(own.filter(({ type }) => type.dtype === "f32"));
  const looped = new Set(steps.flatMap((step) => (step.loop ? [...tensorsOf(step)] : [])));
  const computed = postorder([...outputs, ...updates.keys()]).filter(({ op }) => op.kind !== "layout");
  const readers = usersOf(computed, underLayouts);
  const updating = updatesOf(steps);
  const isActivation = activations();
  const crowded = steps.flatMap((step) => (tensorsOf(step).size > mostBindings ? [...tensorsOf(step)] : []));
  const shared = new Set(crowded.filter(smallMayShare(returned)));
  const compared = comparedWithOwn(computed, (value) => tensors.has(value));
  const reasonOf = (value: Value): Wide | undefined => {
    if (looped.has(value)) return "loop";
    if (!isActivation(value)) return "statistic";
    if (value.op.kind === "contraction" && readers.get(value)?.every(isReduction)) return "summed";
    if (updates.has(value) || updating(value)) return "update";
    if (mayBeBeyond(value, tensors)) return "beyond";
    if (compared.has(value)) return "compared";
    if (shared.has(value)) return "shared";
    return (elementCount(value.type.shape) as number) % 4 === 0 ? undefined : "count";
  };
  return new Map([...tensors].map((value) => [value, reasonOf(value)]));
}

const isReduction = ({ op }: Value): boolean => op.kind === "reduction";

/** What is computed element by element. */
const expressions: readonly OpKind[] = ["elementwise", "layout", "piecewise"];

/** Attention in blocks is a product with its weights, but for the maxima and totals of its rows. */
const isProductOfScores = (value: Value): boolean => value.op === attendOp && !isStatistics(value);

/** True for what follows element by element from data, a contraction or a lookup: not from reductions and states alone. */
function activations(): (value: Value) => boolean {
  const known = new Map<Value, boolean>();
  return (root) => {
    for (const value of postorder([root])) {
      if (known.has(value)) continue;
      const { kind } = value.op;
      const isSource =
        kind === "contraction" ||
        kind === "gather" ||
        isProductOfScores(value) ||
        (value.op === inputOp && isFloat(value.type.dtype));
      const follows = expressions.includes(kind) && value.operands.some((operand) => known.get(operand));
      known.set(value, isSource || follows);
    }
    return known.get(root)!;
  };
}

/** True for what a kernel reads that updates a state of the same shape: gradients, and what becomes of them. */
function updatesOf(steps: readonly PlannedStep[]): (value: Value) => boolean {
  const updating = steps.flatMap(({ traffic, targets }) => {
    const states = [...targets.values()].flat().flatMap(({ state }) => state ?? []);
    return states.length > 0 ? [{ loads: new Set(traffic.loads), states }] : [];
  });
  return (value) =>
    updating.some(
      ({ loads, states }) => loads.has(value) && states.some(({ type }) => sameShape(type.shape, value.type.shape)),
    );
}

/** True for what may be a number that a half cannot hold, such as −10⁹ where attention is masked; ∞ it can. */
function mayBeBeyond(root: Value, tensors: ReadonlySet<Value>): boolean {
  let found = false;
  descend([root], (value) => {
    const number = constantValue(value) ?? (value.attrs.fill as number | undefined);
    found ||= number !== undefined && Number.isFinite(number) && Math.abs(number) > largestHalf;
    return value === root || (!tensors.has(value) && expressions.includes(value.op.kind));
  });
  return found;
}

/** Tensors of which the kernels of a group write single elements. */
function writtenSingly(group: Together, notes: Graph["notes"]): readonly Value[] {
  const { steps } = group;
  const among = steps.length > 1 ? group : undefined;
  const found: Value[] = [];
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.tag === "block") visit(statement.body);
      else if (statement.tag === "store" && statement.value.lanes === 1) found.push(targetTensor(statement.target));
    }
  };
  for (const step of steps) if (!step.loop) visit(draftOf(step, { notes, isExact: () => false, among }).body);
  return found;
}
