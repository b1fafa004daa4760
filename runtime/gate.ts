/// What is in flight, and whether the module can still be used.

import { resting } from "#platform";
import { runtimeErrors } from "./errors.ts";

/** What is counted: a call with the works that are not known to be finished, the GPU's and reads. */
export interface InFlight {
  /** How many they are. It is in flight while there are any. */
  open: number;
  /** A place was kept for whoever asked after this call. */
  isFollowed?: boolean;
  /** It is read after the GPU was done with it, in the place that was kept for the next call. */
  isBorrowing?: boolean;
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
  /** Resolves when a place is kept for whoever calls after `call`; rejects when the module fails first. */
  room(call: InFlight): Promise<void>;
  /** Waits for `work`; rejects with the module's failure (lost device, destroy()) when there is one by then. */
  guard<T>(work: Promise<T>): Promise<T>;
  /** Ends the module's use: the first reason stays. */
  fail(error: Error): void;
}

interface Waiter {
  readonly call: InFlight;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

// A failed mapAsync can come before the device's `lost` is delivered.
const lostDelay = 100;

/** So many milliseconds a place is kept for a loop that may have ended. */
const patience = 200;

/** Counts the calls in flight on `device`; each that ends lets in one of the waiters. */
function countWorks(device: GPUDevice, limit: number, waiters: Waiter[]) {
  let inFlight = 0;
  const queued: InFlight[] = [];
  // Until when places are kept for callers that have not called since. Without that, two loops that are let in before either
  // calls would race for the last place. A caller takes the newest: those of loops that have ended grow old.
  const kept: number[] = [];
  const keep = (): number => kept.push(performance.now() + patience);
  const take = (call: InFlight): boolean => {
    while (kept[0]! <= performance.now()) kept.shift();
    return (call.isFollowed = inFlight + kept.length < limit && !!keep());
  };
  const letIn = (): void => {
    while (waiters[0] && take(waiters[0].call)) waiters.shift()!.resolve();
    // Every place is kept for somebody, and nothing comes that would let anybody in.
    if (waiters[0] && !inFlight) setTimeout(letIn, patience);
  };
  const enter = (call: InFlight): void => {
    if (call.open++) return;
    inFlight++;
    call.isBorrowing = kept.pop() !== undefined;
  };
  const leave = (call: InFlight): void => {
    if (--call.open) return;
    inFlight--;
    if (call.isBorrowing) keep();
    letIn();
  };
  const finished = (call: InFlight): void => queued.splice(0, queued.indexOf(call) + 1).forEach(leave);
  let unasked = 0;
  const ask = (): void => {
    const call = queued.at(-1)!;
    const done = (): void => finished(call);
    if (unasked) device.queue.onSubmittedWorkDone().then(done, done);
    unasked = 0;
  };
  // Asking the queue costs a call as much as several dispatches do: it is asked once in half of what may be in flight, and
  // by whoever takes the last place or waits for one.
  const submitted = (call: InFlight): void => {
    enter(call);
    call.isBorrowing = false;
    queued.push(call);
    if (2 * ++unasked >= limit || inFlight >= limit) ask();
  };
  const room = async (call: InFlight): Promise<void> => {
    // Who asks again has a place already, unless it was taken.
    if ((call.isFollowed && inFlight < limit) || take(call)) return;
    ask();
    await resting(
      new Promise<void>((resolve, reject) => {
        waiters.push({ call, resolve, reject });
        letIn();
      }),
    );
  };
  return { enter, leave, finished, submitted, room, isFull: () => inFlight >= limit };
}

/** Opens the gate of one module on `device`. */
export function openGate(device: GPUDevice, limit: number): Gate {
  let failure: Error | undefined;
  const waiters: Waiter[] = [];
  const { isFull, room, ...works } = countWorks(device, limit, waiters);
  const fail = (error: Error): void => {
    failure ??= error;
    for (const waiter of waiters.splice(0)) waiter.reject(failure);
  };
  const lost = device.lost.then(({ reason, message }) => fail(runtimeErrors["device-lost"](reason, message)));
  const check = (): void => {
    if (failure) throw failure;
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
    room: async (call) => {
      check();
      await room(call);
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
        throw failure ?? error;
      }
    },
  };
}
