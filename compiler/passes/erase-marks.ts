/// Marks tell derivatives what to do; once these are taken they have done their part.
import { graphRoots, graphValues } from "../../ir/graph.ts";
import { stopGradient, suppliedOp } from "../../ir/ops/derivative.ts";
import { withOperands, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { replaceValues } from "./replace.ts";

/** True for `stopGradient` and for formulas whose derivative the model supplies. */
export const isMark = ({ op }: Value): boolean => op === stopGradient.op || op === suppliedOp;

/** Why a log says that a mark is gone. */
const unmarking = { name: "marks have done their part", identity: "mark(x) = x", contract: "exact" } as const;

/** A function that rebuilds values without marks. */
export function markEraser(log?: DerivationLog): (value: Value) => Value {
  const done = new Map<Value, Value>();
  const observe = log?.phase("marks");
  return (root) =>
    bottomUp(root, done, (value, operands) => {
      const rebuilt = withOperands(value, operands);
      if (!isMark(value)) return rebuilt;
      observe?.(unmarking, rebuilt, operands[0]);
      return operands[0];
    });
}

/** No mark is left. For the bodies of loops, whose derivatives are taken after those inside them. */
export function eraseMarksWith(log?: DerivationLog): Pass {
  return {
    name: "eraseMarks",
    doc: "No mark of derivatives is left, once all of them are taken.",
    run(graph) {
      if (!graphValues(graph).some(isMark)) return graph;
      const erase = markEraser(log);
      graphRoots(graph).forEach(erase);
      return replaceValues(graph, erase);
    },
  };
}
