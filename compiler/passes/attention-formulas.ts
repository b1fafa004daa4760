/// What kernels of attention in blocks compute, as formulas over letters.
import { div, sub } from "../../ir/ops/arithmetic.ts";
import { isFinite } from "../../ir/ops/bits.ts";
import { where } from "../../ir/ops/choose.ts";
import { contractAttrs, operandAxes } from "../../ir/ops/contract.ts";
import { exp } from "../../ir/ops/functions.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { letter, settingOp } from "../../ir/ops/leaf.ts";
import { concatenate, sliceTo } from "../../ir/ops/pad.ts";
import { max } from "../../ir/ops/reduce.ts";
import { broadcastOp, spread, sum } from "../../ir/ops/sum.ts";
import { sameShape, type Shape } from "../../ir/type.ts";
import { postorder, underLayouts, withOperands, type Value } from "../../ir/value.ts";
import type { Attention, Softmax } from "../cluster/attention.ts";
import { mostBindings } from "../cluster/partition.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";
import { bandOf, vanishes } from "./band.ts";
import type { Scores, WeightedSum } from "./scores.ts";

/** Results of one kernel, and what stands for its letters. */
export interface Group {
  readonly attention: Attention;
  readonly operands: readonly Value[];
  readonly sums: readonly WeightedSum[];
  /** How many tensors it binds at most. */
  readonly tensors: number;
}

/** The mean, with maxima and totals found on the way; `statistics` stands for these. */
export function forwardOf(scores: Scores): Group & { readonly statistics: Value } {
  const { mean, logits, weights } = scores;
  const formulas = openFormulas([mean], scores);
  const x = formulas.of(logits);
  const axes = summedAxes(scores, mean);
  const largest: Value = max(x, { axes });
  const shift: Value = where(isFinite(largest as never) as never, largest as never, 0);
  const raised = exponentials(x, shift, axes);
  const total: Value = sum(raised, { axes });
  formulas.hide(weights, div(raised as never, spread(total, x.type, axes) as never));
  const row: Shape = [1, ...shift.type.shape];
  const statistics: Value = concatenate([reshapeTo(shift, row), reshapeTo(total, row)]);
  const softmax = { logits: x, weights: formulas.of(weights) };
  const all = [formulas.of(mean.value), statistics];
  return { ...formulas.close(mean.kept, all, [mean], softmax), statistics: letter(statistics.type) };
}

/** Sums of derivatives, with the weights computed again from what `statistics` stands for. */
export function backwardOf(sums: readonly WeightedSum[], scores: Scores, statistics: Value): Group {
  const plain = sumsWith([], sums, scores, statistics);
  if (plain.tensors <= mostBindings) return plain;
  // Numbers of rows lie in one tensor then.
  return sumsWith([...scores.totals.keys()], sums, scores, statistics);
}

/** The sums, with totals beside the statistics. */
function sumsWith(totals: readonly Value[], sums: readonly WeightedSum[], scores: Scores, statistics: Value): Group {
  const { mean, logits, weights } = scores;
  const formulas = openFormulas(sums, scores, totals);
  const shape = statistics.type.shape.slice(1);
  const row: Shape = [1, ...shape];
  const all: Value = concatenate([statistics, ...totals.map((each) => reshapeTo(each, row))]);
  const numbers = formulas.letterOf(all);
  const numbersAt = (place: number): Value => {
    const starts = [place, ...shape.map(() => 0)];
    const part = sliceTo(numbers, { starts, limits: [place + 1, ...shape], strides: starts.map(() => 1) });
    return reshapeTo(part, shape);
  };
  totals.forEach((each, i) => formulas.set(each, numbersAt(2 + i)));
  const x = formulas.of(logits);
  const axes = summedAxes(scores, mean);
  const [shift, total] = [numbersAt(0), numbersAt(1)];
  formulas.hide(weights, div(exponentials(x, shift, axes) as never, spread(total, x.type, axes) as never));
  return formulas.close(
    sums[0].kept,
    sums.map(({ value }) => formulas.of(value)),
    sums,
  );
}

function exponentials(x: Value, shift: Value, axes: readonly number[]): Value {
  const difference: Value = sub(x as never, spread(shift, x.type, axes) as never);
  return exp(difference as never);
}

/** The axes that the mean is taken over. */
function summedAxes({ space }: Scores, { side, value }: WeightedSum): readonly number[] {
  return operandAxes(contractAttrs(value), side, space.shape.length).contracted;
}

/** Formulas of a kernel while they are written: over letters, for what the kernel reads but for `others`. */
function openFormulas(sums: readonly WeightedSum[], scores: Scores, others: readonly Value[] = []) {
  const sources = [...sourcesOf(sums, scores)].filter((each) => !others.includes(each));
  const { operands, done } = lettersOf(sources);
  const plain = new Map(done);
  const { space } = scores;
  return {
    of: (value: Value): Value => bottomUp(value, done, withOperands),
    set(value: Value, formula: Value): void {
      done.set(value, formula);
      plain.set(value, formula);
    },
    /** Sets what readers see as it was. */
    hide: (value: Value, formula: Value): unknown => done.set(value, formula),
    letterOf(value: Value): Value {
      const known = letter(value.type);
      operands.set(value, known);
      return known;
    },
    close(kept: Attention["kept"], formulas: readonly Value[], of: readonly WeightedSum[], softmax?: Softmax): Group {
      const band = of.every((each) => vanishes(each.weights, scores.weights)) ? bandOf(scores.logits, space) : {};
      const results = formulas.map((formula, i) => (of[i] ? bottomUp(of[i].value, plain, withOperands) : formula));
      const attention: Attention = {
        ...{ letters: [...operands.values()], results, formulas, space, kept, band },
        ...(softmax && { softmax }),
      };
      const read = [...operands.keys()];
      return { attention, operands: read, sums: of, tensors: tensorsUnder(read) + results.length };
    },
  };
}

/** Operands with their letters; and the formulas, over letters, of what is read. */
function lettersOf(sources: readonly Value[]) {
  const operands = new Map<Value, Value>();
  const done = new Map<Value, Value>();
  const words = sources.filter(({ op, type }) => type.shape.length === 0 && type.dtype === "u32" && op !== settingOp);
  // The key of a dropout comes from several states: put together, it is one tensor.
  const packed = words.length > 1 ? words : [];
  for (const value of sources.filter((each) => !packed.includes(each))) {
    const own = letter(value.type);
    operands.set(value, own);
    done.set(value, own);
  }
  if (packed.length > 0) {
    const all: Value = concatenate(packed.map((each) => reshapeTo(each, [1])));
    const own = letter(all.type);
    operands.set(all, own);
    packed.forEach((each, place) => {
      const part = sliceTo(own, { starts: [place], limits: [place + 1], strides: [1] });
      done.set(each, reshapeTo(part, []));
    });
  }
  return { operands, done };
}

/** What the sums are made of, but for what is as large as the scores. */
function sourcesOf(sums: readonly WeightedSum[], { space, products, weights, logits }: Scores): ReadonlySet<Value> {
  const sources = new Set<Value>();
  const seen = new Set<Value>();
  const visit = (value: Value): void => {
    if (seen.has(value) || value.constant) return;
    seen.add(value);
    if (value === weights) return visit(logits);
    if (products.has(value)) for (const operand of value.operands) sources.add(operand);
    else if (value.op.kind === "elementwise" && sameShape(value.type.shape, space.shape)) value.operands.forEach(visit);
    else if (value.op === broadcastOp && !value.operands[0].constant) sources.add(value.operands[0]);
    else sources.add(value);
  };
  for (const { weights: root, tensor } of sums) {
    visit(root);
    sources.add(tensor);
  }
  return sources;
}

/**
 * How many tensors a kernel binds to read these at most: what is computed of leaves alone may be computed where it is read,
 * all else is written before.
 */
function tensorsUnder(values: readonly Value[]): number {
  const tensors = new Set<Value>();
  const leavesOf = (value: Value): readonly Value[] =>
    postorder([value]).filter(({ op, constant }) => op.kind === "leaf" && op !== settingOp && !constant);
  const isPlain = (value: Value): boolean =>
    postorder([value]).every(({ op }) => op.kind === "leaf" || op.kind === "layout" || op.kind === "elementwise");
  for (const value of values.map(underLayouts)) {
    if (isPlain(value)) for (const leaf of leavesOf(value)) tensors.add(leaf);
    else tensors.add(value);
  }
  return tensors.size;
}
