/// `npm run bench -- --page`: what a page notices while a workload is loaded and trained in it, beside jax-js.
import { table, type Alignment } from "../../../compiler/cli/terminal.ts";
import type { Browser } from "../../runtime/browser.ts";
import { tolerance } from "../measure.ts";
import { median, relativeDistance } from "../statistics.ts";
import type { Workload } from "../workloads.ts";
import { measureInPage, type Opened, type PageContenderName } from "./open.ts";
import type { PageEffort } from "./page.ts";

export { pageContenders } from "./open.ts";

/** One workload with one contender: every run in a browser of its own. */
export interface PageResult {
  readonly workload: string;
  readonly contender: PageContenderName;
  readonly runs: readonly Opened[];
}

/** What is run, and how often. */
export interface PagePlan extends PageEffort {
  readonly runs: number;
  readonly contenders: readonly PageContenderName[];
  /** The one of the tests where it is absent. */
  readonly browser: Browser | undefined;
}

/** Measures a workload, by turns. */
export async function measurePages(workload: Workload, plan: PagePlan): Promise<readonly PageResult[]> {
  const { contenders, browser, ...effort } = plan;
  const results = contenders.map((contender) => ({ workload: workload.name, contender, runs: [] as Opened[] }));
  for (let run = 0; run < plan.runs; run++)
    for (const { contender, runs } of results) runs.push(await measureInPage(contender, workload, effort, browser));
  return results;
}

const parts = ["frame", "turn", "task", "busy"];
const titles = ["workload", "", "first ms", ...parts, "told", "apart", "ms/step", ...parts];
const columns: readonly Alignment[] = ["left", "left", ...titles.slice(2).map(() => "right" as const)];

const rounded = (milliseconds: number): string =>
  milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);

/** The longest of all runs. */
const longest = (runs: readonly Opened[], of: (figures: Opened) => number): string =>
  rounded(Math.max(...runs.map(of)));

const noticed = (runs: readonly Opened[], part: keyof Opened["tasks"]): readonly string[] => [
  longest(runs, (figures) => figures[part].frame),
  longest(runs, (figures) => figures[part].turn),
  longest(runs, ({ tasks }) => tasks[part].wall),
  longest(runs, ({ tasks }) => tasks[part].processor),
];

function row({ workload, contender, runs }: PageResult): readonly string[] {
  const { progress } = runs[0];
  return [
    ...[workload, contender, rounded(median(runs.map(({ first }) => first)))],
    ...noticed(runs, "loading"),
    ...(progress ? [`${progress.events}`, longest(runs, (figures) => figures.progress!.longest)] : ["", ""]),
    rounded(median(runs.map(({ step }) => step))),
    ...noticed(runs, "training"),
  ];
}

/** True where all that start from the same numbers come to the same loss. */
export function pagesAgree(results: readonly PageResult[]): boolean {
  const started = results.filter(({ contender }) => contender !== "chainrule, seeded");
  return started.every(({ workload, runs }) => {
    const [{ loss }] = started.find((each) => each.workload === workload)!.runs;
    return runs.every((each) => relativeDistance([each.loss], [loss]) <= tolerance.loss);
  });
}

const legend = `Milliseconds, the longest of all runs. Frame: from one to the next; turn: of a timer, which comes when the page can run;
task: of the page's thread, and how long the processor was busy with it. First until the loss of the first step, then for
some hundred steps of which every tenth loss is read. Told: of progress; apart: the longest time between two tellings.`;

/** Prints the results. */
export function printPages(results: readonly PageResult[]): void {
  const all = results.flatMap(({ runs }) => runs);
  const [frame, turn, task, busy] = noticed(all, "idle");
  console.log(`${all[0].adapter} in ${all[0].browser}`);
  console.log(`${legend}\nWhile nothing is done: frame ${frame}, turn ${turn}, task ${task}, busy ${busy}.\n`);
  for (const line of table([titles, ...results.map(row)], columns)) console.log(line);
}
