/// Recurrent networks without unrolling: what a model file calls to repeat a step.
import { callback, checkArgument, checkOptions, flag } from "./options.ts";
import { closeStep, duringStep, isValue } from "./build.ts";
import type { Dim } from "./dim.ts";
import * as errors from "./ops/errors.ts";
import { normalizeDim } from "./ops/axis.ts";
import { letter } from "./ops/leaf.ts";
import { closeBody, scanValues, type OpenBody } from "./ops/scan.ts";
import type { AlongOneLength, Elements, Handed, Kept, Stacked } from "./static-axes.ts";
import type { Scalar } from "./static.ts";
import { formatType, sameType } from "./type.ts";
import type { Tensor, Value } from "./value.ts";

/** What a step gives to the next one, and what is kept of it. */
export interface Stepped {
  /** As many as the step got, each of its type. */
  readonly carry: readonly Value[];
  readonly outputs?: readonly Value[];
}

/** What a scan runs over. */
export interface ScanOptions<C extends readonly Value[], S extends readonly Value[], L extends Dim = Dim> {
  /** The carries before the first step. */
  readonly initial: C;
  /** Tensors whose first axis the scan walks along. */
  readonly sequences?: S;
  /** Number of steps, where there are no sequences: a number, or a size by its name. */
  readonly length?: L;
  /** From the last place to the first. Outputs stay at their places. */
  readonly reverse?: boolean;
}

/** What a scan gives: the carries after the last step, and the outputs of all steps, [length, …]. */
export interface ScanTotals<C extends readonly Value[], Y> {
  readonly carry: C;
  readonly outputs: Y;
}

/**
 * Runs a step for each place of the sequences, handing its carries on:
 *
 * ```ts
 * const { carry: [last], outputs: [states] } = scan(([h], [x]) => {
 *   const next = tanh(add(matmul(x, input), matmul(h, recurrent)));
 *   return { carry: [next], outputs: [next] };
 * }, { initial: [zeros], sequences: [words] });
 * ```
 *
 * Sequences are walked along their first axis; outputs come back as [length, …]. The step is written once and runs at
 * every place: a layer in it has one set of weights, `training()` in it is that of the entry point. What the step uses
 * from outside is computed once. A key that is made in the step (`randomKey()`, `dropout(h)`) draws anew at every place;
 * one that is made outside draws the same at all of them, as recurrent dropout with one mask does (Gal and Ghahramani
 * 2016). Derivatives walk back through all steps and compute again what a step computed, from its carries, which are kept.
 * Errors: `scan-length` for sequences of different length; `scan-carry` for a carry that changes its type; `scan-values`
 * for what is no array of values, and for too few or too many carries; `scan-leak` for a value of a step that is used
 * outside.
 */
export function scan<
  const C extends readonly Value[],
  const S extends readonly Value[] = readonly [],
  const L extends Dim = never,
  // Not of values: what a step computes would take their widest type from here.
  const N extends readonly unknown[] = readonly Value[],
  const Y extends readonly unknown[] = readonly [],
>(
  step: (
    carry: C,
    elements: Elements<S>,
    position: Tensor<"i32", Scalar>,
  ) => { readonly carry: N & Handed<NoInfer<C>, N>; readonly outputs?: Y & Kept<Y> },
  options: ScanOptions<C, S & AlongOneLength<S>, L>,
): ScanTotals<C, Stacked<S, L, Y>>;
export function scan(step: Step, options: ScanOptions<readonly Value[], readonly Value[]>): ScanTotals<Values, Values> {
  checkArgument("scan", "the step", step, callback);
  checkOptions("scan", options, { initial: true, sequences: true, length: true, reverse: flag });
  const open = traceStep(step, options);
  const { body, captured, closed, moving } = closeBody(open);
  closeStep(closed, moving);
  const values = scanValues(body, [...options.initial, ...(options.sequences ?? []), ...captured]);
  return {
    carry: body.carries.map((_, index) => values.carry(index)),
    outputs: body.outputs.map((_, index) => values.output(index)),
  };
}

type Values = readonly Value[];
type Step = (carry: Values, elements: Values, position: Tensor<"i32", Scalar>) => Stepped;

/** Runs a step once, on letters. */
function traceStep(
  step: Step,
  { initial, sequences = [], length, reverse = false }: ScanOptions<Values, Values>,
): OpenBody {
  checkValues("initial", initial);
  checkValues("sequences", sequences);
  const count = stepCount(length, sequences);
  const carries = initial.map(({ type }) => letter(type));
  const elements = sequences.map(({ type: { dtype, shape } }) => letter({ dtype, shape: shape.slice(1) }));
  const position = letter({ dtype: "i32", shape: [] }) as Tensor<"i32", Scalar>;
  const stepped: unknown = duringStep({ position, length: count }, () => step(carries, elements, position));
  const { carry, outputs = [] } = (stepped ?? {}) as Partial<Stepped>;
  checkValues("what a step returns as `carry`", carry, carries.length);
  checkValues("what a step returns as `outputs`", outputs);
  carries.forEach(({ type: before }, index) => {
    const { type: after } = carry[index];
    if (!sameType(after, before)) throw errors.scanCarry(index, before, after);
  });
  return { length: count, reverse, carries, elements, position, next: carry, outputs };
}

/** The one length of all sequences, which is that given where one is given. */
function stepCount(given: Dim | undefined, sequences: Values): Dim {
  const lengths = sequences.map(({ type }) => type.shape[0]);
  const length = given === undefined ? lengths[0] : normalizeDim(given);
  const isNone = length === undefined || (typeof length === "number" && length < 1);
  if (isNone || lengths.some((each) => each !== length)) {
    throw errors.scanLength(
      given,
      sequences.map(({ type }) => type),
    );
  }
  return length;
}

function checkValues(what: string, found: unknown, count?: number): asserts found is Values {
  const wanted = count === undefined ? "an array of values" : `an array of ${count} value${count === 1 ? "" : "s"}`;
  if (!Array.isArray(found)) throw errors.scanValues(what, wanted, describe(found));
  const fits = found.every(isValue) && (count === undefined || found.length === count);
  if (!fits) throw errors.scanValues(what, wanted, `[${found.map(describe).join(", ")}]`);
}

function describe(found: unknown): string {
  return isValue(found) ? formatType(found.type) : found === null ? "null" : typeof found;
}
