/// `npm run bench`: chainrule beside jax-js and TensorFlow.js, on one adapter. `-- --help` lists the options.
import { parseArgs } from "node:util";
import { measure, type Effort } from "./measure.ts";
import { bundleProcesses, contenders, installPeers, prepareTask, processFile, type ContenderName } from "./prepare.ts";
import type { PageResult } from "./pages/run.ts";
import { isBelieved, printSummary, printWorkload, type Measured } from "./print.ts";
import { startProcess } from "./process.ts";
import { small, workloads, type Workload } from "./workloads.ts";

const help = `npm run bench -- [options]
  --workload NAME    only this one; may be given several times, and * stands for anything: matmul512*
  --contender NAME   ${contenders.join(", ")}; may be given several times
  --blocks N         blocks of steps that are timed (default 5)
  --steps N          steps of a block; the loss is read after the last (default 10)
  --seconds N        no further block after so many seconds of one contender (default 30)
  --enqueue N        calls whose enqueueing is timed, for at most two minutes (default 4000); of products none are
  --heap             instead: what many steps of a small model leave behind, in JavaScript's heap and on the GPU
  --page             instead: what a page notices while the training steps load and run in it, in Chromium
    --browser PATH     the Chromium (default: that of the tests); --flag FLAG, several times, is given to it
    --runs N           loads of each, every one in a browser of its own (default 3)
    --steps N          steps of a page (default 200); no further ones begin after --seconds
  --json             print JSON`;

const { values: options } = parseArgs({
  options: {
    workload: { type: "string", multiple: true },
    contender: { type: "string", multiple: true },
    blocks: { type: "string", default: "5" },
    steps: { type: "string" },
    seconds: { type: "string", default: "30" },
    enqueue: { type: "string", default: "4000" },
    heap: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
    browser: { type: "string" },
    flag: { type: "string", multiple: true, default: [] },
    runs: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function chosenWorkloads(): readonly Workload[] {
  const patterns = (options.workload ?? ["*"]).map((each) => new RegExp(`^${each.replaceAll("*", ".*")}$`));
  const chosen = workloads.filter(({ name }) => patterns.some((pattern) => pattern.test(name)));
  if (chosen.length > 0) return chosen;
  throw new Error(`there is no such workload; there are ${workloads.map(({ name }) => name).join(", ")}`);
}

function chosenContenders(): readonly ContenderName[] {
  const unknown = options.contender?.find((name) => !contenders.some((each) => each === name));
  if (unknown !== undefined) throw new Error(`there is no contender ${unknown}; there are ${contenders.join(", ")}`);
  return contenders.filter((name) => !options.contender || options.contender.includes(name));
}

function wholeNumber(option: "blocks" | "steps" | "seconds" | "enqueue" | "runs", otherwise?: number): number {
  const number = Number(options[option] ?? otherwise);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${option} takes a positive whole number: found ${options[option]}`);
}

async function run(): Promise<void> {
  const names = chosenContenders();
  const effort: Effort = {
    steps: wholeNumber("steps", 10),
    blocks: wholeNumber("blocks"),
    seconds: wholeNumber("seconds"),
    enqueued: wholeNumber("enqueue"),
  };
  const say = (text: string): void => console.error(text);
  if (names.some((name) => name !== "chainrule")) installPeers(say);
  await bundleProcesses(names);
  const measured: Measured[] = [];
  for (const workload of chosenWorkloads()) {
    const enqueued = workload.flops === undefined ? effort.enqueued : 0;
    const results = await measure(prepareTask(workload), names, { ...effort, enqueued });
    measured.push({ workload: workload.name, flops: workload.flops, results });
    if (!options.json) printWorkload(measured.at(-1)!, measured.length === 1);
  }
  if (options.json) console.log(JSON.stringify(measured, null, 2));
  else printSummary(measured);
  process.exitCode = measured.every(isBelieved) ? 0 : 1;
}

/** Training steps in pages. */
async function runPages(): Promise<void> {
  // Emitting modules takes a second to import.
  const { measurePages, pageContenders, pagesAgree, printPages } = await import("./pages/run.ts");
  const names = chosenContenders();
  const { browser: executable, flag: flags } = options;
  const plan = {
    ...{ runs: wholeNumber("runs"), steps: wholeNumber("steps", 200), seconds: wholeNumber("seconds") },
    contenders: pageContenders.filter((each) => names.some((name) => each.startsWith(name))),
    browser: executable === undefined ? undefined : { executable, flags },
  };
  if (names.includes("jax-js")) installPeers((text) => console.error(text));
  const results: PageResult[] = [];
  for (const workload of chosenWorkloads())
    if (workload.entry === "train") results.push(...(await measurePages(workload, plan)));
  if (options.json) console.log(JSON.stringify(results, null, 2));
  else printPages(results);
  process.exitCode = pagesAgree(results) ? 0 : 1;
}

/** Ten thousand steps of a small model; the heap may grow by what one step needs, not by what ten thousand do. */
async function runHeap(): Promise<void> {
  await bundleProcesses(["chainrule"]);
  const child = startProcess(processFile("chainrule"));
  await child.ask({ tag: "open", task: prepareTask(small) });
  await child.ask({ tag: "count" });
  const steps = 10_000;
  const { bytes, created } = await child.ask({ tag: "heap", steps });
  child.close();
  const found = { steps, heapBytes: bytes, gpuObjects: created };
  if (options.json) console.log(JSON.stringify(found, null, 2));
  else console.log(`${steps} steps: the heap grew by ${bytes} bytes, and ${created} objects were made on the GPU`);
  process.exitCode = created === 0 && bytes < 100_000 ? 0 : 1;
}

if (options.help) console.log(help);
else await (options.heap ? runHeap() : options.page ? runPages() : run());
