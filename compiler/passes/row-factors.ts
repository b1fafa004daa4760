/// Factors that are the same for whole rows are one: (x/σ)·γ is x·(γ/σ), and ((g - a)·γ - (x/σ)·γ·q)/σ is
/// ((g - a) - x·(q/σ))·(γ/σ), with a number more for each long row instead of an operation more for each element. A kernel
/// binds one table where it had two: of a normalisation of channels, what is computed for a row lies in as many tables as its
/// formula has names. Nothing is divided twice by what belongs to a row: γ·q/σ² is too little for a float where rows deviate by
/// 1e12 and slopes are 1e-14.
import { elementCount } from "../../ir/type.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { add, div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { sqrt } from "../../ir/ops/functions.ts";
import { reshapeOp, reshapeTo } from "../../ir/ops/layout.ts";
import { constant } from "../../ir/ops/leaf.ts";
import { broadcastAlong, broadcastAttrs, broadcastOp, keptAxes, sumOp } from "../../ir/ops/sum.ts";
import { apply, underLayouts, usersOf, withOperands, type Value } from "../../ir/value.ts";
import { isRenaming } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { rangeOf } from "../rewrite/range.ts";
import { isUniform, withoutAxes } from "../rewrite/rules/uniform.ts";
import { factorsOf, type Factors } from "./factors.ts";
import { rebuildGraph } from "./replace.ts";

/** What is computed for a shorter row is computed with its elements, in one kernel. */
const longRow = 2048;

/** A factor over less might be too large for a float, though what it multiplies is small. */
const leastDivisor = 1e-8;

/**
 * A number of a row, such as the mean of slopes times x/σ, or a small factor that is given, may be too little for a float
 * over a large σ where what it multiplies over σ is none too little. So much larger, and what it multiplies so much smaller,
 * nothing is rounded, and what vanishes is less than the rounding of results. Above 1e23 such a mean would be too large.
 */
const raised = 2 ** 24;

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
      return (part && divided(part.rest, part.table)) ?? image;
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
  const factor = multiple.table.value;
  const over = (dividend: Value): Value => div(dividend, inner.table.value);
  if (isGiven(factor) && isRoot(inner.table.value)) return times(inner.rest, over(factor), multiple.table);
  return mul(times(inner.rest, over(mul(factor, raised)), multiple.table), 1 / raised);
}

/** True for a product of what is given, such as parameters. */
const isGiven = (factor: Value): boolean =>
  factorsOf(factor).over.every((each) => underLayouts(each).op.kind === "leaf");

/** True for a divisor that is a root: of the largest float it is 2⁶⁴, which leaves enough of a factor that is given. */
const isRoot = (divisor: Value): boolean => underLayouts(divisor).op === sqrt.op;

/**
 * A sum of multiples over a divisor, as multiples of quotients. Where some are multiples of quotients already, what all are
 * multiples of is divided instead. Undefined where a term is no multiple, or there is no such factor.
 */
function divided(value: Value, by: Table): Value | undefined {
  const tables: Value[] = [];
  const note = (table: Value): Value => {
    tables.push(table);
    return table;
  };
  if (!withTables(value, by, note, mostTerms)) return undefined;
  if (!tables.some(isQuotient)) return withTables(value, by, (table) => div(table, by.value), mostTerms);
  const products = tables.map(factorsIn);
  if (products.some(({ conditions }) => conditions.length > 0)) return undefined;
  const common = products[0].over.find(
    (factor) => !factor.constant && products.every(({ over }) => over.includes(factor)),
  );
  const inner = common && withTables(value, by, (table) => withoutFactor(table, common), mostTerms);
  return inner && times(inner, div(common, by.value), by);
}

/** The factors of a table, those under reshapes as well. */
function factorsIn(table: Value): Factors {
  const { over, under, conditions } = factorsOf(table);
  const parts = over.map((factor): Factors => {
    const [inside] = factor.operands;
    if (factor.op !== reshapeOp || (inside.op !== mul.op && inside.op !== div.op))
      return { over: [factor], under: [], conditions: [] };
    const own = factorsIn(inside);
    const [above, below] = [own.over, own.under].map((all) => all.map((each) => reshapeTo(each, table.type.shape)));
    return { over: above, under: below, conditions: own.conditions };
  });
  return {
    over: parts.flatMap((part) => part.over),
    under: [...parts.flatMap((part) => part.under), ...under],
    conditions: [...parts.flatMap((part) => part.conditions), ...conditions],
  };
}

const isQuotient = (table: Value): boolean => factorsIn(table).under.some((divisor) => !divisor.constant);

/** A product or quotient without one of its factors; undefined for that factor itself, which leaves 1. */
function withoutFactor(table: Value, factor: Value): Value | undefined {
  const { over, under } = factorsIn(table);
  if (over.length + under.length === 1) return undefined;
  const [first = constant(1, "f32", table.type.shape), ...others] = over.toSpliced(over.indexOf(factor), 1);
  const product = others.reduce((all, each) => mul(all, each), first);
  return under.reduce((quotient, each) => div(quotient, each), product);
}

/** A sum of multiples with other tables; `change` gives none for 1. Undefined where a term is no multiple along these rows. */
function withTables(
  value: Value,
  along: Table,
  change: (table: Value) => Value | undefined,
  most: number,
): Value | undefined {
  if (value.op === add.op || value.op === sub.op) {
    const [left, right] = value.operands.map((operand) =>
      most > 1 ? withTables(operand, along, change, most / 2) : undefined,
    );
    return left && right && apply(value.op, [left, right]);
  }
  const own = tableOf(value);
  if (own) {
    const table = isAlong(own, along) ? change(own.value) : undefined;
    return table && spread(table, value, along);
  }
  if (value.op === mul.op && isUniform(value.operands[1])) {
    const inner = withTables(value.operands[0], along, change, most);
    return inner && mul(inner, value.operands[1]);
  }
  const multiple = productOf(value);
  if (!multiple || !isAlong(multiple.table, along)) return undefined;
  const table = change(multiple.table.value);
  return table ? times(multiple.rest, table, along) : multiple.rest;
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
