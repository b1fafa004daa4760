/// Factors that are the same for whole rows are one: (x/σ)·γ is x·(γ/σ), and ((g - a)·γ - x·q)/σ is (g - a)·(γ/σ) - x·(q/σ), with
/// a number more for each long row instead of an operation more for each element. A kernel binds one table where it had two:
/// of a normalisation of channels, what is computed for a row lies in as many tables as its formula has names.
import { elementCount } from "../../ir/type.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { add, div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { broadcastAlong, broadcastAttrs, broadcastOp, keptAxes, sumOp } from "../../ir/ops/sum.ts";
import { apply, usersOf, withOperands, type Value } from "../../ir/value.ts";
import { isRenaming } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { rangeOf } from "../rewrite/range.ts";
import { withoutAxes } from "../rewrite/rules/uniform.ts";
import { rebuildGraph } from "./replace.ts";

/** What is computed for a shorter row is computed with its elements, in one kernel. */
const longRow = 2048;

/**
 * A factor over less might be too large for a float, though what it multiplies is small. Over very much it may be too small:
 * below 1e-38 digits are lost. The slope of a normalisation has factors over the square of its divisor, so that of 1e-4 loses
 * some where rows deviate by 1e17; that of PyTorch's batch norm, with the same factors, does too. Strict floats have none.
 */
const leastDivisor = 1e-8;

/** A sum of more terms is not looked through. */
const mostTerms = 8;

export const rowFactors: Pass = {
  name: "row-factors",
  doc: "A factor and a divisor that are the same for all of a long row are one factor.",
  run(graph: Graph): Graph {
    const values = graphValues(graph);
    if (!values.some(quotientOf)) return graph;
    const dissolved = dissolvedIn(values);
    return rebuildGraph(graph, (value, operands) => {
      const image = withOperands(value, operands);
      const multiple = productOf(value);
      if (multiple && dissolved.has(multiple.rest)) return joined(image) ?? image;
      const part = quotientOf(image);
      return (part && divided(part.rest, part.table, mostTerms)) ?? image;
    });
  },
};

/** Quotients that nobody reads once factors are joined, but for sums: there they cost nothing, since no kernel writes them. */
function dissolvedIn(values: readonly Value[]): ReadonlySet<Value> {
  const users = usersOf(values);
  const usersOfEach = (value: Value): readonly Value[] => users.get(value) ?? [];
  const isSummed = (value: Value): boolean => {
    const own = usersOfEach(value);
    return own.length > 0 && own.every((user) => user.op === sumOp || (isRenaming(user) && isSummed(user)));
  };
  const isAbsorbed = ({ table }: Multiple, user: Value): boolean => {
    const multiple = productOf(user);
    return (multiple !== undefined && isAlong(multiple.table, table)) || isSummed(user);
  };
  return new Set(
    values.filter((value) => {
      const quotient = quotientOf(value);
      return quotient && usersOfEach(value).every((user) => isAbsorbed(quotient, user));
    }),
  );
}

/** A number for each long row, and the axes along which it is the same. */
interface Table {
  readonly value: Value;
  readonly axes: readonly number[];
}

/** A multiple or a part of something, in each row another. */
interface Multiple {
  readonly rest: Value;
  readonly table: Table;
}

/** A multiple of a quotient as a multiple. */
function joined(value: Value): Value | undefined {
  const multiple = productOf(value);
  const inner = multiple && quotientOf(multiple.rest);
  if (!inner || !isAlong(inner.table, multiple.table)) return undefined;
  return times(inner.rest, div(multiple.table.value, inner.table.value), multiple.table);
}

/** A sum of multiples over a divisor, as multiples of quotients; undefined where a term of the sum is no multiple. */
function divided(value: Value, by: Table, most: number): Value | undefined {
  if (value.op === add.op || value.op === sub.op) {
    const [left, right] = value.operands.map((operand) => (most > 1 ? divided(operand, by, most / 2) : undefined));
    return left && right && apply(value.op, [left, right]);
  }
  const own = tableOf(value);
  if (own) return isAlong(own, by) ? spread(div(own.value, by.value), value, by) : undefined;
  const multiple = productOf(value);
  if (!multiple || !isAlong(multiple.table, by)) return undefined;
  return times(multiple.rest, div(multiple.table.value, by.value), by);
}

const isAlong = (some: Table, other: Table): boolean => some.axes.join() === other.axes.join();

const spread = (table: Value, { type: { shape } }: Value, { axes }: Table): Value =>
  broadcastAlong(table, shape, keptAxes(shape.length, axes));

const times = (rest: Value, factor: Value, along: Table): Value => mul(rest, spread(factor, rest, along));

function quotientOf({ op, operands: [rest, divisor] }: Value): Multiple | undefined {
  const table = op === div.op ? tableOf(divisor) : undefined;
  return table && rangeOf(table.value).low >= leastDivisor ? { rest, table } : undefined;
}

function productOf({ op, operands }: Value): Multiple | undefined {
  if (op !== mul.op) return undefined;
  for (const [rest, factor] of [operands, operands.toReversed()]) {
    const table = tableOf(factor);
    if (table) return { rest, table };
  }
  return undefined;
}

/** What is the same for all of each long row, one element for each. */
function tableOf(value: Value): Table | undefined {
  if (value.op !== broadcastOp) return undefined;
  const [x] = value.operands;
  const along = broadcastAttrs(value).axes;
  const { shape } = value.type;
  const kept = along.filter((_, i) => x.type.shape[i] !== 1);
  const axes = keptAxes(shape.length, kept);
  const length = elementCount(axes.map((axis) => shape[axis]));
  if (typeof length !== "number" || length < longRow || kept.length === 0) return undefined;
  const table = withoutAxes(value, axes);
  return table && { value: table, axes };
}
