/// `chainrule print`: the graph of a model, before or after differentiation.
import type { Graph } from "../../ir/graph.ts";
import { formatName } from "../../ir/notation/form.ts";
import { printGraph } from "../../ir/print.ts";
import { pageWidth, wrap } from "../../ir/print/wrap.ts";
import { formatDot } from "../format/dot.ts";
import { formatLatex } from "../format/latex.ts";
import { loadModel } from "../load/index.ts";
import { derive } from "../passes/all.ts";
import type { Terminal } from "./terminal.ts";
import { usageError } from "./usage.ts";

/** States that a comment names; it counts the rest. */
const mostNames = 8;

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
  const text = write(gradient ? derive(graph) : graph, { entry, gradient }).trimEnd();
  terminal.print(format === "text" && !gradient ? withHiddenUpdates(text, graph) : text);
  return 0;
}

/** Without the gradients the updates are left out: a comment at the end of an entry point says which they are. */
function withHiddenUpdates(text: string, { entryPoints, notes }: Graph): string {
  const blocks = text.split("\n\n").map((block) => {
    const entry = entryPoints.find(({ name }) => block.split("\n")[0] === `entry ${formatName(name)}`);
    if (!entry || entry.updates.length === 0) return block;
    const all = entry.updates.map(({ state }) => notes.get(state)?.name ?? state.op.name);
    // What accompanies another state (a moment of hidden.weight) comes last.
    const follows = (name: string): number => Number(all.some((other) => name.endsWith(`.${other}`)));
    const names = all.toSorted((a, b) => follows(a) - follows(b)).map(formatName);
    const more = names.length > mostNames ? `, and ${names.length - mostNames} more` : "";
    const comment = `  # --gradient shows the updates of ${names.slice(0, mostNames).join(", ")}${more}`;
    return [block, ...wrap(comment, pageWidth, "  #     ")].join("\n");
  });
  return blocks.join("\n\n");
}

function checkEntry({ entryPoints }: Graph, entry: string | undefined): void {
  const known = entryPoints.map((each) => each.name);
  if (entry !== undefined && !known.includes(entry)) {
    throw usageError(`--entry takes an entry point of the model, ${known.join(", ")}: found ${entry}`);
  }
}
