/// What parameters and other states may be told, and how layers and optimizers name theirs.
import { initialValues, optionValue } from "./errors.ts";
import type { Initializer } from "./initializer.ts";
import type { Owner } from "./naming.ts";
import {
  checkArgument,
  checkDtype,
  checkOptions,
  finite,
  flag,
  initial,
  shaped,
  someTensors,
  text,
} from "./options.ts";
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

/** Refuses what is no option of a parameter or state, and element types that there are not. */
export function checkStateOptions(what: string, shape: unknown, options: StateOptions): void {
  checkArgument(what, "the shape", shape, { ...shaped, help: `${what}([2, 3])` });
  const own = { name: text, init: initial, dtype: true } as const;
  // A state has no `trainable`: nothing trains it.
  if (what === "param")
    checkOptions<StateOptions & { trainable?: boolean }>(what, options, { ...own, trainable: flag });
  else checkOptions<StateOptions>(what, options, own);
  checkDtype(what, options.dtype ?? "f32");
}

/** Refuses what is no option or shape of an input, and element types that there are not. */
export function checkInput(
  name: unknown,
  dtype: unknown,
  shape: unknown,
  options: { readonly distribution?: boolean },
): void {
  const help = 'input("x", "f32", [2, 3])';
  checkArgument("input", "the name", name, { ...text, help });
  checkDtype("input", dtype);
  checkArgument("input", "the shape", shape, { ...shaped, help });
  checkOptions("input", options, { distribution: flag });
}

/** Refuses a default that calls would refuse. */
export function checkSetting(name: unknown, value: unknown, range: readonly [number, number] | undefined): void {
  checkArgument("setting", "the name", name, { ...text, help: 'setting("rate", 0.5)' });
  const single = typeof value === "number" ? Math.fround(value) : NaN;
  const [least, below] = range ?? [-Infinity, Infinity];
  if (Number.isFinite(single) && single >= least && single < below) return;
  const within = range ? ` from ${least} to below ${below}` : "";
  throw optionValue("setting", "value", `${finite.must}${within}`, value, `setting(${JSON.stringify(name)}, 0.5)`);
}

/** Refuses what is no tensor with parameters, and no option of `parametersOf`. */
export function checkSelection(values: unknown, options: { readonly frozen?: boolean }): void {
  checkArgument("parametersOf", "what they are of", values, someTensors);
  checkOptions("parametersOf", options, { frozen: flag });
}

/** Given numbers are counted where the mistake was made if all sizes are numbers; else the compiler counts them. */
export function checkValues(init: Initializer | undefined, shape: readonly (number | string)[], name: string): void {
  if (init?.tag !== "values" || !shape.every((extent) => typeof extent === "number")) return;
  const count = shape.reduce((total, extent) => total * extent, 1);
  if (init.values.length !== count) throw initialValues(name, count, init.values.length);
}
