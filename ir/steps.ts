/// Steps of loops while a model is built: where they are for those who draw random numbers, and what becomes of their values.
import type { Dim } from "./dim.ts";
import type { Place } from "./diagnostic.ts";
import type { PartRecord } from "./naming.ts";
import { letterOp } from "./ops/leaf.ts";
import type { Value } from "./value.ts";

/** Where a loop is: an i32 scalar, less than its length. */
export interface LoopPlace {
  readonly position: Value;
  readonly length: Dim;
}

/** The loops of a model that is being built. */
export interface StepRecord {
  /** Those whose step is being traced, from the outside in. */
  readonly around: LoopPlace[];
  /** What steps computed → what stands for it in the loop. */
  readonly closed: Map<Value, Value>;
}

/** No loops yet. */
export function startSteps(): StepRecord {
  return { around: [], closed: new Map() };
}

/** Runs the step of a loop once. */
export function traceWithin<T>({ around }: StepRecord, loop: LoopPlace, step: () => T): T {
  around.push(loop);
  try {
    return step();
  } finally {
    around.pop();
  }
}

/** What a builder has noted about values. */
interface Noted {
  readonly parts: PartRecord[];
  readonly names: Map<Value, string>;
  readonly places: Map<Value, Place>;
  readonly steps: StepRecord;
}

/**
 * Names and places go over from the values of a step to those that stand for them in the loop. Those that differ from step
 * to step, `moving`, belong to the loop alone.
 */
export function noteClosed(
  { parts, names, places, steps }: Noted,
  closed: ReadonlyMap<Value, Value>,
  moving: ReadonlySet<Value>,
): void {
  for (const value of moving) steps.closed.set(value, closed.get(value) ?? value);
  for (const [from, to] of closed) {
    const [name, place] = [names.get(from), places.get(from)];
    if (from === to) continue;
    // What is the same in every step may be used outside as well, and is called the same there; a layout of it is not two.
    const isOwn = to.op !== letterOp && (moving.has(from) || to.op.kind !== "layout");
    if (name !== undefined && isOwn) {
      if (moving.has(from)) names.delete(from);
      names.set(to, name);
    }
    if (place) places.set(to, place);
  }
  parts.forEach((part, position) => {
    const to = closed.get(part.value);
    if (to && to.op !== letterOp) parts[position] = { ...part, value: to };
  });
}
