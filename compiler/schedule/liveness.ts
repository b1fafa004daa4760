/// What is alive while jobs run, some of them more than once. Jobs and tensors are numbers here: a job is a kernel or a loop,
/// and what a reader finds in a tensor is what was last written there.

/** A kernel or a loop, as the search for memory sees it. */
export interface Job {
  /** Tensors of the arena. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** What it takes to run it once more; undefined where that may not be: it writes a state or an output. */
  readonly cost: number | undefined;
  /** Jobs that overwrite states which this one reads: it cannot run after them. */
  readonly until: readonly number[];
  /** What it writes may lie where it reads, if nobody else reads that then or later. */
  readonly pairs: readonly TensorPair[];
}

/** A result and an operand as large, by their numbers. */
export interface TensorPair {
  readonly result: number;
  readonly operand: number;
}

/** Jobs by their numbers, and the bytes of tensors by theirs. */
export interface Work {
  readonly jobs: readonly Job[];
  readonly bytes: readonly number[];
  /** The job that writes a tensor. */
  readonly producers: readonly number[];
  /** Operands of any pair. */
  readonly operands: ReadonlySet<number>;
}

/** Jobs in time; those of one slot run together. */
export type Slots = readonly (readonly number[])[];

/** A tensor from one time at which it is written to the last at which that is read. */
export interface Version {
  readonly tensor: number;
  readonly start: number;
  readonly end: number;
}

/** Jobs one after another. */
export const oneByOne = (order: readonly number[]): Slots => order.map((job) => [job]);

/** Tells of every version of a tensor, in the order in which they are over. */
function eachVersion(slots: Slots, { jobs, bytes }: Work, tell: (tensor: number, start: number, end: number) => void) {
  const start = new Int32Array(bytes.length).fill(-1);
  const end = new Int32Array(bytes.length);
  for (let time = 0; time < slots.length; time++) {
    for (const job of slots[time]) for (const tensor of jobs[job].reads) end[tensor] = time;
    for (const job of slots[time]) {
      for (const tensor of jobs[job].writes) {
        if (start[tensor] >= 0) tell(tensor, start[tensor], end[tensor]);
        start[tensor] = end[tensor] = time;
      }
    }
  }
  for (let tensor = 0; tensor < bytes.length; tensor++) {
    if (start[tensor] >= 0) tell(tensor, start[tensor], end[tensor]);
  }
}

/** The versions of all tensors. */
export function versionsOf(slots: Slots, work: Work): readonly Version[] {
  const versions: Version[] = [];
  eachVersion(slots, work, (tensor, start, end) => versions.push({ tensor, start, end }));
  return versions;
}

/** A result that is written where an operand lies, which is over then. */
export interface Takeover extends TensorPair {
  readonly time: number;
}

/** Which results lie where operands lay, given the times at which versions of operands are over. */
export function takeoversIn(
  slots: Slots,
  { jobs }: Work,
  isOver: (operand: number, time: number) => boolean,
): readonly Takeover[] {
  const takeovers: Takeover[] = [];
  slots.forEach((slot, time) => {
    const [taken, gone] = [new Set<number>(), new Set<number>()];
    for (const job of slot) {
      for (const { result, operand } of jobs[job].pairs) {
        if (taken.has(result) || gone.has(operand) || !isOver(operand, time)) continue;
        if (slot.some((other) => other !== job && jobs[other].reads.includes(operand))) continue;
        taken.add(result);
        gone.add(operand);
        takeovers.push({ result, operand, time });
      }
    }
  });
  return takeovers;
}

/** Bytes alive in each slot. */
export function liveBytes(slots: Slots, work: Work): Float64Array {
  const live = new Float64Array(slots.length + 1);
  const over = new Map<number, number[]>();
  eachVersion(slots, work, (tensor, start, end) => {
    live[start] += work.bytes[tensor];
    live[end + 1] -= work.bytes[tensor];
    if (!work.operands.has(tensor)) return;
    const times = over.get(tensor);
    if (times) times.push(end);
    else over.set(tensor, [end]);
  });
  const isOver = (operand: number, time: number): boolean => over.get(operand)?.includes(time) ?? false;
  if (over.size > 0) {
    for (const { result, time } of takeoversIn(slots, work, isOver)) {
      live[time] -= work.bytes[result];
      live[time + 1] += work.bytes[result];
    }
  }
  for (let time = 1; time < live.length; time++) live[time] += live[time - 1];
  return live.subarray(0, slots.length);
}

/** The most bytes alive at once. */
export const peakOf = (slots: Slots, work: Work): number => liveBytes(slots, work).reduce((a, b) => Math.max(a, b), 0);
