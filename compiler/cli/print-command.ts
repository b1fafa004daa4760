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

/** Prints; returns the exit code. */
export async function printCommand(command: PrintCommand, terminal: Terminal): Promise<number> {
  const graph = await loadModel(command.model);
  const shown = only(command.gradient ? derive(graph) : graph, command.entry);
  const format = { text: printGraph, latex: formatLatex, dot: formatDot }[command.format];
  terminal.print(format(shown).trimEnd());
  return 0;
}

/** The graph with one entry point; all of them without a name. */
function only(graph: Graph, entry: string | undefined): Graph {
  if (entry === undefined) return graph;
  const entryPoints = graph.entryPoints.filter((each) => each.name === entry);
  if (entryPoints.length > 0) return { ...graph, entryPoints };
  const known = graph.entryPoints.map((each) => each.name).join(", ");
  throw usageError(`--entry takes an entry point of the model, ${known}: found ${entry}`);
}
