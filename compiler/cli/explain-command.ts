/// `chainrule explain`: how a gradient or a value came about, step by step.
import type { Graph } from "../../ir/graph.ts";
import { grad } from "../../ir/ops/derivative.ts";
import { didYouMean } from "../../ir/suggest.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { valueNamed } from "../passes/stop-at.ts";
import { askedFor } from "../explain/asked.ts";
import { gradientDocument } from "../explain/document.ts";
import { explainGradient } from "../explain/gradient.ts";
import { explanationLatex } from "../explain/latex.ts";
import { explanationText } from "../explain/text.ts";
import { explainValue, valueDocument } from "../explain/value.ts";
import { zeroDocument } from "../explain/zero.ts";
import { loadModel } from "../load/index.ts";
import type { Terminal } from "./terminal.ts";
import { usageError } from "./usage.ts";

/** What to explain, and how. */
export interface ExplainCommand {
  readonly model: string;
  /** A loss where there is a parameter, else any value of the derived graph. */
  readonly value: string;
  readonly parameter: string | undefined;
  readonly format: "text" | "latex";
}

/** A named value or output. */
function valueOf(graph: Graph, name: string): Value {
  const asked = askedFor(graph, name);
  return valueNamed(asked.graph, asked.name);
}

/** Prints a derivation; returns the exit code. */
export async function explainCommand(command: ExplainCommand, terminal: Terminal): Promise<number> {
  const { model, value, parameter, format } = command;
  const graph = await loadModel(model);
  const write = format === "latex" ? explanationLatex : explanationText;
  if (parameter === undefined) {
    terminal.print(write(valueDocument(explainValue(graph, value))).trimEnd());
    return 0;
  }
  const asked = askedFor(graph, value);
  if (askedFor(asked.graph, parameter).name === asked.name) {
    // It has a derivative if it is a scalar.
    const named = valueNamed(asked.graph, asked.name);
    grad(named, named);
    terminal.print(`∂${value}/∂${parameter} = 1`);
    return 0;
  }
  const [loss, target] = [value, parameter].map((name) => valueOf(asked.graph, name));
  const isTurned = loss.type.shape.length > 0 && target.type.shape.length === 0;
  if (isTurned && postorder([target]).includes(loss))
    throw usageError(`explain takes the loss first: ${didYouMean(`${parameter} ${value}`)}`);
  const explained = explainGradient(graph, value, parameter);
  const document = explained ? gradientDocument(explained) : zeroDocument(graph, value, parameter);
  terminal.print(write(document).trimEnd());
  return 0;
}
