/// Recurrent networks without unrolling: what a model file calls to repeat a step.
import { moveNotes } from "./build.ts";
import { closeBody, scanValues, traceStep, type ScanOptions, type ScanTotals } from "./ops/scan.ts";
import type { Value } from "./value.ts";

/** What a step gives to the next one, and what is kept of it. */
export interface Stepped {
  readonly carry: readonly Value[];
  readonly outputs?: readonly Value[];
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
 * Sequences are walked along their first axis; outputs come back as [length, …]. What the step uses from outside is
 * computed once. Derivatives walk back through the steps and compute again what a step computed, from its carries, which
 * are kept. Errors: `scan-length` for sequences of different length, `scan-carry` for a carry that changes its type.
 */
export function scan<const C extends readonly Value[], const S extends readonly Value[] = readonly []>(
  step: (
    carry: { readonly [I in keyof C]: C[I] },
    elements: { readonly [I in keyof S]: Value },
    position: Value,
  ) => Stepped,
  options: ScanOptions<C, S>,
): ScanTotals<C> {
  const open = traceStep<C, S>(step, options);
  const { body, captured, closed } = closeBody(open);
  moveNotes(closed);
  const values = scanValues(body, [...options.initial, ...(options.sequences ?? []), ...captured]);
  return {
    carry: body.carries.map((_, index) => values.carry(index)) as unknown as C,
    outputs: body.outputs.map((_, index) => values.output(index)),
  };
}
