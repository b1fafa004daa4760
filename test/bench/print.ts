/// The table of `npm run bench`.
import { availableParallelism, cpus } from "node:os";
import { compactBytes, table, type Alignment } from "../../compiler/cli/terminal.ts";
import { tolerance, type Result } from "./measure.ts";
import { geometricMean } from "./statistics.ts";

/** One workload, measured. */
export interface Measured {
  readonly workload: string;
  readonly flops?: number;
  readonly results: readonly Result[];
}

const differs = ({ distance }: Result): boolean =>
  !!distance && (distance.loss > tolerance.loss || distance.gradient > tolerance.gradient);

/** True when every contender ran and all came to the same numbers. */
export const isBelieved = ({ results }: Measured): boolean =>
  results.every((each) => each.failure === undefined && !differs(each));

const titles = [
  "workload",
  "",
  "dispatches",
  "submits",
  "ms/step",
  "spread",
  "×",
  "first ms",
  "bound",
  "peak",
  "GFLOP/s",
];
const columns: readonly Alignment[] = ["left", "left", ...titles.slice(2).map(() => "right" as const)];
/** Every workload's table is as wide as the widest. */
const widths = [13, 10, 10, 7, 8, 15, 5, 8, 8, 8, 7];

const milliseconds = (value: number): string => (value < 100 ? value.toPrecision(3) : value.toFixed(0));

/** Step time of chainrule over that of the fastest peer that came to the same numbers. */
export function ratio({ results }: Measured): number | undefined {
  const own = results.find(({ contender }) => contender === "chainrule")?.step;
  const peers = results.filter((each) => each.contender !== "chainrule" && each.step && !differs(each));
  return own && peers.length > 0 ? own.median / Math.min(...peers.map(({ step }) => step!.median)) : undefined;
}

function row({ workload, flops }: Measured, result: Result, own: Result | undefined): readonly string[] {
  const { contender, counts, step, first } = result;
  if (!counts || !step || first === undefined) return [workload, contender, "failed"];
  const rate = flops === undefined ? "" : (flops / step.median / 1e6).toPrecision(3);
  return [
    ...[workload, contender, `${counts.dispatches}`, `${counts.submits}`, milliseconds(step.median)],
    `${milliseconds(step.least)}–${milliseconds(step.most)}`,
    own?.step && own !== result ? (step.median / own.step.median).toFixed(2) : "",
    ...[milliseconds(first), compactBytes(counts.bytes), compactBytes(counts.peakBytes), rate],
  ];
}

function remarks({ results }: Measured): readonly string[] {
  return results.flatMap((result) => {
    const { contender, failure, distance, enqueue, readEach, step } = result;
    if (failure !== undefined) return [`  ${contender} failed: ${failure}`];
    if (differs(result)) {
      const { loss, gradient, of } = distance!;
      return [
        `  ${contender} comes to other numbers, so its time does not count: ` +
          `loss off by ${loss.toExponential(1)}, ${of} by ${gradient.toExponential(1)}`,
      ];
    }
    if (readEach === undefined) return [];
    const ahead = `reading every step takes ${(readEach / step!.median).toFixed(2)} times as long`;
    if (!enqueue) return [`  ${ahead}`];
    const times = ({ step, bare }: Pick<typeof enqueue, "step" | "bare">): string => (step / bare).toFixed(2);
    const { medians, early, steps: enqueued } = enqueue;
    const others = `median ${times(medians)}, the first quarter of ${enqueued} ${times(early)}`;
    const taken = `${times(enqueue)} times (${others}) a bare loop's`;
    return [`  enqueueing takes ${taken}; ${ahead}`];
  });
}

/** Prints the rows of one workload, below the titles where it is the first. */
export function printWorkload(measured: Measured, isFirst: boolean): void {
  if (isFirst) {
    const adapter = measured.results.find((each) => each.adapter)?.adapter ?? "no adapter";
    console.log(`${adapter}; ${availableParallelism()} cores of ${cpus()[0]?.model ?? "an unknown processor"}`);
    console.log("×: step time over chainrule's. Loss read every 10th step; bytes of buffers; first: with the device\n");
  }
  const own = measured.results.find(({ contender }) => contender === "chainrule");
  const rows = [...(isFirst ? [titles] : []), ...measured.results.map((each) => row(measured, each, own))];
  const padded = rows.map((cells) => columns.map((side, at) => pad(cells[at] ?? "", widths[at], side)));
  for (const line of table(padded, columns)) console.log(line);
  for (const remark of remarks(measured)) console.log(remark);
}

const pad = (text: string, width: number, side: Alignment): string =>
  side === "left" ? text.padEnd(width) : text.padStart(width);

/** Prints chainrule's step times over the best peer's. */
export function printSummary(all: readonly Measured[]): void {
  const ratios = all.flatMap((each) => {
    const found = ratio(each);
    return found === undefined ? [] : [{ name: each.workload, ratio: found }];
  });
  if (ratios.length === 0) return;
  const each = ratios.map(({ name, ratio }) => `${name} ${ratio.toFixed(2)}`).join(", ");
  const mean = geometricMean(ratios.map(({ ratio }) => ratio));
  console.log(`\nstep time over the best peer's: ${each}; geometric mean ${mean.toFixed(2)}`);
}
