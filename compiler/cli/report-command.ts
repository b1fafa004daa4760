/// `chainrule report`: what a compiled model costs, as a table or as JSON.
import { placeText } from "../../ir/diagnostic.ts";
import { compileWithFacts } from "../compile.ts";
import type { Storage } from "../half.ts";
import type { WideReport } from "../half-report.ts";
import { loadModel } from "../load/index.ts";
import type { MemoryReport } from "../memory-report.ts";
import { report, type EntryReport, type KernelReport, type Report, type ResidualReport } from "../report.ts";
import type { Contract } from "../rewrite/rule.ts";
import type { RefusedPair } from "../why.ts";
import { compactBytes, compactFlops, counted, table, type Alignment, type Terminal } from "./terminal.ts";

/** What to report on. */
export interface ReportCommand {
  readonly model: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly json: boolean;
  readonly strictFloat: boolean;
  readonly storage: Storage;
  readonly memoryBudget: number | undefined;
  /** Also says why neighbouring kernels are two. */
  readonly why: boolean;
}

/** Compiles and prints the costs; returns the exit code. */
export async function reportCommand(command: ReportCommand, terminal: Terminal): Promise<number> {
  const { model, dims, json, strictFloat, storage, memoryBudget, why } = command;
  const result = report(compileWithFacts(await loadModel(model), { dims, strictFloat, storage, memoryBudget }), why);
  if (json) terminal.print(JSON.stringify(result, null, 2));
  else printReport(result, why, terminal);
  return 0;
}

function printReport({ entryPoints, parameters, contracts }: Report, why: boolean, terminal: Terminal): void {
  for (const [name, entry] of Object.entries(entryPoints)) {
    terminal.print(terminal.style("bold", name));
    const facts = [
      [
        counted(entry.dispatches, "dispatch", "dispatches"),
        counted(entry.submits, "submit", "submits"),
        counted(entry.passes, "pass", "passes"),
        counted(entry.pipelines, "pipeline", "pipelines"),
      ].join(", "),
      `${compactFlops(entry.flops)} (padded ${compactFlops(entry.paddedFlops)}), ${compactBytes(entry.wgslBytes)} of WGSL`,
      boundBytes(entry),
      `arena ${compactBytes(entry.arenaBytes)}, at least ${compactBytes(entry.arenaLowerBound)}${halvesIn(entry)}`,
    ];
    if (entry.memory) facts.push(budgetLine(entry.memory, entry));
    for (const fact of facts) terminal.print(`  ${fact}`);
    const lines = kernelLines(entry.kernels);
    lines.forEach((line, row) => terminal.print(`  ${row === 0 ? terminal.style("dim", line) : line}`));
    for (const line of residualLines(entry.residuals, terminal)) terminal.print(`  ${line}`);
    for (const line of againLines(entry.memory?.again ?? [], terminal)) terminal.print(`  ${line}`);
    for (const line of why ? wideLines(entry.storage?.wide ?? [], terminal) : []) terminal.print(`  ${line}`);
    for (const line of refusedLines(entry.refused ?? [], terminal)) terminal.print(`  ${line}`);
    terminal.print("");
  }
  const total = parameters.reduce((sum, parameter) => sum + parameter.count, 0);
  terminal.print(terminal.style("bold", `parameters: ${total}`));
  const rows = parameters.map(({ name, shape, count }) => [name, `[${shape.join(", ")}]`, String(count)]);
  for (const line of table(rows, ["left", "left", "right"])) terminal.print(`  ${line}`);
  const counts = Object.entries(contracts).map(([contract, count]) => `${count} ${promises[contract as Contract]}`);
  terminal.print(`${terminal.style("bold", "rewrites:")} ${counts.join(", ")}`);
}

/** `; 4 of 6 tensors in half precision`, where there are such. */
function halvesIn({ storage }: EntryReport): string {
  if (!storage) return "";
  const [halves, all] = [storage.halves.length, storage.halves.length + storage.wide.length];
  return `; ${halves} of ${counted(all, "tensor", "tensors")} in half precision`;
}

/** What a memory budget took: `budget 1.00 MB: arena was 1.84 MB; 6 dispatches more, 2 values made again for 50.5 MFLOP`. */
function budgetLine({ budget, arenaBytes, dispatches, flops, again }: MemoryReport, now: EntryReport): string {
  const head = `budget ${compactBytes(budget)}: `;
  if (now.dispatches === dispatches && now.arenaBytes === arenaBytes) return `${head}kept without more ado`;
  const change = now.dispatches - dispatches;
  const more = `${counted(Math.abs(change), "dispatch", "dispatches")} ${change < 0 ? "less" : "more"}`;
  const values = `${counted(again.length, "value", "values")} made again`;
  return `${head}arena was ${compactBytes(arenaBytes)}; ${more}, ${again.length > 0 ? `${values} for ${compactFlops(flops)}` : "nothing made again"}`;
}

/** Values that are made again, a line for each. */
function againLines(again: MemoryReport["again"], terminal: Terminal): readonly string[] {
  if (again.length === 0) return [];
  const rows = again.map(({ name, shape, times, flops, place }) => {
    const often = `[${shape.join(", ")}]${times > 1 ? `, × ${times}` : ""}`;
    return [name, often, compactFlops(flops), place ? placeText(place) : ""];
  });
  const [first, ...rest] = table(
    [["made again", "shape", "flops", "from"], ...rows],
    ["left", "left", "right", "left"],
  );
  return [terminal.style("dim", first), ...rest];
}

/** Why tensors of the arena stay f32, a line for each. */
function wideLines(wide: readonly WideReport[], terminal: Terminal): readonly string[] {
  if (wide.length === 0) return [];
  const rows = wide.map(({ name, shape, bytes, text, place }) => {
    return [name, `[${shape.join(", ")}]`, compactBytes(bytes), text, place ? placeText(place) : ""];
  });
  const [first, ...rest] = table(
    [["stays f32", "shape", "bytes", "because", "from"], ...rows],
    ["left", "left", "right", "left", "left"],
  );
  return [terminal.style("dim", first), ...rest];
}

/** Why what kernels write is read by another: a line for each value that it computes of them, those of one reason together. */
function refusedLines(pairs: readonly RefusedPair[], terminal: Terminal): readonly string[] {
  if (pairs.length === 0) return [];
  const reasons = [...new Set(pairs.map(({ because }) => because))];
  const sorted = reasons.flatMap((reason) => pairs.filter(({ because }) => because === reason));
  const alike = new Map<string, { readonly pair: RefusedPair; readonly writers: string[] }>();
  for (const pair of sorted) {
    const key = JSON.stringify([pair.to, pair.value, pair.because]);
    const known = alike.get(key);
    if (known) known.writers.push(pair.from);
    else alike.set(key, { pair, writers: [pair.from] });
  }
  const kept = [...alike.values()].map(({ pair }) => pair);
  const rows = [...alike.values()].map(({ pair: { to, value, place }, writers }): readonly string[] => {
    return [`  ${writers.join(", ")} → ${to}`, value, place ? placeText(place) : ""];
  });
  const [first, ...lines] = table(
    [["not one kernel", "the second computes", "from"], ...rows],
    ["left", "left", "left"],
  );
  const grouped = lines.flatMap((line, row) => {
    const { because } = kept[row];
    return because === kept[row - 1]?.because ? [line] : [`${because}:`, line];
  });
  return [terminal.style("dim", first), ...grouped];
}

/** A line for each kernel; what a loop launches again has the number of launches, and the cost of all of them. */
function kernelLines(kernels: readonly KernelReport[]): readonly string[] {
  const several = kernels.some(({ variants }) => variants);
  const rows = kernels.map(({ name, dispatch, times, flops, bytes, variants = [], place }) => {
    const launches = `${dispatch.join("×")}${times > 1 ? `, × ${times}` : ""}`;
    const costs = [compactFlops(flops * times), compactBytes(bytes * times)];
    return [name, launches, ...costs, ...(several ? [variants.join(" or ")] : []), place ? placeText(place) : ""];
  });
  const titles = ["kernel", "workgroups", "flops", "bytes", ...(several ? ["on graphics cards"] : []), "from"];
  return table(
    [titles, ...rows],
    ["left", "left", "right", "right", "left", "left"].slice(0, titles.length) as Alignment[],
  );
}

/** The yardstick is no bound: a kernel that holds several contractions needs fewer bytes. */
const boundBytes = ({ bytes, rangeBytes, idealBytes }: EntryReport): string => {
  const yardstick = `${compactBytes(idealBytes)} if each contraction were a kernel, plus inputs, outputs and states once`;
  return `${compactBytes(rangeBytes)} bound, ${compactBytes(bytes)} in tensors (${yardstick})`;
};

/** What backward reads of forward: sizes, lines of the model, and formulas of what the model has no name for. */
function residualLines(residuals: readonly ResidualReport[], terminal: Terminal): readonly string[] {
  if (residuals.length === 0) return [];
  const rows = residuals.map(({ name, formula, shape, bytes, place }) => {
    const called = formula === undefined ? name : `${name} = ${formula}`;
    return [called, `[${shape.join(", ")}]`, compactBytes(bytes), place ? placeText(place) : ""];
  });
  const total = residuals.reduce((sum, { bytes }) => sum + bytes, 0);
  const head = ["kept for backward", "shape", compactBytes(total), "from"];
  return wideTable(head, rows, ["left", "left", "right", "left"], terminal);
}

/** A table in which a first cell that is wider than others has a line of its own. */
function wideTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  alignment: readonly Alignment[],
  terminal: Terminal,
): readonly string[] {
  const isWide = ([cell]: readonly string[]): boolean => cell.length > widestName;
  const narrow = rows.map((row) => (isWide(row) ? ["", ...row.slice(1)] : row));
  const [first, ...rest] = table([head, ...narrow], alignment);
  return [
    terminal.style("dim", first),
    ...rest.flatMap((line, row) => (isWide(rows[row]) ? [rows[row][0], line] : [line])),
  ];
}

const widestName = 60;

/** What rewrites do to float results, as a word after their number. */
const promises: Readonly<Record<Contract, string>> = {
  exact: "exact",
  reassociates: "that reassociate",
  "assumes-finite": "that assume finite values",
  stabilizes: "that stabilize",
};
