/// The stages between the model file and its gradients: the graph before and after each pass, by name.
import type { Graph } from "../../ir/graph.ts";
import { stageUnknown } from "../errors.ts";
import { suggestion } from "../../ir/suggest.ts";
import { makeSymbolicPasses, type SymbolicOptions } from "./all.ts";

/** A stage that can be asked for. */
export interface Stage {
  readonly name: string;
  readonly doc: string;
}

/** The graph as the model file has it. */
export const forwardStage = "forward";

/** Stages in their order: the graph as written, derived but not simplified, and after each pass. */
export function stages(): readonly Stage[] {
  return [
    { name: forwardStage, doc: "The graph as the model file has it." },
    { name: "gradient", doc: "Derivatives are expanded, and nothing is simplified yet." },
    ...numberedPasses().map(({ name, doc }) => ({ name, doc })),
  ];
}

/** The graph at a stage: after it, or before a pass with `:before`. Throws `stage-unknown`. */
export function graphAtStage(graph: Graph, stage: string, options?: SymbolicOptions): Graph {
  if (stage === forwardStage) return graph;
  const [, name, before] = /^(.*?)(:before|:after)?$/.exec(stage)!;
  const wanted = name === "gradient" ? "expandDerivatives" : name;
  const passes = numberedPasses(options);
  const at = passes.findIndex((pass) => pass.name === wanted);
  if (at < 0) {
    const known = stages().map((each) => each.name);
    throw stageUnknown(stage, suggestion(name, known), known);
  }
  return passes.slice(0, before === ":before" ? at : at + 1).reduce((result, { run }) => run(result), graph);
}

/** The passes under names of their own: the second `cse` is `cse-2`. */
function numberedPasses(options?: SymbolicOptions): readonly (Stage & { run(graph: Graph): Graph })[] {
  const passes = makeSymbolicPasses(options);
  return passes.map((pass, position) => {
    const count = passes.slice(0, position).filter(({ name }) => name === pass.name).length + 1;
    return { name: count === 1 ? pass.name : `${pass.name}-${count}`, doc: pass.doc, run: (graph) => pass.run(graph) };
  });
}
