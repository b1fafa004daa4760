/// `chainrule print`: the graph of a model as text, LaTeX, DOT, Mermaid or JSON, at any stage of its derivation.
import type { Graph } from "../../ir/graph.ts";
import { formatName } from "../../ir/notation/form.ts";
import { printGraph } from "../../ir/print.ts";
import { pageWidth, wrap } from "../../ir/print/wrap.ts";
import { suggestion } from "../../ir/suggest.ts";
import { formatDot } from "../format/dot.ts";
import { formatJson } from "../format/json.ts";
import { formatLatex } from "../format/latex.ts";
import { formatMermaid } from "../format/mermaid.ts";
import { loadModel } from "../load/index.ts";
import { derive } from "../passes/all.ts";
import { forwardStage, graphAtStage, stages } from "../passes/stages.ts";
import { deriveReading, stopAt } from "../passes/stop-at.ts";
import { table, type Terminal } from "./terminal.ts";
import { usageError } from "./usage.ts";

/** States that a comment names; it counts the rest. */
const mostNames = 8;

const formats = { text: printGraph, latex: formatLatex, dot: formatDot, mermaid: formatMermaid, json: formatJson };

/** What a graph can be printed as. */
export type PrintFormat = keyof typeof formats;

/** What to print, and how. */
export interface PrintCommand {
  readonly model: string;
  readonly gradient: boolean;
  readonly entry: string | undefined;
  readonly format: PrintFormat;
  /** A stage of the derivation instead of its beginning or end; `list` prints their names. */
  readonly stage: string | undefined;
  /** Names of values that stand as letters. */
  readonly stopAt: readonly string[];
  readonly strictFloat: boolean;
}

/** Prints the model as it was written, or what the compiler derives from it; returns the exit code. */
export async function printCommand(command: PrintCommand, terminal: Terminal): Promise<number> {
  const { model, entry, format, stage, strictFloat } = command;
  if (stage === "list") {
    const rows = stages().map(({ name, doc }) => [name, doc]);
    for (const line of table(rows, ["left", "left"])) terminal.print(line);
    return 0;
  }
  const written = await loadModel(model);
  checkEntry(written, entry);
  // At a stage after the first there is no telling updates from what they need: all is shown.
  const gradient = command.gradient || (stage !== undefined && stage !== forwardStage);
  const run = (each: Graph): Graph =>
    stage === undefined ? derive(each, { strictFloat }) : graphAtStage(each, stage, { strictFloat });
  const graph = gradient ? deriveReading(written, command.stopAt, run) : written;
  const text = formats[format](stopAt(graph, command.stopAt), { entry, gradient }).trimEnd();
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
    const meant = suggestion(entry, known);
    throw usageError(
      `--entry takes an entry point of the model, ${known.join(", ")}: found ${entry}${meant ? `; ${meant}` : ""}`,
    );
  }
}
