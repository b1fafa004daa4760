/// What is added to a large table at several lists of positions, as the slopes of one that was read several times, as one
/// list: that is put in order once, and no table is written to be added to another. Where nothing is put in order, threads
/// would go over a long list of several tensors, which takes longer than adding small tables.
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { add } from "../../ir/ops/arithmetic.ts";
import { batchAxes, scatterAddOp } from "../../ir/ops/gather.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { concatenate, concatenateOp } from "../../ir/ops/pad.ts";
import { elementCount, type Shape } from "../../ir/type.ts";
import { apply, usersOf, withOperands, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rebuildGraph } from "./replace.ts";
import { isCounted, isWorthOrder } from "./sort-terms.ts";

export const joinScatters: Pass = {
  name: "join-scatters",
  doc: "Large tables of what is added at positions, added together, are one of all that is added.",
  run(graph: Graph): Graph {
    const values = graphValues(graph);
    if (values.filter(isScattered).length < 2) return graph;
    const [users, roots] = [usersOf(values), new Set(graphRoots(graph))];
    const holding = new Set(values.filter(isScattered));
    for (const value of values) {
      if (value.op === add.op && value.operands.some((each) => holding.has(each))) holding.add(value);
    }
    const isSum = (value: Value): boolean => value.op === add.op && holding.has(value);
    // Sums of one sum alone are parts of that; what else reads one keeps it as it is.
    const isPart = (value: Value): boolean =>
      isSum(value) && !roots.has(value) && users.get(value)!.length === 1 && isSum(users.get(value)![0]);
    const parts = new Set<Value>();
    return rebuildGraph(graph, (value, operands) => {
      const rebuilt = withOperands(value, operands);
      if (isPart(value)) parts.add(rebuilt);
      return isSum(value) && !isPart(value) ? joined(rebuilt, parts) : rebuilt;
    });
  },
};

function joined(value: Value, sums: ReadonlySet<Value>): Value {
  const terms = value.operands.flatMap((each) => summands(each, sums));
  const scattered = terms.filter(isScattered);
  if (scattered.length < 2) return value;
  const places = concatenate(scattered.flatMap(({ operands: [at] }) => parts(at, [])));
  const updates = concatenate(scattered.flatMap(({ operands: [, each], type }) => parts(each, type.shape.slice(1))));
  const all = apply(scatterAddOp, [places, updates], scattered[0].attrs);
  if (!isWorthOrder(all.type.shape, places.type.shape[0])) return value;
  return terms.filter((term) => !scattered.includes(term)).reduce((total, term) => add(total, term), all);
}

const isScattered = ({ op, attrs, operands }: Value): boolean =>
  op === scatterAddOp && batchAxes(attrs) === 0 && !isCounted(operands[0]);

/** What a sum adds up, through those that are parts of it. */
function summands(value: Value, sums: ReadonlySet<Value>): readonly Value[] {
  return sums.has(value) ? value.operands.flatMap((each) => summands(each, sums)) : [value];
}

/** One after the other: vectors of a shape, along one axis. What was put together before is taken apart. */
function parts(list: Value, shape: Shape): readonly Value[] {
  if (list.op === concatenateOp && list.attrs.axis === 0) return list.operands.flatMap((each) => parts(each, shape));
  const { length } = list.type.shape;
  return [reshapeTo(list, [elementCount(list.type.shape.slice(0, length - shape.length)), ...shape])];
}
