/// `chainrule print`: the graph of a model, before or after differentiation.
import { printGraph } from "../../ir/print.ts";
import type { Graph } from "../../ir/graph.ts";
import { formatDot } from "../format/dot.ts";
import { formatLatex } from "../format/latex.ts";
import { loadModel } from "../load/index.ts";
import { derive } from "../passes/all.ts";
import type { Terminal } from "./terminal.ts";
import { usageError } from "./usage.ts";

/** What to print, and how. */
export interface PrintCommand {
  readonly model: string;
  readonly gradient: boolean;
  readonly entry: string | undefined;
  readonly format: "text" | "latex" | "dot";
}

/** Prints the model as it was written, or what the compiler derives from it; returns the exit code. */
export async function printCommand(command: PrintCommand, terminal: Terminal): Promise<number> {
  const { model, gradient, entry, format } = command;
  const graph = await loadModel(model);
  checkEntry(graph, entry);
  const write = { text: printGraph, latex: formatLatex, dot: formatDot }[format];
  terminal.print(write(gradient ? derive(graph) : graph, { entry, gradient }).trimEnd());
  return 0;
}

function checkEntry({ entryPoints }: Graph, entry: string | undefined): void {
  const known = entryPoints.map((each) => each.name);
  if (entry !== undefined && !known.includes(entry)) {
    throw usageError(`--entry takes an entry point of the model, ${known.join(", ")}: found ${entry}`);
  }
}
