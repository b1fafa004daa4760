/// The longest task of a page, from the browser's own trace: beside its length the processor's time, which other programs
/// on the machine do not change. `PerformanceObserver` does not report tasks that only continue promises.
import type { Browser, Page } from "playwright-core";
import { marksOf } from "./notice.ts";

/** One task of the page's thread, in milliseconds. */
export interface LongestTask {
  /** From its start to its end. */
  readonly wall: number;
  readonly processor: number;
}

/** An event of a trace; times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

const categories = ["blink.user_timing", "disabled-by-default-devtools.timeline"];

/** Of the tasks between the marks of `name`, the one with the most time of the processor. */
function longestTask(events: readonly TraceEvent[], name: string): LongestTask {
  const [begin, end] = marksOf(name).map((mark) => events.find((event) => event.name === mark)!);
  const tasks = events.filter(
    ({ name, pid, tid, ts, dur = 0 }) =>
      name === "RunTask" && pid === begin.pid && tid === begin.tid && ts + dur > begin.ts && ts < end.ts,
  );
  const all = tasks.map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, processor: tdur / 1000 }));
  return all.reduce((most, task) => (task.processor > most.processor ? task : most));
}

/** Does something in a page while the browser traces it; gives the longest task of each part that it marks. */
export async function tracing<T, Name extends string>(
  page: Page,
  names: readonly Name[],
  use: () => Promise<T>,
): Promise<{ readonly result: T; readonly longest: Readonly<Record<Name, LongestTask>> }> {
  const browser: Browser = page.context().browser()!;
  await browser.startTracing(page, { categories });
  const result = await use();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const longest = Object.fromEntries(names.map((name) => [name, longestTask(traceEvents, name)]));
  return { result, longest: longest as Record<Name, LongestTask> };
}
