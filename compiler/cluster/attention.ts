/// Attention whose scores are never whole: products of a tensor, made of the scores of queries and keys, that kernels
/// compute block by block and forget. An op of the compiler alone: no model and no printed graph has it.
import { withOperands, type Attrs, type CompositeOp, type Value } from "../../ir/value.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";

/** Results that one kernel computes, walking once along the scores. Compared by identity. */
export interface Attention {
  /** Stand for the operands in the formulas. */
  readonly letters: readonly Value[];
  /** What each result is, as a reader knows it: with whole tensors. */
  readonly results: readonly Value[];
  /** The same as a kernel computes it: with the maxima and totals of a softmax in the place of the softmax. */
  readonly formulas: readonly Value[];
  readonly space: ScoreSpace;
  /** Which axes stay in the results; the kernel walks along the others. */
  readonly kept: "rows" | "columns";
  readonly band: Band;
  /**
   * The softmax that the first result is a mean of, where the kernel finds its maxima and totals on the way; a second result
   * are these: [2, batch…, kept…].
   */
  readonly softmax?: Softmax;
}

/** Scores that count are those of columns so far beyond their row, at least and at most: others give nothing. */
export interface Band {
  readonly least?: number;
  readonly most?: number;
}

/** A softmax along the axes that the kernel walks along. */
export interface Softmax {
  readonly logits: Value;
  readonly weights: Value;
}

/** The axes of scores: so many of a batch, then rows, for the left operand of their product, then columns. */
export interface ScoreSpace {
  readonly shape: readonly number[];
  readonly batch: number;
  readonly rows: number;
}

/** The attention that a value is a result of, and which. */
export function attentionOf(attrs: Attrs): { readonly attention: Attention; readonly result: number } {
  return { attention: attrs.identity as Attention, result: attrs.result as number };
}

/** True for the maxima and totals of a softmax, which follow its mean. */
export function isStatistics({ attrs }: Pick<Value, "attrs">): boolean {
  const { attention, result } = attentionOf(attrs);
  return attention.softmax !== undefined && result === 1;
}

/** Formulas with the operands in the place of the letters. */
export function written({ letters }: Attention, operands: readonly Value[]): (formula: Value) => Value {
  const done = new Map(letters.map((letter, i) => [letter, operands[i]]));
  return (formula) => bottomUp(formula, done, (value, rebuilt) => withOperands(value, rebuilt));
}

/** A result of attention in blocks. */
export const attendOp: CompositeOp = {
  name: "attend",
  doc: "A product with weights that are made of scores, block by block.",
  kind: "composite",
  infer(_, attrs) {
    const { attention, result } = attentionOf(attrs);
    return attention.results[result].type;
  },
  expand(operands, attrs) {
    const { attention, result } = attentionOf(attrs);
    return written(attention, operands)(attention.results[result]);
  },
  transpose() {
    throw new TypeError("attention is taken in blocks after derivatives are expanded");
  },
};
