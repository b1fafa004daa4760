/// Long sums without what is the same for all of their terms: Σ g·x = g·Σ x, and in deviations from a mean g·x − mean(g·x) =
/// g·(x − mean x). The slopes of a normalisation of channels ask for Σ g·y and Σ g·y·x̂, where Σ y and Σ y·x̂ are the slopes
/// of its offset and of its scale: a kernel that goes over memory for sums has few tensors to write them to.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { axesOf, broadcastAttrs, broadcastOp, keptAxes, reducedCount, spread, sumOp } from "../../ir/ops/sum.ts";
import { apply, withOperands, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { factorsOf } from "../rewrite/factors.ts";
import { withoutAxes } from "../rewrite/rules/uniform.ts";
import { centred } from "./joint-moments.ts";
import { rebuildGraph } from "./replace.ts";

/** A pass over fewer elements is over in no time. */
const longRow = 2048;

export const pullFactors: Pass = {
  name: "pull-factors",
  doc: "A long sum of multiples, and what is less its mean, is a multiple where the sum without the factor is there.",
  run(graph: Graph): Graph {
    const values = graphValues(graph);
    if (!values.some(isLong)) return graph;
    const present = new Set(values);
    const deviations = new Set<Value>();
    return rebuildGraph(graph, (value, operands) => {
      const image = withOperands(value, operands);
      const deviation = ofDeviation(value, image, present, deviations);
      if (deviation) deviations.add(deviation);
      return deviation ?? ofSum(value, image, present, deviations) ?? image;
    });
  },
};

function isLong(value: Value): boolean {
  if (value.op !== sumOp) return false;
  const length = reducedCount(value.operands[0].type, axesOf(value));
  return typeof length === "number" && length >= longRow;
}

function ofSum(
  value: Value,
  image: Value,
  present: ReadonlySet<Value>,
  deviations: ReadonlySet<Value>,
): Value | undefined {
  if (!isLong(value)) return undefined;
  const axes = axesOf(value);
  const isKnown = deviations.has(image.operands[0]) || hasSum(value.operands[0], axes, present);
  const parts = isKnown ? apart(image.operands[0], axes) : undefined;
  return parts && mul(sumOver(parts.rest, axes), parts.factor);
}

/** Of x − x̄ what it has become, where x is a multiple: its mean is no sum of multiples any more. */
function ofDeviation(
  value: Value,
  image: Value,
  present: ReadonlySet<Value>,
  deviations: ReadonlySet<Value>,
): Value | undefined {
  if (value.op !== sub.op || value.operands[1].op !== broadcastOp) return undefined;
  const axes = keptAxes(value.type.shape.length, broadcastAttrs(value.operands[1]).axes);
  const own = centred(value, axes);
  if (!own || !isLong(own.mean.operands[0])) return undefined;
  const isKnown = deviations.has(image.operands[0]) || hasSum(own.from, axes, present);
  const parts = isKnown ? apart(image.operands[0], axes) : undefined;
  if (!parts) return undefined;
  const { factor, rest } = parts;
  const ownMean = div(sumOver(rest, axes), own.mean.operands[1]);
  return mul(sub(rest, spread(ownMean, rest.type, axes)), spread(factor, rest.type, axes));
}

/** True for a multiple of what is added up somewhere: another sum may be too large for a float. */
function hasSum(multiple: Value, axes: readonly number[], present: ReadonlySet<Value>): boolean {
  const parts = apart(multiple, axes);
  return parts !== undefined && present.has(sumOver(parts.rest, axes));
}

const sumOver = (value: Value, axes: readonly number[]): Value => apply(sumOp, [value], { axes });

/** A product as what is the same along axes, without them, and the rest; undefined where nothing is, or all. */
function apart(product: Value, axes: readonly number[]): { readonly factor: Value; readonly rest: Value } | undefined {
  const factors = product.op === mul.op ? (factorsOf(product) ?? []) : [];
  const same = factors.flatMap((each) => withoutAxes(each, axes) ?? []);
  const others = factors.filter((each) => withoutAxes(each, axes) === undefined);
  if (same.length === 0 || others.length === 0) return undefined;
  const times = (values: readonly Value[]): Value => values.reduce((all, each) => mul(all, each));
  return { factor: times(same), rest: times(others) };
}
