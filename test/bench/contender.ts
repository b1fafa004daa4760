/// What is measured against each other: one step at a time, on the adapter of `navigator.gpu`.
import type { Numbers, Task } from "./task.ts";

/** Numbers by name. */
export type Arrays = Readonly<Record<string, Float32Array>>;

/** A workload that is ready to run. */
export interface Session {
  /** Enqueues one step, or one forward call. Resolves when the next may be enqueued, not when it is done. */
  step(): void | Promise<void>;
  /** Waits until the last step is done: the loss of a training step, 0 of a forward call. */
  finish(): Promise<number>;
  /** Of a training step the first moments of Adam by parameter, else the result as `result`. */
  state(): Promise<Arrays>;
  /** Where the same calls can be made by hand. */
  readonly device?: GPUDevice;
}

/** Opens a device and prepares a workload. What it imports is imported by then, and what it computes with is drawn. */
export type Contender = (task: Task, numbers: Numbers) => Promise<Session>;
