/// The stages between the model file and its gradients: the graph before and after each pass, by name.
import type { Graph } from "../../ir/graph.ts";
import { stageUnknown } from "../errors.ts";
import { suggestion } from "../../ir/suggest.ts";
import { derivedAsWritten, makeSymbolicPasses, type SymbolicOptions } from "./all.ts";

/** A stage that can be asked for. */
export interface Stage {
  readonly name: string;
  readonly doc: string;
}

/** The graph as the model file has it. */
export const forwardStage = "forward";

/** Derivatives by the chain rule alone. */
const gradientStage = "gradient";

/** The pass that stabilises and differentiates. */
const derivingPass = "expandDerivatives";

/** What stages are up to the one that stabilises; what is after it says its pass. */
const early: Readonly<Record<string, string>> = {
  [gradientStage]:
    "Derivatives as the chain rule gives them of the formulas in the file: nothing is stabilised or simplified.",
  insideScans:
    "The same, but for the steps of loops: they are stabilised, and derivatives in them are of what is stable.",
  [derivingPass]: "Everything is stabilised, and derivatives are those of the stabilised losses, innermost first.",
};

/** Stages in their order: the graph as written, derived by the chain rule alone, and after each pass. */
export function stages(): readonly Stage[] {
  return [
    { name: forwardStage, doc: "The graph as the model file has it." },
    { name: gradientStage, doc: early[gradientStage] },
    ...numberedPasses().map(({ name, doc }) => ({ name, doc: early[name] ?? doc })),
  ];
}

/**
 * The graph at a stage: after it, or before a pass with `:before`. Derivatives that the compiler has not taken yet, since it
 * stabilises before, are shown as the chain rule gives them. Throws `stage-unknown`.
 */
export function graphAtStage(graph: Graph, stage: string, options?: SymbolicOptions): Graph {
  if (stage === forwardStage) return graph;
  const [, name, before] = /^(.*?)(:before|:after)?$/.exec(stage)!;
  const isBefore = before === ":before";
  if (name === gradientStage) return isBefore ? graph : derivedAsWritten(graph);
  const passes = numberedPasses(options);
  const at = passes.findIndex((pass) => pass.name === name);
  if (at < 0) {
    const known = stages().map((each) => each.name);
    throw stageUnknown(stage, suggestion(name, known), known);
  }
  const done = passes.slice(0, isBefore ? at : at + 1);
  const result = done.reduce((each, { run }) => run(each), graph);
  return done.some((pass) => pass.name === derivingPass) ? result : derivedAsWritten(result);
}

/** The passes under names of their own: the second `cse` is `cse-2`. */
function numberedPasses(options?: SymbolicOptions): readonly (Stage & { run(graph: Graph): Graph })[] {
  const passes = makeSymbolicPasses(options);
  return passes.map((pass, position) => {
    const count = passes.slice(0, position).filter(({ name }) => name === pass.name).length + 1;
    return { name: count === 1 ? pass.name : `${pass.name}-${count}`, doc: pass.doc, run: (graph) => pass.run(graph) };
  });
}
