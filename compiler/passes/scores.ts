/// Finding attention in a graph: a softmax of scores that come of a product, where nothing reads what is as large as the
/// scores but elementwise values, the softmax itself, and products that sum it up again.
import { exp } from "../../ir/ops/functions.ts";
import { contractAttrs, contractOp, operandAxes } from "../../ir/ops/contract.ts";
import { logsumexpOp } from "../../ir/ops/reduce.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, sameShape, type Shape } from "../../ir/type.ts";
import { postorder, same, type Value } from "../../ir/value.ts";
import type { ScoreSpace } from "../cluster/attention.ts";
import { isSpreadOf } from "../rewrite/rules/uniform.ts";
import { factorsOf, isLinear } from "./factors.ts";

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
  // Every other product reads the maxima and totals that come with the mean: it must not wait for one of them.
  const isFirst = ({ value }: WeightedSum): boolean => {
    const under = new Set(postorder([value]));
    return region.products.every((each) => each.value === value || !under.has(each.value));
  };
  const isMean = (each: WeightedSum): boolean =>
    each.kept !== along && isLinear(each.weights, weights) && isFirst(each);
  const mean = region.products.find(isMean);
  if (!mean) return undefined;
  const totals = new Map<Value, { readonly cotangent: Value; readonly product: Value }>();
  for (const total of region.totals) {
    const found = isList(axesOf(total), axesOf(sums)) ? totalOf(total, mean, { ...region, space }) : undefined;
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
  const difference = spread && isSpreadOf(spread, sums, axesOf(sums)) ? only(spread) : undefined;
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
  // What is a score here and a matrix there would be needed whole.
  const isInside = (each: Value): boolean => inside.has(each);
  if ([...seeds].some(({ operands }) => operands.some(isInside))) return undefined;
  if ([...products.values()].some(({ tensor }) => isInside(tensor))) return undefined;
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

/**
 * Σ weights·(cotangent·values) over what the mean is taken of is mean·cotangent: the total is that of a row of means
 * and cotangents, where its other factors are those of the mean's weights.
 */
function totalOf(total: Value, mean: WeightedSum, { seeds, space }: Pick<Region, "seeds"> & Pick<Scores, "space">) {
  const own = factorsOf(total.operands[0]);
  const wanted = factorsOf(mean.weights);
  const isProduct = (each: Value): boolean =>
    seeds.has(each) && each.operands.includes(mean.tensor) && pairsAlike(each, mean, space);
  const product = own.over.find(isProduct);
  if (!product) return undefined;
  const rest = own.over.filter((each) => each !== product);
  const isSame =
    areSame(rest, wanted.over) && areSame(own.under, wanted.under) && areSame(own.conditions, wanted.conditions);
  const cotangent = product.operands[product.operands[0] === mean.tensor ? 1 : 0];
  return isSame && cotangent !== mean.tensor ? { cotangent, product } : undefined;
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

/** True where each axis of the values lies along the same axis of the scores in the product as in the mean. */
function pairsAlike(product: Value, { tensor, value, side, kept }: WeightedSum, space: ScoreSpace): boolean {
  const rank = tensor.type.shape.length;
  // Rows of a product are what its left operand has alone, columns what its right operand has.
  const own = product.operands[0] === tensor ? 0 : 1;
  if (own !== (kept === "rows" ? 1 : 0)) return false;
  const inProduct = operandAxes(contractAttrs(product), own, rank);
  const inMean = operandAxes(contractAttrs(value), side === 0 ? 1 : 0, rank);
  const summed = axesOn(space, kept === "rows" ? "columns" : "rows").length;
  return (
    inMean.contracted.length === summed &&
    isList(inProduct.batch, inMean.batch) &&
    isList(inProduct.free, inMean.contracted)
  );
}

/** True for the logarithm of a sum of exponentials of a tensor that large. */
export function isLongSoftmax({ op, operands }: Value, fewest: number): boolean {
  if (op !== logsumexpOp) return false;
  const count = elementCount(operands[0].type.shape);
  return typeof count === "number" && count >= fewest;
}
