/// A process that runs one workload with one contender, as its parent tells it: one request at a time.
import type { Arrays, Contender, Session } from "./contender.ts";
import { provideGpu } from "./gpu.ts";
import { installProbe, type Counts, type PassCall, type Probe } from "./probe.ts";
import { lowerDecile, median } from "./statistics.ts";
import { drawNumbers, type Task } from "./task.ts";

/** What a parent may ask for. */
export type Request =
  | { readonly tag: "open"; readonly task: Task }
  | { readonly tag: "count" }
  | { readonly tag: "time"; readonly steps: number }
  | { readonly tag: "enqueue"; readonly steps: number }
  | { readonly tag: "heap"; readonly steps: number };

/** What it answers, by the tag of the request. */
export interface Answers {
  readonly open: Opened;
  readonly count: Counted;
  readonly time: Timed;
  readonly enqueue: Enqueued;
  readonly heap: HeapGrowth;
}

/** After the first step. Times are in milliseconds. */
export interface Opened {
  readonly adapter: string;
  readonly first: number;
  readonly loss: number;
  readonly state: Arrays;
}

/** One step, counted. */
export interface Counted extends Counts {
  readonly peakBytes: number;
}

/** Milliseconds to enqueue a step, and to make the same calls on a compute pass by hand. */
export interface Enqueued {
  /**
   * The lower deciles: where the adapter computes on the processor, its threads interrupt most of the calls, for
   * as long as they compute.
   */
  readonly step: number;
  readonly bare: number;
  readonly medians: { readonly step: number; readonly bare: number };
  /** Of the first quarter, of which V8 interprets much. */
  readonly early: { readonly step: number; readonly bare: number };
  /** How many steps there were. */
  readonly steps: number;
}

/** What is left after many steps: bytes of JavaScript's heap more than after a tenth of them, objects of WebGPU made. */
export interface HeapGrowth {
  readonly bytes: number;
  readonly created: number;
}

/** Steps one after the other, and the wait for the last. */
export interface Timed {
  readonly milliseconds: number;
}

async function open(contender: Contender, task: Task): Promise<{ session: Session; opened: Opened }> {
  const gpu = await provideGpu();
  const info = (await gpu.requestAdapter({ powerPreference: "high-performance" }))?.info;
  const numbers = drawNumbers(task);
  const start = performance.now();
  const session = await contender(task, numbers);
  await session.step();
  const loss = await session.finish();
  const first = performance.now() - start;
  const adapter = info?.description || info?.device || "unnamed adapter";
  return { session, opened: { adapter, first, loss, state: await session.state() } };
}

/** The second step differs in what libraries keep from the first; the third is like all others. */
async function count(session: Session, probe: Probe): Promise<Counted> {
  await session.step();
  await session.finish();
  probe.reset();
  await session.step();
  await session.finish();
  const { counts, peakBytes } = probe;
  probe.remove();
  return { ...counts, peakBytes };
}

async function time(session: Session, steps: number): Promise<Timed> {
  const start = performance.now();
  for (let step = 0; step < steps; step++) await session.step();
  await session.finish();
  return { milliseconds: performance.now() - start };
}

/** Replays what compute passes were told, in one pass and one submit. */
function replay(device: GPUDevice, calls: readonly PassCall[]): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass() as never as Record<string, (...values: readonly unknown[]) => void>;
  for (const { method, values } of calls) pass[method](...values);
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/** How long steps are enqueued at most: V8 compiles a call for good after some 1500, and interprets it until then. */
const enqueueSeconds = 120;

/** By turns, up to so many of each; the later half counts, as long training sees it. */
async function enqueue(session: Session, calls: readonly PassCall[], steps: number): Promise<Enqueued> {
  const { device } = session;
  if (!device) throw new Error("only a contender with a device of its own can be replayed");
  const timeOf = async (call: () => unknown): Promise<number> => {
    const start = performance.now();
    const result = call();
    const taken = performance.now() - start;
    await result;
    await device.queue.onSubmittedWorkDone();
    return taken;
  };
  const [own, bare]: [number[], number[]] = [[], []];
  const end = performance.now() + 1000 * enqueueSeconds;
  while (own.length < steps && performance.now() < end) {
    own.push(await timeOf(() => session.step()));
    bare.push(await timeOf(() => replay(device, calls)));
  }
  const of = (measure: (times: readonly number[]) => number, from: number, to: number) => {
    const [step, bareLoop] = [own, bare].map((times) => measure(times.slice(from * times.length, to * times.length)));
    return { step: step!, bare: bareLoop! };
  };
  return {
    ...of(lowerDecile, 1 / 2, 1),
    medians: of(median, 1 / 2, 1),
    early: of(lowerDecile, 0, 1 / 4),
    steps: own.length,
  };
}

async function heap(session: Session, steps: number): Promise<HeapGrowth> {
  const used = (): number => {
    globalThis.gc!();
    return process.memoryUsage().heapUsed;
  };
  const warm = Math.ceil(steps / 100);
  for (let block = 0; block < warm; block++) await time(session, 10);
  const before = used();
  const probe = installProbe();
  for (let block = warm; block < steps / 10; block++) {
    await time(session, 10);
    probe.reset();
  }
  const { created } = probe;
  probe.remove();
  return { bytes: used() - before, created };
}

/** Serves the parent until it disconnects; the contender is imported once there is a `navigator.gpu`. */
export function serve(importContender: () => Promise<Contender>): void {
  const held: { session?: Session; probe?: Probe } = {};
  const answer = async (request: Request): Promise<Answers[Request["tag"]]> => {
    switch (request.tag) {
      case "open": {
        await provideGpu();
        held.probe = installProbe();
        const { session, opened } = await open(await importContender(), request.task);
        held.session = session;
        return opened;
      }
      case "count":
        return count(held.session!, held.probe!);
      case "time":
        return time(held.session!, request.steps);
      case "enqueue":
        return enqueue(held.session!, held.probe!.calls, request.steps);
      case "heap":
        return heap(held.session!, request.steps);
    }
  };
  process.on("message", (request: Request) => {
    answer(request).then(
      (result) => process.send!({ result }),
      (error: unknown) =>
        process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  // Without a parent there is nothing to do.
  process.on("disconnect", () => process.exit());
}
