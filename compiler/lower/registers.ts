/// What a row kernel keeps from loop to loop: elements that one computes and a later one needs again. Each lane goes over
/// the same elements in all of them, so nobody else needs them: they stay in registers, or where the result will be.
import type { Value } from "../../ir/value.ts";
import { readsOf, throughLayouts } from "../cluster/access.ts";
import { descend } from "../cluster/descend.ts";
import { mentions, placeKey, type Index } from "./index.ts";

/** Registers of 32 bits that a lane may fill with elements: of the 64 and more that a thread has where there are many. */
const mostRegisters = 32;

/** An element that several loops need: the value, the text of its index, and the loop that computes it. */
export interface Kept {
  readonly value: Value;
  readonly place: string;
  readonly loop: number;
  /** Operations that it takes. */
  readonly work: number;
  /** The loops that mention it more than once. */
  readonly again: ReadonlySet<number>;
}

/** A kernel's loops over the elements of a row. */
export interface RowLoops {
  /** What each loop needs, in the order of the loops. */
  readonly needs: readonly (readonly Value[])[];
  /** The index at which it needs a value. */
  indexOf(value: Value): readonly Index[];
  /** The variable that counts elements. */
  readonly variable: string;
  /** How many elements a lane goes over. */
  readonly turns: number;
  /** True for what lies in memory, or is the same for the whole row. */
  isKnown(value: Value): boolean;
}

/** What loops keep. */
export interface KeptElements {
  readonly inRegisters: readonly Kept[];
  /** Written where a result will be, and read there again before the result takes its place. */
  readonly inResult?: Kept | undefined;
}

/**
 * What is worth keeping, within the registers that there are: what takes the most operations to compute again. One that
 * finds no room there, and calls functions, may lie in a result where `fitsResult` says so.
 */
export function planRegisters(loops: RowLoops, fitsResult: (kept: Kept) => boolean): KeptElements {
  const refused = new Set<Kept>();
  const met = createMet();
  let inResult: Kept | undefined;
  for (;;) {
    const inRegisters = findShared(loops, met, refused).filter((each) => each !== inResult);
    if (inRegisters.length * loops.turns <= mostRegisters) return { inRegisters, inResult };
    inResult ??= inRegisters
      .filter((each) => callsFunctions(each.value, loops) && fitsResult(each))
      .reduce<Kept | undefined>((most, each) => (most && most.work >= each.work ? most : each), undefined);
    const rest = inRegisters.filter((each) => each !== inResult);
    if (rest.length === inRegisters.length) {
      refused.add(rest.reduce((least, each) => (each.work < least.work ? each : least)));
    }
  }
}

/** True where some operation under a value is more than an instruction or two. */
function callsFunctions(value: Value, { isKnown }: RowLoops): boolean {
  let calls = false;
  descend([value], (each) => {
    if (each.op.kind === "leaf" || isKnown(each)) return false;
    calls ||= each.op.kind === "elementwise" && (each.op.helpers ?? []).length > 0;
    return true;
  });
  return calls;
}

interface Element extends Kept {
  work: number;
  readonly again: Set<number>;
}

/** Elements that were met, each once. */
function createMet() {
  const all = new Map<Value, Map<string, Element>>();
  return (value: Value, place: string, loop: number): Element => {
    const places = all.get(value) ?? new Map<string, Element>();
    all.set(value, places);
    const element = places.get(place) ?? { value, place, loop, work: 0, again: new Set() };
    places.set(place, element);
    return element;
  };
}

/** Elements that a loop has computed and a later one needs, the largest parts of what that needs. */
function findShared(
  { needs, indexOf, variable, isKnown }: RowLoops,
  met: ReturnType<typeof createMet>,
  refused: ReadonlySet<Kept>,
): readonly Kept[] {
  const kept = new Set<Kept>();
  const variables = new Set([variable]);
  const visit = (from: Value, at: readonly Index[], loop: number, seen: Set<Kept>): number => {
    const { value, index: there } = throughLayouts(from, at);
    if (value.op.kind === "leaf" || isKnown(value) || !there.some((part) => mentions(part, variables))) return 0;
    const element = met(value, placeKey(there), loop);
    if (seen.has(element)) {
      element.again.add(loop);
      return 0;
    }
    seen.add(element);
    if (element.loop < loop && element.work > 0 && value.op.kind === "elementwise" && !refused.has(element)) {
      kept.add(element);
      return 0;
    }
    const under = readsOf(value, there).map((read) => visit(read.value, read.index, loop, seen));
    const own = value.op.kind === "elementwise" ? (value.op.flops ?? 1) : 0;
    const work = under.reduce((total, each) => total + each, own);
    if (element.loop === loop) element.work = work;
    return work;
  };
  needs.forEach((values, loop) => {
    const seen = new Set<Kept>();
    for (const value of values) visit(value, indexOf(value), loop, seen);
  });
  return [...kept];
}
