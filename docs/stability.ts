/// docs/stability.md: the scoreboard, from the rows that its test runs on the device.
import { format } from "prettier";
import {
  asWritten,
  errorOf,
  rulesOf,
  truthOf,
  worstError,
  type Results,
} from "../test/compiler/stability/scoreboard/measure.ts";
import {
  programOf,
  type Numbers,
  type Point,
  type Program,
  type Row,
} from "../test/compiler/stability/scoreboard/row.ts";
import { families } from "../test/compiler/stability/scoreboard/rows.ts";
import { prices, type Price } from "../test/compiler/passes/prices.ts";
import { formatNumber } from "../ir/notation/numbers.ts";
import { cell, generatedNote } from "./page.ts";

const introduction = `What happens to programs as people write them, in float32 on the GPU, at inputs where their formulas overflow or
lose digits. chainrule finds the mathematics before it differentiates, so that loss _and_ gradient are right. For every
program, at ordinary inputs and at extreme ones, the loss and each entry of the gradient lie within 1e-5 of the truth,
relative, or 1e-6 near 0. The truth is the same formula in 60 digits or more, and its gradient are differences of it: no
derivative rule and no rewrite has a say. [The test](../test/compiler/stability/scoreboard.test.ts) runs each program on a
device; this page shows each at the point where the formula as it is written fares worst, with the float32 numbers that
the program gets.

_As written_ is the formula step by step in float32, differentiated as it is. PyTorch 2.13 (eager and compiled) and JAX
0.10 (jit) were run on five programs; the others are not measured.

Below each program stand the rewrite rules that mended it; \`keep-digits\` is the pass that takes a common offset away in
kernels, while the printed formula stays that of the textbook.

Where a formula has no value or no slope, a convention says what is meant, and the row names it. Ties of a maximum share ½
and ½, norms and cosine similarity have the gradient 0 at 0, and a selection passes on the gradient of the branch that it
takes.

What lies at the edges of float32 is left to the device. Numbers below 1.2e-38 may be taken for 0 by any operation: 1.5 times
1e-40 is 0 on most devices, and \`sign(1e-40)\` may be 1, 0 or 1e-40. A quotient below them has lost its side of 0, so that
\`floorDivide(-1, 3e38)\` is −0 and not −1. And \`sinc\` multiplies by π first: beyond 1e38 that is ∞, and the result NaN.`;

const aboutCosts = `Simplification makes no program costlier in the flops and bytes that \`report\` gives, compared with the derivatives of
the formulas that stabilisation gives it. Stabilisation buys digits: what it costs, compared with derivatives of the formulas
as they are written, is listed here, for programs of this page and fixtures of the compiler's passes. The numbers are how
many times as much; their tensors have a few elements, so that a number more for each row weighs much.
[The test](../test/compiler/passes/cost.test.ts) allows no other, and none of them more.`;

/** A row, and what there is to say of it. */
interface Entry {
  readonly row: Row;
  readonly program: Program;
  /** The point that is shown: where the formula fares worst, or where other tools were run. */
  readonly point: Point;
  readonly truth: Results;
  readonly written: Results;
}

function entryOf(row: Row): Entry {
  const program = programOf(row);
  const tried = (row.others ? [row.points[row.others.point]] : row.points).map((point) => {
    const [truth, written] = [truthOf(program, point), asWritten(program, point)];
    return { row, program, point, truth, written, error: worstError(written, truth) };
  });
  return tried.reduce((worst, each) => (each.error > worst.error ? each : worst));
}

/** The page. */
export async function stabilityPage(): Promise<string> {
  const parts = ["# Stability", generatedNote, introduction];
  const sections: string[] = [];
  for (const { title, rows } of families) {
    const entries = rows.map(entryOf);
    parts.push(`## ${title}`, summary(entries));
    for (const entry of entries) sections.push(await section(entry));
  }
  parts.push("## What right numbers cost", aboutCosts, ...prices.map(costsOf));
  return [...parts, "# The programs", ...sections].join("\n\n");
}

function costsOf({ why, of }: Price): string {
  const rows = Object.entries(of).map(([name, [flops, bytes]]) => {
    const isFixture = /^[\w-]+\/[\w-]+$/.test(name);
    const link = isFixture ? `../test/compiler/passes/${name}.graph` : `#${anchor(name)}`;
    return `| [${cell(name)}](${link}) | ${flops} | ${bytes} |`;
  });
  return [why, ["| program | flops | bytes |", "| --- | --- | --- |", ...rows].join("\n")].join("\n\n");
}

function summary(entries: readonly Entry[]): string {
  const rows = entries.map(({ row, written, truth }) => {
    const others = row.others ? [row.others.pytorch, row.others.jax].map(lossOf) : ["not measured", "not measured"];
    return `| [${cell(row.name)}](#${anchor(row.name)}) | ${verdict(written, truth)} | ${others.join(" | ")} | right |`;
  });
  return ["| program | as written | PyTorch | JAX | chainrule |", "| --- | --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

const lossOf = (result: string): string => `${result.split(" / ")[0]}, gradient ${result.split(" / ")[1]}`;

/** A heading's anchor, as GitHub makes it. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, "")
    .replaceAll(" ", "-");

/** What went wrong, in a word. */
function verdict(found: Results, truth: Results): string {
  const isRight = (a: number, b: number): boolean => errorOf(a, b) <= 1;
  const names = Object.keys(truth.gradients);
  const gradients = names.flatMap((name) => found.gradients[name].map((each, i) => [each, truth.gradients[name][i]]));
  const wrong = gradients.filter(([a, b]) => !isRight(a, b));
  const parts = [
    ...(isRight(found.loss, truth.loss) ? [] : [`loss ${mistake([[found.loss, truth.loss]])}`]),
    ...(wrong.length === 0 ? [] : [`gradient ${mistake(wrong)}`]),
  ];
  return parts.length === 0 ? "right" : parts.join(", ");
}

function mistake(pairs: readonly (readonly number[])[]): string {
  if (pairs.some(([found]) => Number.isNaN(found))) return "NaN";
  if (pairs.some(([found, truth]) => !Number.isFinite(found) && Number.isFinite(truth))) return "∞";
  const worst = Math.max(...pairs.map(([found, truth]) => Math.abs(found - truth) / Math.abs(truth)));
  if (worst >= 0.995) return "wrong altogether";
  return `off by ${Number((100 * worst).toPrecision(1))} %`;
}

async function section({ row, program, point, truth, written }: Entry): Promise<string> {
  const names = program.differentiated;
  const results = ({ loss, gradients }: Results): string =>
    [numbers(loss), ...names.map((name) => gradients[name].map(numbers).join(", "))].join(" | ");
  const others = row.others
    ? [`| PyTorch | ${row.others.pytorch.replace(" / ", " | ")} |`, `| JAX | ${row.others.jax.replace(" / ", " | ")} |`]
    : [];
  const rules = rulesOf(program);
  return [
    `## ${row.name}`,
    row.about,
    `\`\`\`ts\n${(await codeOf(row.program)).trim()}\n\`\`\``,
    `At ${Object.entries(point.at)
      .map(([name, at]) => `\`${name} = ${nested(at)}\``)
      .join(", ")}${conventionOf(point)}`,
    [
      `| | loss | ${names.map((name) => `by \`${name}\``).join(" | ")} |`,
      `| --- | --- | ${names.map(() => "---").join(" | ")} |`,
      `| as written | ${results(written)} |`,
      ...others,
      `| chainrule | ${results(truth)} |`,
    ].join("\n"),
    rules.length === 0 ? "Nothing needs a rule here." : `By: ${rules.join(", ")}.`,
  ].join("\n\n");
}

function conventionOf({ meant, side }: Point): string {
  if (meant) return `, where ${meant.why}:`;
  return side ? `, with the slope from ${side}:` : ":";
}

/** A program laid out as code; one that returns is the body of a function. */
async function codeOf(program: string): Promise<string> {
  const isBody = /\breturn\b/.test(program);
  const code = await format(isBody ? `function loss() {${program}}` : program, {
    parser: "typescript",
    printWidth: 100,
  });
  if (!isBody) return code;
  const lines = code.trim().split("\n").slice(1, -1);
  return lines.map((line) => line.replace(/^ {2}/, "")).join("\n");
}

const nested = (at: Numbers): string => (typeof at === "number" ? inputOf(at) : `[${at.map(nested).join(", ")}]`);

/** What the program gets: the float32 next to what the row says, in as few digits as tell it from all others. */
function inputOf(number: number): string {
  const shortest = Number(formatNumber(Math.fround(number), "f32").replace("∞", "Infinity"));
  const isLong = Number.isFinite(shortest) && Math.abs(shortest) >= 1e7;
  return signed(isLong ? shortest.toExponential() : `${shortest}`.replace("Infinity", "∞"));
}

function numbers(number: number): string {
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  return signed(String(Number(number.toPrecision(6))));
}

const signed = (text: string): string => text.replace("-", "−").replace("e−", "e-").replace("e+", "e");
