/// Which results of a kernel may lie where an operand of it lies: the operand is bound once, read and written.
import type { Graph } from "../ir/graph.ts";
import { sameShape } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import { noneShares } from "./cluster/bindings.ts";
import { ownTensors } from "./half.ts";
import { contractionSquares } from "./lower/contraction-shape.ts";
import { draftOf, type Writing } from "./draft.ts";
import { contractionOf } from "./lower/contract.ts";
import { fitsInPlace } from "./lower/in-place.ts";
import type { Statement } from "./lower/kernel.ts";
import { sideBySide, type Buffering } from "./merge.ts";
import type { EntryPlan, PlannedStep, Together } from "./plan.ts";
import type { Places } from "./schedule/order.ts";
import type { Signer } from "./signature.ts";

/** A result that may take the place of an operand. */
export interface Pair {
  readonly result: Value;
  readonly operand: Value;
}

/** Fewer bytes are not worth a text of its own. */
const fewest = 1024;

/** The pairs of a step as it is written in a group, with these operands; the largest results first. */
export type Pairing = (step: PlannedStep, group: Written, operands: readonly Value[]) => readonly Pair[];

/** How a step is written: alone, or among others. */
type Written = Pick<Together, "steps" | "apart" | "isLeft">;

/** Finds pairs; kernels that are alike are looked at once. `isOwn` says which results have a place in the arena. */
export function createPairing(
  isOwn: (value: Value) => boolean,
  halves: ReadonlySet<Value>,
  notes: Graph["notes"],
  signer: Signer,
): Pairing {
  const known = new Map<string, (result: number, operand: number) => boolean>();
  const isExact = (tensor: Value): boolean => !halves.has(tensor);
  const proofOf = (step: PlannedStep, group: Written): ((pair: Pair) => boolean) => {
    const isShared = group.steps.length > 1 || group.isLeft === true;
    const { text, tensors } = signer.of(step);
    const key = `${isShared} ${group.apart} ${tensors.map(isExact).join()} ${text}`;
    const proof =
      known.get(key) ?? prove(tensors, () => bodiesOf(step, isShared ? group : undefined, { notes, isExact }));
    known.set(key, proof);
    return ({ result, operand }) => proof(tensors.indexOf(result), tensors.indexOf(operand));
  };
  return (step, group, operands) => {
    if (step.loop || operands.length === 0) return [];
    const results = ownTensors(step).filter((value) => isOwn(value) && bytesOf(value, halves) >= fewest);
    const pairs = results
      .toSorted((a, b) => bytesOf(b, halves) - bytesOf(a, halves))
      .flatMap((result) => operands.map((operand) => ({ result, operand })))
      // What shares a range with others would stretch it over the result's other neighbours.
      .filter(({ operand }) => isOwn(operand))
      .filter(({ result, operand }) => isAlike(result, operand) && isExact(result) === isExact(operand));
    return pairs.length === 0 ? [] : pairs.filter(proofOf(step, group));
  };
}

/** As many elements of one type; shapes may differ. */
const isAlike = ({ type }: Value, { type: other }: Value): boolean =>
  type.dtype === other.dtype && (sameShape(type.shape, other.shape) || countOf(type.shape) === countOf(other.shape));

const countOf = (shape: Value["type"]["shape"]): number =>
  (shape as readonly number[]).reduce((product, extent) => product * extent, 1);

/** Tells of a pair of tensors, given by their numbers, whether all bodies allow it. */
function prove(tensors: readonly Value[], bodies: () => readonly (readonly Statement[])[]) {
  const known = new Map<string, boolean>();
  let all: ReturnType<typeof bodies> | undefined;
  return (result: number, operand: number): boolean => {
    const key = `${result} ${operand}`;
    const found =
      known.get(key) ?? (all ??= bodies()).every((body) => fitsInPlace(body, tensors[operand], tensors[result]));
    known.set(key, found);
    return found;
  };
}

/** The bodies of a step as they will be written: its own, and those that take its place on some adapters. */
function bodiesOf(step: PlannedStep, among: Writing["among"], known: Writing): readonly (readonly Statement[])[] {
  const writing = { ...known, holdsResults: true };
  const root = contractionOf(step.traffic);
  const edges = root ? contractionSquares(root) : [];
  return [{ ...writing, among }, ...edges.map((edge) => ({ ...writing, edge }))].map(
    (each) => draftOf(step, each).body,
  );
}

/** Results with their places, by the dispatch that writes them. */
export type Taken = ReadonlyMap<Together, Places>;

/**
 * The places that results take where dispatches run in this order: those of operands that nobody reads later or beside. Results
 * that are asked for outside have memory of their own.
 */
export function placesIn(groups: readonly Together[], outputs: ReadonlySet<Value>, pairing: Pairing): Taken {
  const last = new Map<Value, number>();
  const own = new Set<Value>();
  groups.forEach(({ steps }, time) => {
    for (const step of steps) {
      for (const value of ownTensors(step)) if (!outputs.has(value)) own.add(value);
      for (const load of step.traffic.loads) last.set(load, time);
    }
  });
  const taken = new Map<Together, Places>();
  groups.forEach((group, time) => {
    const places = new Map<Value, Value>();
    const gone = new Set<Value>();
    for (const step of group.steps) {
      const isFree = (load: Value): boolean =>
        own.has(load) && last.get(load) === time && !group.steps.some((other) => other !== step && reads(other, load));
      for (const { result, operand } of pairing(step, group, step.traffic.loads.filter(isFree))) {
        if (places.has(result) || gone.has(operand)) continue;
        places.set(result, operand);
        gone.add(operand);
      }
    }
    if (places.size > 0) taken.set(group, places);
  });
  return taken;
}

const reads = ({ traffic }: PlannedStep, load: Value): boolean => traffic.loads.includes(load);

/** The steps of a group, with the places that results of theirs take. */
export function placedSteps(steps: readonly PlannedStep[], places: Places): readonly PlannedStep[] {
  return steps.map((step) => {
    const own = ownTensors(step).flatMap((value): [Value, Value][] => {
      const operand = places.get(value);
      return operand ? [[value, operand]] : [];
    });
    return own.length > 0 ? { ...step, over: new Map(own) } : step;
  });
}

/**
 * The plan with what runs side by side in loops, and with the places that results take there, where a tensor that is no row
 * lives for one turn.
 */
export function placedLoops(plan: EntryPlan, lying: Buffering, signer: Signer): EntryPlan {
  const within = (step: PlannedStep, resolve: (tensor: Value) => Value): PlannedStep => {
    const { loop } = step;
    if (!loop) return step;
    const inside = (tensor: Value): Value => resolve(loop.aliases.get(tensor) ?? tensor);
    const group = (groups: readonly Together[]): readonly Together[] =>
      sideBySide(
        groups.flatMap(({ steps }) => steps.map((inner) => within(inner, inside))),
        { ...lying, shares: noneShares, resolve: inside },
        signer,
      );
    const each = group(loop.each);
    const taken = placesIn(
      each,
      new Set(),
      createPairing(() => true, new Set(), loop.notes, signer),
    );
    const placed = each.map((inner) => ({ ...inner, steps: placedSteps(inner.steps, taken.get(inner) ?? new Map()) }));
    return { ...step, loop: { ...loop, first: group(loop.first), each: placed } };
  };
  if (plan.steps.every(({ loop }) => !loop)) return plan;
  return { ...plan, steps: plan.steps.map((step) => within(step, (tensor) => tensor)) };
}
