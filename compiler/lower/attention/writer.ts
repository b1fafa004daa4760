/// What the parts of a kernel of attention share while it is written.
import type { Value } from "../../../ir/value.ts";
import type { Namer } from "../../wgsl/names.ts";
import type { Emitter } from "../emitter.ts";
import type { Expression, LowerContext } from "../kernel.ts";
import type { Plan, Sum } from "./plan.ts";

export interface Writer {
  readonly plan: Plan;
  readonly emitter: Emitter;
  readonly namer: Namer;
  readonly held: Held;
  readonly context: LowerContext;
}

/** A sum and the variables that it is kept in, block of rows by block, and four by four in each. */
export interface SumNames {
  readonly sum: Sum;
  readonly parts: readonly (readonly string[])[];
}

/** The running softmax: variables with the numbers of four rows, for each block of rows. */
export interface Running {
  readonly largest: readonly string[];
  /** The largest, or 0 where that is infinite. */
  readonly shift: readonly string[];
  /** Totals of what each thread has seen itself. */
  readonly total: readonly string[];
  /** Writes the totals of whole rows; gives their variables. */
  finish(): readonly string[];
}

/** The variables that hold values, of every row of a quad or of the one that is being written. */
export interface Held {
  get(value: Value): Expression | undefined;
  /** One for all rows. */
  set(value: Value, expression: Expression): void;
  setRow(value: Value, row: number, expression: Expression): void;
  /** From here on, values of this row are asked for. */
  turnTo(row: number): void;
}

export function createHeld(): Held {
  const all = new Map<Value, Expression>();
  const rows = new Map<Value, Expression[]>();
  let current = 0;
  return {
    get: (value) => rows.get(value)?.[current] ?? all.get(value),
    set: (value, expression) => all.set(value, expression),
    setRow(value, row, expression) {
      const known = rows.get(value) ?? [];
      known[row] = expression;
      rows.set(value, known);
    },
    turnTo: (row) => (current = row),
  };
}

/** Four numbers that a variable holds. */
export const fourOf = (text: string): Expression => ({ tag: "name", text, dtype: "f32", lanes: 4 });

/** The rows of a quad. */
export const rowsOfQuad = ({ blocks }: Plan): readonly number[] => Array.from({ length: 4 * blocks }, (_, row) => row);

/** 0, 1, … */
export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
