/// Composites give way to what they stand for, at the very end: until then rules, printers and people see one op.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { withOperands, type Value } from "../../ir/value.ts";
import { canonicalRules } from "../rewrite/rules/all.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";
import type { Pass } from "../pass.ts";
import { replaceValues } from "./replace.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Layouts and neutral elements that an expansion brings along. */
const tidy: Pass = rewritePass("canonicalize", "One form for what expansion leaves.", canonicalRules);

export const expandComposites: Pass = {
  name: "expand-composites",
  doc: "No composite is left: each is the expression in other ops that it stands for.",
  run(graph: Graph): Graph {
    if (graphValues(graph).every((value) => value.op.kind !== "composite")) return graph;
    const done = new Map<Value, Value>();
    const expand = (value: Value, operands: readonly Value[]): Value => {
      if (value.op.kind !== "composite") return withOperands(value, operands);
      return bottomUp(value.op.expand(operands, value.attrs), done, expand);
    };
    return tidy.run(replaceValues(graph, (root) => bottomUp(root, done, expand)));
  },
};
