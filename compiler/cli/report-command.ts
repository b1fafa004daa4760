/// `chainrule report`: what a compiled model costs, as a table or as JSON.
import { compileWithFacts } from "../compile.ts";
import { loadModel } from "../load/index.ts";
import { report, type Report } from "../report.ts";
import { compact, table, type Terminal } from "./terminal.ts";

/** What to report on. */
export interface ReportCommand {
  readonly model: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly json: boolean;
}

/** Compiles and prints the costs; returns the exit code. */
export async function reportCommand({ model, dims, json }: ReportCommand, terminal: Terminal): Promise<number> {
  const result = report(compileWithFacts(await loadModel(model), { dims }));
  if (json) terminal.print(JSON.stringify(result, null, 2));
  else printReport(result, terminal);
  return 0;
}

function printReport({ entryPoints, parameters }: Report, terminal: Terminal): void {
  for (const [name, entry] of Object.entries(entryPoints)) {
    terminal.print(terminal.style("bold", name));
    const facts = [
      `${entry.dispatches} dispatches in ${entry.passes} pass and ${entry.submits} submit, ${entry.pipelines} pipelines`,
      `${compact(entry.flops)} flops, ${compact(entry.bytes)}B bound, ${compact(entry.wgslBytes)}B of WGSL`,
      `arena ${compact(entry.arenaBytes)}B, at least ${compact(entry.arenaLowerBound)}B`,
    ];
    for (const fact of facts) terminal.print(`  ${fact}`);
    const rows = entry.kernels.map((kernel) => [
      kernel.name,
      kernel.dispatch.join("×"),
      compact(kernel.flops),
      `${compact(kernel.bytes)}B`,
    ]);
    const lines = table([["kernel", "workgroups", "flops", "bytes"], ...rows], ["left", "left", "right", "right"]);
    lines.forEach((line, row) => terminal.print(`  ${row === 0 ? terminal.style("dim", line) : line}`));
    terminal.print("");
  }
  const total = parameters.reduce((sum, parameter) => sum + parameter.count, 0);
  terminal.print(terminal.style("bold", `parameters: ${total}`));
  const rows = parameters.map(({ name, shape, count }) => [name, `[${shape.join(", ")}]`, String(count)]);
  for (const line of table(rows, ["left", "left", "right"])) terminal.print(`  ${line}`);
}
