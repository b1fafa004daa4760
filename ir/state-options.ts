/// What parameters and other states may be told, and how layers and optimizers name theirs.
import { initialValues, unknownDtype } from "./errors.ts";
import type { Initializer } from "./initializer.ts";
import type { Owner } from "./naming.ts";
import { checkOptions, flag, text } from "./options.ts";
import { dtypes, type DType } from "./type.ts";
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

/** Refuses what is no option of a parameter or state, and element types that there are not. */
export function checkStateOptions(what: string, options: StateOptions): void {
  const own = { name: text, init: true, dtype: true } as const;
  // A state has no `trainable`: nothing trains it.
  if (what === "param")
    checkOptions<StateOptions & { trainable?: boolean }>(what, options, { ...own, trainable: flag });
  else checkOptions<StateOptions>(what, options, own);
  checkDtype(what, options.dtype ?? "f32");
}

/** Refuses an element type that there is not. */
export function checkDtype(what: string, dtype: unknown): void {
  if (!dtypes.includes(dtype as DType)) throw unknownDtype(what, dtype);
}

/** Given numbers are counted where the mistake was made if all sizes are numbers; else the compiler counts them. */
export function checkValues(init: Initializer | undefined, shape: readonly (number | string)[], name: string): void {
  if (init?.tag !== "values" || !shape.every((extent) => typeof extent === "number")) return;
  const count = shape.reduce((total, extent) => total * extent, 1);
  if (init.values.length !== count) throw initialValues(name, count, init.values.length);
}
