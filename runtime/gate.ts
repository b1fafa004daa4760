/// What is in flight, and whether the module can still be used.

import { runtimeErrors } from "./errors.ts";

/** Counts calls in flight and turns every failure of a lost device or a destroyed module into that error. */
export interface Gate {
  /** Most calls that may be in flight. */
  readonly limit: number;
  /** Throws `destroyed` or `device-lost` when the module cannot be used any more. */
  check(): void;
  /** Throws also `too-many-steps` when another call would be one too many. */
  checkRoom(): void;
  /** Counts a call in. */
  enter(): void;
  /** Counts a call out, and lets waiting callers go on. */
  leave(): void;
  /** Resolves when there is room for a call; rejects when the module fails first. */
  room(): Promise<void>;
  /** Waits for `work`; rejects with the module's failure (lost device, destroy()) when there is one by then. */
  guard<T>(work: Promise<T>): Promise<T>;
  /** Ends the module's use: the first reason stays. */
  fail(error: Error): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

// A failed mapAsync can come before the device's `lost` is delivered.
const lostDelay = 100;

/** Opens the gate of one module on `device`. */
export function openGate(device: GPUDevice, limit: number): Gate {
  let inFlight = 0;
  let failure: Error | undefined;
  const waiters: Waiter[] = [];
  const fail = (error: Error): void => {
    failure ??= error;
    for (const waiter of waiters.splice(0)) waiter.reject(failure);
  };
  const lost = device.lost.then(({ reason, message }) => fail(runtimeErrors["device-lost"](reason, message)));
  const check = (): void => {
    if (failure) throw failure;
  };
  return {
    limit,
    check,
    fail,
    checkRoom() {
      check();
      if (inFlight >= limit) throw runtimeErrors["too-many-steps"](limit);
    },
    enter() {
      inFlight++;
    },
    leave() {
      inFlight--;
      // One free place wakes one waiter, so that two training loops on one module do not race for it. Those woken may
      // never call again, so an idle module wakes all.
      for (const waiter of waiters.splice(0, inFlight ? limit - inFlight : Infinity)) waiter.resolve();
    },
    room: async () => {
      check();
      if (inFlight >= limit) await new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
    },
    async guard(work) {
      try {
        const result = await work;
        check();
        return result;
      } catch (error) {
        // An error of ours has its reason already.
        if (!failure && (error as Error).name !== "ChainruleError")
          await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, lostDelay))]);
        throw failure ?? error;
      }
    },
  };
}
