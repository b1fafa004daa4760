/// Attention over long sequences block by block: kernels keep maxima and totals of the scores of a row and compute the
/// scores again in the backward pass, so that nothing of the size queries × keys is ever in memory.
///
/// It is found in the simplified graph, forward and backward alike, and not decided before derivatives: so gradients are
/// printed and explained as those of softmax(q·kᵀ)·v, and whatever a user writes around it is part of it.
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { mul } from "../../ir/ops/arithmetic.ts";
import { contractAttrs, operandAxes } from "../../ir/ops/contract.ts";
import { transpose } from "../../ir/ops/layout.ts";
import { sum } from "../../ir/ops/sum.ts";
import { apply, usersOf, withOperands, type Value } from "../../ir/value.ts";
import { attendOp } from "../cluster/attention.ts";
import { mostBindings } from "../cluster/partition.ts";
import type { Pass } from "../pass.ts";
import { bottomUp, type Found } from "../rewrite/bottom-up.ts";
import { backwardOf, forwardOf, type Group } from "./attention-formulas.ts";
import { bandOf } from "./band.ts";
import { replaceValues } from "./replace.ts";
import { isLongSoftmax, scoresOf, type Scores, type WeightedSum } from "./scores.ts";

/**
 * From so many queries × keys on, blocks are worth their time for the memory alone: derivatives take up to twice as long,
 * since scores are computed three times instead of once.
 */
const fewestScores = 2048 * 2048;

/** From here on blocks are for the time as well, where half of the scores are masked and no derivative is wanted. */
const fewestHalved = 512 * 512;

/** Scores of all heads together that one binding takes on every device: 128 MiB. */
const mostWhole = 2 ** 25;

/** The pass; `fewest` takes the place of what is told above. */
export function blockAttention(fewest?: number): Pass {
  return {
    name: "block-attention",
    doc: "Long attention is taken in blocks: no value is as large as its scores.",
    run(graph: Graph): Graph {
      const values = graphValues(graph);
      const long = values.filter((value) => isLongSoftmax(value, fewest ?? fewestHalved));
      if (long.length === 0) return graph;
      const isLong = (scores: Scores): boolean =>
        isTable(scores) && (fewest === undefined ? pays(scores) : scoresOfHead(scores) >= fewest);
      const [users, roots] = [usersOf(values), new Set(graphRoots(graph))];
      const found = long.flatMap((sums) => scoresOf(sums, users, roots) ?? []).filter(isLong);
      const plan = createPlan();
      for (const scores of found) planScores(scores, plan, graphRoots(graph));
      return replaceValues(graph, plan.resolve);
    },
  };
}

/** True where blocks save time, or memory that is worth it. */
function pays(scores: Scores): boolean {
  const { space, logits, others } = scores;
  const isHalved = others.length === 0 && bandOf(logits, space).most !== undefined;
  const all = product(space.shape);
  return all > mostWhole || scoresOfHead(scores) >= (isHalved ? fewestHalved : fewestScores);
}

/** A single query or key is no product: there is nothing that blocks could share. */
function isTable({ space: { shape, batch, rows } }: Scores): boolean {
  return product(shape.slice(batch, batch + rows)) > 1 && product(shape.slice(batch + rows)) > 1;
}

/** Queries × keys. */
function scoresOfHead({ space: { shape, batch } }: Scores): number {
  return product(shape.slice(batch));
}

const product = (extents: readonly number[]): number => extents.reduce((total, extent) => total * extent, 1);

/** What values are replaced by, made when somebody reads them. */
interface Plan {
  add(value: Value, reads: readonly Value[], make: () => Value): void;
  /** Adds values, unless one under the roots would wait for itself: then nothing, and false. */
  addUnlessCircular(roots: readonly Value[], adding: (plan: Pick<Plan, "add">) => void): boolean;
  /** The value with everything under it replaced. */
  resolve(value: Value): Value;
}

function createPlan(): Plan {
  const makers = new Map<Value, () => Value>();
  const reading = new Map<Value, readonly Value[]>();
  const made = new Map<Value, Value>();
  const done: Found<Value> = {
    get(value) {
      const known = made.get(value);
      const make = known ? undefined : makers.get(value);
      if (!make) return known;
      const result = make();
      made.set(value, result);
      return result;
    },
    set: (value, result) => made.set(value, result),
  };
  const add: Plan["add"] = (value, reads, make) => {
    makers.set(value, make);
    reading.set(value, reads);
  };
  return {
    add,
    addUnlessCircular(roots, adding) {
      const added: Value[] = [];
      adding({ add: (value, ...rest) => void (added.push(value), add(value, ...rest)) });
      if (!isCircular(roots, (value) => reading.get(value) ?? value.operands)) return true;
      for (const value of added) {
        makers.delete(value);
        reading.delete(value);
      }
      return false;
    },
    resolve: (root) => bottomUp(root, done, withOperands),
  };
}

/** True where some value waits for itself. */
function isCircular(roots: readonly Value[], readsOf: (value: Value) => readonly Value[]): boolean {
  const states = new Map<Value, "open" | "done">();
  const pending = [...roots];
  for (let value = pending.at(-1); value; value = pending.at(-1)) {
    if (states.has(value)) {
      states.set(value, "done");
      pending.pop();
      continue;
    }
    states.set(value, "open");
    for (const each of readsOf(value)) {
      if (states.get(each) === "open") return true;
      if (!states.has(each)) pending.push(each);
    }
  }
  return false;
}

/** Plans the kernels: sums of the same rows in one where none of them waits for another, else each in one of its own. */
function planScores(scores: Scores, plan: Plan, roots: readonly Value[]): void {
  const { others } = scores;
  const forward = forwardOf(scores);
  const apart = others.map((each) => backwardOf([each], scores, forward.statistics));
  if ([forward, ...apart].some(({ tensors }) => tensors > mostBindings)) return;
  const addForward = addingForward(scores, forward, plan);
  const together = (["rows", "columns"] as const).flatMap((kept) => {
    const alike = others.filter((each) => each.kept === kept);
    const group = alike.length > 1 ? backwardOf(alike, scores, forward.statistics) : undefined;
    return group && group.tensors <= mostBindings ? [group] : apart.filter(({ sums: [each] }) => each.kept === kept);
  });
  // Where even these wait for each other, through another attention, this one stays whole.
  for (const groups of [together, apart]) {
    const adding = (to: Pick<Plan, "add">): void => {
      addForward(to);
      for (const group of groups) addGroup(group, to, plan);
    };
    if (plan.addUnlessCircular(roots, adding)) return;
  }
}

function addingForward(scores: Scores, forward: ReturnType<typeof forwardOf>, plan: Plan) {
  const { mean, totals } = scores;
  return (to: Pick<Plan, "add">): void => {
    const operands = once(() => forward.operands.map(plan.resolve));
    to.add(mean.value, forward.operands, () => resultOf(forward, 0, operands()));
    to.add(forward.statistics, forward.operands, () => resultOf(forward, 1, operands()));
    for (const [total, { cotangent, product }] of totals) {
      const make = (): Value => totalOfRows(plan.resolve(mean.value), plan.resolve(cotangent), product, mean);
      to.add(total, [mean.value, cotangent], make);
    }
  };
}

function addGroup(group: Group, to: Pick<Plan, "add">, plan: Plan): void {
  const operands = once(() => group.operands.map(plan.resolve));
  group.sums.forEach(({ value }, place) => to.add(value, group.operands, () => resultOf(group, place, operands())));
}

function resultOf({ attention }: Group, place: number, operands: readonly Value[]): Value {
  return apply(attendOp, operands, { identity: attention, result: place });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Σ mean·cotangent, for each row of the mean. */
function totalOfRows(mean: Value, cotangent: Value, product: Value, sums: WeightedSum): Value {
  const attrs = contractAttrs(sums.value);
  const rank = sums.tensor.type.shape.length;
  const own = operandAxes(attrs, sums.side === 0 ? 1 : 0, rank);
  const side = product.operands[0] === sums.tensor ? 0 : 1;
  const { contracted, batch } = contractAttrs(product);
  const other = operandAxes(contractAttrs(product), side === 0 ? 1 : 0, cotangent.type.shape.length);
  const along = own.free.map((axis) => contracted.find((pair) => pair[side] === axis)![1 - side]);
  const shared = batch.map((pair) => pair[1 - side]);
  // Axes of the cotangent in the order in which the mean has them.
  const order = sums.side === 0 ? [...shared, ...other.free, ...along] : [...shared, ...along, ...other.free];
  const first = sums.side === 0 ? shared.length + other.free.length : shared.length;
  const axes = along.map((_, i) => first + i);
  return sum(mul(mean as never, transpose(cotangent, order) as never) as Value, { axes });
}
