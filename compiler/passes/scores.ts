/// Finding attention in a graph: a softmax of scores that come of a product, where nothing reads what is as large as the
/// scores but elementwise values, the softmax itself, and products that sum it up again.
import { selectOp } from "../../ir/ops/choose.ts";
import { exp } from "../../ir/ops/functions.ts";
import { contractAttrs, contractOp, operandAxes } from "../../ir/ops/contract.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { logsumexpOp } from "../../ir/ops/reduce.ts";
import { axesOf, broadcastOp, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, sameShape, type Shape } from "../../ir/type.ts";
import { same, type Value } from "../../ir/value.ts";
import type { ScoreSpace } from "../cluster/attention.ts";

/** Scores of one attention, forward and backward: what is as large as they are, and what becomes of it. */
export interface Scores {
  readonly space: ScoreSpace;
  /** The products that the rest is made of: q·kᵀ, and in derivatives of attention also that of a cotangent and values. */
  readonly products: ReadonlySet<Value>;
  readonly logits: Value;
  readonly weights: Value;
  /** The sum of weights times values. */
  readonly mean: WeightedSum;
  /** Further products that sum up what is made of scores, in derivatives. */
  readonly others: readonly WeightedSum[];
  /** Totals of weights times their cotangents, by way of the sum that they equal: that of means times their cotangents. */
  readonly totals: ReadonlyMap<Value, { readonly cotangent: Value; readonly product: Value }>;
}

/** A product over rows or columns of something as large as the scores. */
export interface WeightedSum {
  readonly value: Value;
  /** Which operand is as large as the scores. */
  readonly side: 0 | 1;
  readonly weights: Value;
  readonly tensor: Value;
  /** Which axes of the scores the result has. */
  readonly kept: "rows" | "columns";
}

/** Products add up so many numbers for each place at most: a kernel keeps them all. */
const widest = 256;

type Users = ReadonlyMap<Value, readonly Value[]>;

/** The scores that a logarithm of a sum of exponentials is taken of; `users` of the whole graph, `roots` its results. */
export function scoresOf(sums: Value, users: Users, roots: ReadonlySet<Value>): Scores | undefined {
  const [logits] = sums.operands;
  const [seed] = productsUnder(logits, logits.type.shape);
  const space = seed && spaceOf(seed);
  if (!space) return undefined;
  const along = (["rows", "columns"] as const).find((side) => isList(axesOf(sums), axesOn(space, side)));
  const weights = along && weightsOf(sums, users);
  const region = weights && regionOf(seed, { sums, users, roots, space });
  if (!weights || !region) return undefined;
  const isMean = (each: WeightedSum): boolean => each.kept !== along && isLinear(each.weights, weights);
  const mean = region.products.find(isMean);
  if (!mean) return undefined;
  const totals = new Map<Value, { readonly cotangent: Value; readonly product: Value }>();
  for (const total of region.totals) {
    const found = isList(axesOf(total), axesOf(sums)) ? totalOf(total, mean, region.seeds) : undefined;
    if (!found) return undefined;
    totals.set(total, found);
  }
  const others = region.products.filter((each) => each !== mean);
  return { space, products: region.seeds, logits, weights, mean, others, totals };
}

/** The axes of the rows or of the columns. */
export function axesOn({ shape, batch, rows }: ScoreSpace, side: "rows" | "columns"): readonly number[] {
  const [from, to] = side === "rows" ? [batch, batch + rows] : [batch + rows, shape.length];
  return Array.from({ length: to - from }, (_, i) => from + i);
}

const isList = (some: readonly number[], others: readonly number[]): boolean =>
  some.length === others.length && some.every((each, i) => each === others[i]);

/** The products of this shape that a value is made of, element by element. */
function productsUnder(root: Value, shape: Shape): readonly Value[] {
  const found: Value[] = [];
  const seen = new Set<Value>();
  const pending = [root];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (seen.has(value) || value.constant || !sameShape(value.type.shape, shape)) continue;
    seen.add(value);
    if (value.op === contractOp) found.push(value);
    else if (value.op.kind === "elementwise") pending.push(...value.operands);
  }
  return found;
}

/** The axes of a product, where its sizes are bound and it sums up fours. */
function spaceOf({ type: { shape }, operands, attrs }: Value): ScoreSpace | undefined {
  const of = contractAttrs({ attrs });
  const [left] = operands;
  const { free, contracted } = operandAxes(of, 0, left.type.shape.length);
  const length = elementCount(contracted.map((axis) => left.type.shape[axis]));
  if (of.picks || typeof length !== "number" || length % 4 !== 0) return undefined;
  if (!shape.every((extent) => typeof extent === "number")) return undefined;
  return { shape: shape as readonly number[], batch: of.batch.length, rows: free.length };
}

/** e^(x − ln Σ eˣ), where that is all that the logarithm is read for. */
function weightsOf(sums: Value, users: Users): Value | undefined {
  const only = (value: Value): Value | undefined => {
    const all = users.get(value) ?? [];
    return all.length === 1 ? all[0] : undefined;
  };
  const spread = only(sums);
  const difference = spread?.op === broadcastOp ? only(spread) : undefined;
  const isDifference = difference?.op.name === "sub" && difference.operands[0] === sums.operands[0];
  const weights = isDifference ? only(difference) : undefined;
  return weights?.op === exponential ? weights : undefined;
}

const exponential = exp.op;

/** What is as large as the scores, as far as it is made of them. */
interface Region {
  readonly seeds: ReadonlySet<Value>;
  readonly products: readonly WeightedSum[];
  readonly totals: readonly Value[];
}

interface Around {
  readonly sums: Value;
  readonly users: Users;
  readonly roots: ReadonlySet<Value>;
  readonly space: ScoreSpace;
}

/** Everything that reads scores, unless something needs one of these tensors whole. */
function regionOf(seed: Value, { sums, users, roots, space }: Around): Region | undefined {
  const seeds = new Set<Value>([seed]);
  const inside = new Set<Value>([seed]);
  const products = new Map<Value, WeightedSum>();
  const totals = new Set<Value>();
  for (const value of inside) {
    if (roots.has(value)) return undefined;
    for (const user of users.get(value) ?? []) {
      if (user === sums || inside.has(user)) continue;
      if (user.op.kind === "elementwise") {
        inside.add(user);
        for (const other of productsUnder(user, space.shape)) {
          const own = spaceOf(other);
          if (own?.batch !== space.batch || own.rows !== space.rows) return undefined;
          seeds.add(other);
          inside.add(other);
        }
      } else if (user.op === sumOp) totals.add(user);
      else {
        const product = user.op === contractOp ? weightedSum(user, value, space) : undefined;
        if (!product) return undefined;
        products.set(user, product);
      }
    }
  }
  return { seeds, products: [...products.values()], totals: [...totals] };
}

/** The product as a sum over rows or over columns; undefined where its axes lie otherwise. */
function weightedSum(value: Value, weights: Value, space: ScoreSpace): WeightedSum | undefined {
  const { operands } = value;
  const side = operands[0] === weights ? 0 : 1;
  const tensor = operands[1 - side];
  const attrs = contractAttrs(value);
  if (tensor === weights || attrs.picks) return undefined;
  const { batch, contracted } = operandAxes(attrs, side, space.shape.length);
  const summed = (["rows", "columns"] as const).find((each) => isList(contracted, axesOn(space, each)));
  if (!summed || batch.length !== space.batch || batch.some((axis, i) => axis !== i)) return undefined;
  const other = operandAxes(attrs, side === 0 ? 1 : 0, tensor.type.shape.length);
  const width = elementCount(other.free.map((axis) => tensor.type.shape[axis]));
  if (typeof width !== "number" || width % 4 !== 0 || width > widest) return undefined;
  return { value, side, weights, tensor, kept: summed === "rows" ? "columns" : "rows" };
}

/** True for the weights times what does not hang on them: dividing by a total can wait for the end of the sum. */
function isLinear(value: Value, weights: Value): boolean {
  const factors = factorsOf(value);
  const count = (list: readonly Value[]): number => list.filter((each) => each === weights).length;
  const isFree = (each: Value): boolean => each === weights || !hangsOn(each, weights);
  const { over, under, conditions } = factors;
  return (
    count(over) === 1 && [...over, ...under, ...conditions].every(isFree) && count([...under, ...conditions]) === 0
  );
}

/** True for what is made of the weights, element by element. */
function hangsOn(value: Value, weights: Value): boolean {
  if (value === weights) return true;
  return value.op.kind === "elementwise" && !value.constant && value.operands.some((each) => hangsOn(each, weights));
}

/** A value as a product of some by others, where conditions hold, and 0 elsewhere. */
interface Factors {
  readonly over: readonly Value[];
  readonly under: readonly Value[];
  readonly conditions: readonly Value[];
}

function factorsOf(value: Value): Factors {
  const { op, operands } = value;
  const [a, b, c] = operands;
  if (op.name === "mul") {
    const [left, right] = [factorsOf(a), factorsOf(b)];
    return {
      over: [...left.over, ...right.over],
      under: [...left.under, ...right.under],
      conditions: [...left.conditions, ...right.conditions],
    };
  }
  if (op.name === "div") {
    const left = factorsOf(a);
    return { ...left, under: [...left.under, b] };
  }
  if (op === selectOp && constantValue(c) === 0) {
    const inner = factorsOf(b);
    return { ...inner, conditions: [...inner.conditions, a] };
  }
  return { over: [value], under: [], conditions: [] };
}

/**
 * Σ weights·(cotangent·values) over what the mean is taken of is mean·cotangent: the total is that of a row of means
 * and cotangents, where its other factors are those of the mean's weights.
 */
function totalOf(total: Value, mean: WeightedSum, seeds: ReadonlySet<Value>) {
  const own = factorsOf(total.operands[0]);
  const product = own.over.find((each) => seeds.has(each) && each.operands.includes(mean.tensor));
  if (!product) return undefined;
  const wanted = factorsOf(mean.weights);
  const rest = own.over.filter((each) => each !== product);
  const isSame =
    areSame(rest, wanted.over) && areSame(own.under, wanted.under) && areSame(own.conditions, wanted.conditions);
  const side = product.operands[0] === mean.tensor ? 0 : 1;
  const cotangent = product.operands[1 - side];
  return isSame && cotangent !== mean.tensor && pairsAlike(product, mean) ? { cotangent, product } : undefined;
}

/** True for the same values, whatever their order. */
function areSame(some: readonly Value[], others: readonly Value[]): boolean {
  const left = [...others];
  for (const each of some) {
    const found = left.findIndex((other) => same(each, other));
    if (found < 0) return false;
    left.splice(found, 1);
  }
  return left.length === 0;
}

/** True where the product sums over the axes of the values that the mean has. */
function pairsAlike(product: Value, mean: WeightedSum): boolean {
  const rank = mean.tensor.type.shape.length;
  const inProduct = operandAxes(contractAttrs(product), product.operands[0] === mean.tensor ? 0 : 1, rank);
  const inMean = operandAxes(contractAttrs(mean.value), mean.side === 0 ? 1 : 0, rank);
  return isList(inProduct.batch, inMean.batch) && isList([...inProduct.contracted].sort(), [...inMean.free].sort());
}

/** True for the logarithm of a sum of exponentials of a tensor that large. */
export function isLongSoftmax({ op, operands }: Value, fewest: number): boolean {
  if (op !== logsumexpOp) return false;
  const count = elementCount(operands[0].type.shape);
  return typeof count === "number" && count >= fewest;
}
