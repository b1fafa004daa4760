/// Runs in a page: loads a workload, trains it, and says what the page noticed.
import type { Session } from "../contender.ts";
import { drawNumbers, type Numbers, type Task } from "../task.ts";
import { noticing, type Noticed } from "./notice.ts";

/** Told that another pipeline is there. */
export type Tell = (progress: { readonly done: number; readonly total: number }) => void;

/** Opens a device and prepares a workload, as `Contender` does; tells of progress where it has any. */
export type PageContender = (task: Task, numbers: Numbers, tell: Tell) => Promise<Session>;

/** How much is asked of a page. */
export interface PageEffort {
  /** Steps after the first; the loss of every tenth is read. */
  readonly steps: number;
  /** No further ten steps begin after so many seconds. */
  readonly seconds: number;
}

/** Times are in milliseconds. */
export interface PageFigures {
  readonly adapter: string;
  /** While nothing is done, before all else. */
  readonly idle: Noticed;
  /** What the module and its library take until they are there: fetching, parsing, evaluating. */
  readonly evaluation: number;
  /** From opening a device to the loss of the first step. */
  readonly first: number;
  readonly loss: number;
  /** From before the module is imported to the loss of the first step. */
  readonly loading: Noticed;
  /** Tellings of progress; the longest time between two, from the start to the first step's loss. */
  readonly progress?: { readonly events: number; readonly longest: number };
  /** Milliseconds of a step, of so many. */
  readonly step: number;
  readonly steps: number;
  readonly training: Noticed;
}

const readingInterval = 10;

/** For so long nothing is done before. */
const idleTime = 2000;

async function train(session: Session, { steps, seconds }: PageEffort): Promise<{ steps: number; step: number }> {
  const start = performance.now();
  let done = 0;
  while (done < steps && performance.now() - start < 1000 * seconds) {
    for (let step = 0; step < readingInterval; step++) await session.step();
    await session.finish();
    done += readingInterval;
  }
  return { steps: done, step: (performance.now() - start) / done };
}

/** Loads and trains what the module at the path `contender` opens. */
export async function measure(contender: string, task: Task, effort: PageEffort): Promise<PageFigures> {
  const numbers = drawNumbers(task);
  const adapter = await (globalThis as unknown as { navigator: { gpu: GPU } }).navigator.gpu.requestAdapter();
  const { vendor, architecture, description } = adapter!.info;
  const { noticed: idle } = await noticing("idle", () => new Promise((resolve) => setTimeout(resolve, idleTime)));
  const told: number[] = [];
  const { result: loaded, noticed: loading } = await noticing("loading", async () => {
    const begin = performance.now();
    const { open } = (await import(contender)) as { readonly open: PageContender };
    const start = performance.now();
    const session = await open(task, numbers, () => told.push(performance.now()));
    await session.step();
    const loss = await session.finish();
    const end = performance.now();
    const gaps = [...told, end].map((time, index) => time - [start, ...told][index]);
    return { session, loss, evaluation: start - begin, first: end - start, longest: Math.max(...gaps) };
  });
  const { session, longest, ...first } = loaded;
  const { result: trained, noticed: training } = await noticing("training", () => train(session, effort));
  return {
    adapter: description || `${vendor} ${architecture}`,
    ...{ idle, loading, training, ...first, ...trained },
    ...(told.length > 0 && { progress: { events: told.length, longest } }),
  };
}
