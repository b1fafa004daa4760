/// What parameters and other states may be told, and how layers and optimizers name theirs.
import { initialValues } from "./errors.ts";
import type { Initializer } from "./initializer.ts";
import type { Owner } from "./naming.ts";
import type { DType } from "./type.ts";
import type { Value } from "./value.ts";

/** Options of a parameter or state. */
export interface StateOptions<D extends DType = DType> {
  /** Its name; otherwise the variable that holds it. */
  readonly name?: string;
  readonly init?: Initializer;
  readonly dtype?: D;
}

/** Options of a parameter. */
export interface ParamOptions extends StateOptions<"f32"> {
  /** False freezes it: optimizers leave it out unless asked by name. */
  readonly trainable?: boolean;
}

/** How a layer or optimizer names what it keeps. */
export interface StateName {
  readonly owner: Owner;
  readonly local: string;
  readonly of?: Value;
}

/** Given numbers are counted where the mistake was made if all sizes are numbers; else the compiler counts them. */
export function checkValues(init: Initializer | undefined, shape: readonly (number | string)[], name: string): void {
  if (init?.tag !== "values" || !shape.every((extent) => typeof extent === "number")) return;
  const count = shape.reduce((total, extent) => total * extent, 1);
  if (init.values.length !== count) throw initialValues(name, count, init.values.length);
}
