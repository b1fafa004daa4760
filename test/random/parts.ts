/// What applications in random graphs are written with.
import * as c from "chainrule";
import type { Tensor, Value } from "chainrule";

/** What nearly every application takes and gives. */
export type F32 = Tensor<"f32">;

/** What an application may read. Extents are rows × columns; `rows` may be a named size. */
export interface Draw {
  readonly rows: number | string;
  readonly columns: number;
  /** [rows, columns] */
  readonly a: F32;
  readonly b: F32;
  /** [rows] */
  readonly row: F32;
  readonly row2: F32;
  /** [columns] */
  readonly column: F32;
  /** Of numbers that differ, [rows, columns]: what decides is compared with these, so that ties stay rare. */
  readonly distinct: F32;
  /** Positions of rows, [rows], and one of a column, []. */
  readonly places: Tensor<"i32">;
  readonly place: Tensor<"i32">;
  /** [2, 1, 3], what slides over rows. */
  readonly kernel: F32;
  /** A whole number of the plan. */
  readonly number: number;
}

/** One kind of application. */
export interface Move {
  readonly name: string;
  make(draw: Draw): Value;
  /** True where the rules of differentiation say something else than differences do, by intention. */
  readonly rough?: boolean;
}

/** An application by name. */
export const move = (name: string, make: Move["make"]): Move => ({ name, make });
/** One that differences do not judge. */
export const rough = (name: string, make: Move["make"]): Move => ({ name, make, rough: true });
/** A value as what an application with static shapes takes. */
export const f32 = (value: Value): F32 => value as F32;
/** Between 0.2 and 0.8, in the domain of nearly every function, and no half for an x of 0, where rounding turns. */
export const within = (x: F32): F32 => f32(c.add(0.2137, c.mul(0.57, c.sigmoid(x))));
/** Between −1 and 1. */
export const tame = (x: F32): F32 => f32(c.tanh(x));
/** Decided by numbers that differ. */
export const apart = (x: F32, { distinct }: Draw): F32 => f32(c.add(c.mul(x, 0.5), distinct));
