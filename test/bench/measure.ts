/// One workload with all contenders: the same numbers first, then the counts, then the times, by turns.
import { processFile, type ContenderName } from "./prepare.ts";
import { startProcess, type Process } from "./process.ts";
import { median, relativeDistance } from "./statistics.ts";
import type { Task } from "./task.ts";
import type { Counted, Enqueued, Opened } from "./worker.ts";

/** How long to measure. */
export interface Effort {
  /** Steps of a block: the loss is read after the last. */
  readonly steps: number;
  readonly blocks: number;
  /** No further block begins after so many seconds of one contender; two are measured in any case. */
  readonly seconds: number;
  /** Calls whose enqueueing is timed. */
  readonly enqueued: number;
}

/** What was found for one contender; a failure in its place. */
export interface Result {
  readonly contender: ContenderName;
  readonly failure?: string;
  readonly adapter?: string;
  readonly counts?: Counted;
  /** From opening a device to the loss of the first step, in milliseconds. */
  readonly first?: number;
  /** Milliseconds of a step: the median of blocks, the fastest and the slowest. */
  readonly step?: { readonly median: number; readonly least: number; readonly most: number; readonly blocks: number };
  /** The same where the loss of every step is read. */
  readonly readEach?: number;
  readonly enqueue?: Enqueued;
  /** How far its loss and its gradient are from the first contender's. */
  readonly distance?: { readonly loss: number; readonly gradient: number; readonly of: string };
}

/** Far more than rounding, far less than a mistake. */
export const tolerance = { loss: 1e-4, gradient: 1e-3 } as const;

interface Running {
  readonly contender: ContenderName;
  readonly process: Process;
  readonly opened: Opened;
  readonly counts: Counted;
  readonly blocks: number[];
}

type Start = Running | { readonly contender: ContenderName; readonly failure: string };

async function start(task: Task, contender: ContenderName): Promise<Start> {
  const process = startProcess(processFile(contender));
  try {
    const opened = await process.ask({ tag: "open", task });
    return { contender, process, opened, counts: await process.ask({ tag: "count" }), blocks: [] };
  } catch (error) {
    process.close();
    return { contender, failure: (error as Error).message };
  }
}

/** The largest distance over loss and the moments of all parameters. */
function compare({ loss, state }: Opened, other: Opened): NonNullable<Result["distance"]> {
  const names = Object.keys(other.state);
  const distances = names.map((name) => ({
    name,
    distance: state[name] ? relativeDistance(state[name], other.state[name]) : Infinity,
  }));
  const worst = distances.reduce((most, each) => (each.distance > most.distance ? each : most));
  return { loss: relativeDistance([loss], [other.loss]), gradient: worst.distance, of: worst.name };
}

async function timeByTurns(running: readonly Running[], { steps, blocks, seconds }: Effort): Promise<void> {
  for (let round = 0; round < blocks; round++) {
    for (const { process, blocks: times } of running) {
      const spent = times.reduce((sum, each) => sum + each, 0);
      if (times.length >= 2 && spent > 1000 * seconds) continue;
      times.push((await process.ask({ tag: "time", steps })).milliseconds);
    }
  }
}

async function finish(running: Running, first: Opened, { steps: perBlock, enqueued }: Effort): Promise<Result> {
  const { contender, process, opened, counts, blocks } = running;
  const steps = blocks.map((block) => block / perBlock);
  const isOwn = contender === "chainrule";
  const each: number[] = [];
  for (let step = 0; isOwn && step < perBlock; step++) {
    each.push((await process.ask({ tag: "time", steps: 1 })).milliseconds);
  }
  return {
    ...{ contender, adapter: opened.adapter, counts, first: opened.first },
    step: { median: median(steps), least: Math.min(...steps), most: Math.max(...steps), blocks: steps.length },
    ...(opened === first ? {} : { distance: compare(opened, first) }),
    ...(isOwn ? { readEach: median(each) } : {}),
    ...(isOwn && enqueued > 0 ? { enqueue: await process.ask({ tag: "enqueue", steps: enqueued }) } : {}),
  };
}

/** Measures a workload with some contenders. */
export async function measure(task: Task, names: readonly ContenderName[], effort: Effort): Promise<readonly Result[]> {
  const started: Start[] = [];
  // One after the other: a first step must not wait for another's.
  for (const name of names) started.push(await start(task, name));
  const running = started.filter((each) => "process" in each);
  try {
    await timeByTurns(running, effort);
    const results: Result[] = [];
    for (const each of started) results.push("process" in each ? await finish(each, running[0].opened, effort) : each);
    return results;
  } finally {
    for (const { process } of running) process.close();
  }
}
