/// What is in flight, and whether the module can still be used.

import { resting } from "#platform";
import { runtimeErrors } from "./errors.ts";

/** What is counted: a call with the works that are not known to be finished, the GPU's and reads. */
export interface InFlight {
  /** How many they are. It is in flight while there are any. */
  open: number;
}

/** Counts calls in flight and turns every failure of a lost device or a destroyed module into that error. */
export interface Gate {
  /** Most calls that may be in flight. */
  readonly limit: number;
  /** Throws `destroyed` or `device-lost` when the module cannot be used any more. */
  check(): void;
  /** Throws also `too-many-steps` when another call would be one too many. */
  checkRoom(): void;
  /** Begins a work on a call. */
  enter(call: InFlight): void;
  /** Ends a work on a call; with the last, waiting callers go on. */
  leave(call: InFlight): void;
  /** Begins the GPU's work on a call, which ends when the queue is known to be done with it. */
  submitted(call: InFlight): void;
  /** Says that the queue is done with a call, and so with those before it. */
  finished(call: InFlight): void;
  /** Resolves when there is room for a call; rejects when the module fails first. */
  room(): Promise<void>;
  /** Waits for `work`; rejects with the module's failure (lost device, destroy()) when there is one by then. */
  guard<T>(work: Promise<T>): Promise<T>;
  /**
   * Ends the module's use: the first reason stays. The error is made when somebody is told, since one that is kept keeps
   * whatever called for it.
   */
  fail(reason: () => Error): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

// A failed mapAsync can come before the device's `lost` is delivered.
const lostDelay = 100;

/** Counts the calls in flight on `device`; with every one that ends, some of the waiters go on. */
function countWorks(device: GPUDevice, limit: number, waiters: Waiter[]) {
  let inFlight = 0;
  const queued: InFlight[] = [];
  const enter = (call: InFlight): void => {
    if (!call.open++) inFlight++;
  };
  const leave = (call: InFlight): void => {
    if (--call.open) return;
    inFlight--;
    // One free place wakes one waiter, so that two training loops on one module do not race for it. Those woken may
    // never call again, so an idle module wakes all.
    for (const waiter of waiters.splice(0, inFlight ? 1 : Infinity)) waiter.resolve();
  };
  const finished = (call: InFlight): void => queued.splice(0, queued.indexOf(call) + 1).forEach(leave);
  let unasked = 0;
  // Asking the queue costs a call as much as several dispatches do: it is asked once in half of what may be in flight, and
  // by whoever takes the last place.
  const submitted = (call: InFlight): void => {
    enter(call);
    queued.push(call);
    if (2 * ++unasked < limit && inFlight < limit) return;
    unasked = 0;
    const done = (): void => finished(call);
    device.queue.onSubmittedWorkDone().then(done, done);
  };
  return { enter, leave, finished, submitted, isFull: () => inFlight >= limit };
}

/** Opens the gate of one module on `device`. */
export function openGate(device: GPUDevice, limit: number): Gate {
  let failure: (() => Error) | undefined;
  const waiters: Waiter[] = [];
  const { isFull, ...works } = countWorks(device, limit, waiters);
  const fail = (reason: () => Error): void => {
    failure ??= reason;
    for (const waiter of waiters.splice(0)) waiter.reject(failure());
  };
  const lost = device.lost.then(({ reason, message }) => fail(() => runtimeErrors["device-lost"](reason, message)));
  const check = (): void => {
    if (failure) throw failure();
  };
  return {
    ...works,
    limit,
    check,
    fail,
    checkRoom() {
      check();
      if (isFull()) throw runtimeErrors["too-many-steps"](limit);
    },
    room: async () => {
      check();
      if (isFull()) await resting(new Promise<void>((resolve, reject) => waiters.push({ resolve, reject })));
    },
    async guard(work) {
      try {
        const result = await resting(work);
        check();
        return result;
      } catch (error) {
        // An error of ours has its reason already.
        if (!failure && (error as Error).name !== "ChainruleError")
          await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, lostDelay))]);
        throw failure?.() ?? error;
      }
    },
  };
}
