/// Sums over what few windows hold an element, as terms: an expression that other kernels take in, where a reduction
/// would be a kernel of its own and pass over memory once more.
import type { Graph } from "../../ir/graph.ts";
import { add } from "../../ir/ops/arithmetic.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { sliceTo } from "../../ir/ops/pad.ts";
import { axesOf, reducedCount, sumOp } from "../../ir/ops/sum.ts";
import { skewOp } from "../../ir/ops/windows.ts";
import type { Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** More terms than this are a loop. */
const mostTerms = 4;

export const unrollSums: Pass = {
  name: "unroll-sums",
  doc: "A sum of one term is that term, and a sum of the few windows that hold an element is written out.",
  run(graph: Graph): Graph {
    return rewriteValues(graph, unroll);
  },
};

function unroll(value: Value): Value {
  if (value.op !== sumOp) return value;
  const [operand] = value.operands;
  const axes = axesOf(value);
  const count = reducedCount(operand.type, axes);
  if (count === 1) return reshapeTo(operand, value.type.shape);
  if (operand.op !== skewOp || axes.length !== 1 || typeof count !== "number" || count > mostTerms) return value;
  const terms = Array.from({ length: count }, (_, term) => reshapeTo(termOf(operand, axes[0], term), value.type.shape));
  return terms.reduce((total, term) => add(total, term));
}

/** What lies at one place of an axis. */
function termOf(x: Value, axis: number, place: number): Value {
  const { shape } = x.type;
  return sliceTo(x, {
    starts: shape.map((_, i) => (i === axis ? place : 0)),
    limits: shape.map((extent, i) => (i === axis ? place + 1 : extent)),
    strides: shape.map(() => 1),
  });
}
