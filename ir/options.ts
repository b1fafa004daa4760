/// Options are called and filled as the types say: programs without types misspell them as well.
import { parseDim } from "./dim.ts";
import { argumentValue, optionValue, unknownDtype, unknownOption } from "./errors.ts";
import { shown, tensorInstead } from "./shown.ts";
import { computedTypes, type DType } from "./type.ts";
import { isValue, type Value } from "./value.ts";

/** What the value of an option must be; words for a message, and whether it holds. */
export interface OptionCheck {
  readonly must: string;
  holds(value: unknown): boolean;
  /** What to write; otherwise the option may be left out. */
  readonly help?: string;
}

/** Each option of a function: its check, or true where it is checked elsewhere. */
export type KnownOptions<Options extends object> = Readonly<Record<keyof Required<Options>, true | OptionCheck>>;

/** True or false. */
export const flag: OptionCheck = { must: "true or false", holds: (value) => typeof value === "boolean" };

/** Visible text. */
export const text: OptionCheck = { must: "a text", holds: (value) => typeof value === "string" };

/** One of some words. */
export function oneOf(...words: readonly string[]): OptionCheck {
  const quoted = words.map((word) => `"${word}"`);
  const must = [quoted.slice(0, -1).join(", "), ...quoted.slice(-1)].filter((part) => part !== "").join(" or ");
  return { must, holds: (value) => words.includes(value as string) };
}

/** An integer from `least`. */
export function whole(least: number): OptionCheck {
  const must = least === -Infinity ? "an integer" : least === 1 ? "a positive integer" : `an integer from ${least}`;
  return { must, holds: (value) => Number.isSafeInteger(value) && (value as number) >= least };
}

/** An integer from `least` for all axes, or one for each in an array. */
export function wholeEach(least: number): OptionCheck {
  const { must, holds } = whole(least);
  const isEach = (value: unknown): boolean => (Array.isArray(value) ? value.every(holds) : holds(value));
  return { must: `${must}, or an array of such`, holds: isEach };
}

/** One axis; whether there is such an axis, the function says of its tensor. */
export const oneAxis: OptionCheck = { must: "an axis, as an integer", holds: (value) => typeof value === "number" };

/** Several axes. */
export const someAxes: OptionCheck = {
  must: "an array of axes",
  holds: (value) => Array.isArray(value) && value.every(oneAxis.holds),
};

/** An array of integers from `least`, one for each axis. */
export function wholes(least: number): OptionCheck {
  const { holds } = whole(least);
  const must = `an array of ${least === -Infinity ? "integers" : `integers from ${least}`}`;
  return { must, holds: (value) => Array.isArray(value) && value.every(holds) };
}

/** A size that comes to at least so much where it is a number; what takes it brings it to its normal form. */
function sizeFrom(least: number, integer: string): OptionCheck {
  const holds = (value: unknown): boolean => {
    const size = parseDim(value as number | string);
    return typeof size === "string" || whole(least).holds(size);
  };
  return { must: `${integer} or a polynomial in names`, holds };
}

/** A size of at least one element, and any size. */
export const extent = sizeFrom(1, "a positive integer");
export const anySize = sizeFrom(0, "a non-negative integer");

/** Tensors: one, or a number in its place; several; one or several. */
export const tensorOrNumber: OptionCheck = {
  must: "a tensor or a number",
  holds: (value) => typeof value === "number" || isValue(value),
};
export const manyTensors: OptionCheck = {
  must: "an array of tensors",
  holds: (value) => Array.isArray(value) && value.every(isValue),
};
export const someTensors: OptionCheck = {
  must: "a tensor, or an array of tensors",
  holds: (value) => isValue(value) || manyTensors.holds(value),
};

/** An array of sizes; which ones there may be, the function says. */
export const shaped: OptionCheck = {
  must: "an array of sizes",
  holds: (value) => Array.isArray(value) && value.every((each) => ["number", "string"].includes(typeof each)),
};

/** An array of sizes of at least one element. */
export const extents: OptionCheck = {
  must: `an array of sizes, each ${extent.must}`,
  holds: (value) => Array.isArray(value) && value.every(extent.holds),
};

/** An array of any sizes. */
export const anySizes: OptionCheck = {
  must: `an array of sizes, each ${anySize.must}`,
  holds: (value) => Array.isArray(value) && value.every(anySize.holds),
};

/** What a function calls. */
export const callback: OptionCheck = { must: "a function", holds: (value) => typeof value === "function" };

/** What `model` gives. */
export const builtGraph: OptionCheck = {
  must: "a graph",
  holds: (value) => isRecord(value) && "entryPoints" in (value as object),
  help: "model gives one; of a module it is the default export",
};

/** What something is by its key. */
export const mapped: OptionCheck = { must: "a Map", holds: (value) => value instanceof Map };

/** What something is by its name. */
export const record: OptionCheck = { must: "a record by names", holds: isRecord };

/** How a state begins. */
export const initial: OptionCheck = {
  must: "an initializer",
  holds: (value) => isRecord(value) && "tag" in (value as object),
  help: "init: zeros(), ones(), normal(0, 0.1) or values([…])",
};

/** Any number, also infinite ones and NaN. */
export const anyNumber: OptionCheck = { must: "a number", holds: (value) => typeof value === "number" };

/** A number that float32 holds. */
export const finite: OptionCheck = {
  must: "a finite number of float32",
  holds: (value) => typeof value === "number" && Number.isFinite(Math.fround(value)),
};

/** A number that float32 holds, and not below 0. */
export const atLeastZero: OptionCheck = {
  must: `${finite.must} from 0`,
  holds: (value) => finite.holds(value) && (value as number) >= 0,
};

/**
 * Throws `unknown-option` for an option that is not among those that `known` has as keys, and `option-invalid` for one that
 * is not what it must be, and for what is no record of options; one that is undefined is left out. `of` takes them.
 */
export function checkOptions<Options extends object>(of: string, options: Options, known: KnownOptions<Options>): void {
  const checks = known as Readonly<Record<string, true | OptionCheck>>;
  if (!isRecord(options)) {
    const wanted = `a record such as { ${Object.keys(known)[0]}: … }`;
    throw optionValue(of, undefined, wanted, options, asRecord(of, options, known));
  }
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!Object.hasOwn(checks, name)) throw unknownOption(of, name, Object.keys(checks));
    const check = checks[name];
    if (check !== true && value !== undefined && !check.holds(value))
      throw optionValue(of, name, check.must, value, check.help ?? insteadOf(name, value, known));
  }
}

/** An option as it is written, for one axis in the place of several and the other way round. */
function insteadOf(name: string, value: unknown, known: object): string | undefined {
  if (name === "axes" && oneAxis.holds(value))
    return `${"axis" in known ? `axis: ${shown(value)} or ` : ""}axes: [${shown(value)}]`;
  return name === "axis" && "axes" in known && someAxes.holds(value) ? `axes: ${shown(value)}` : undefined;
}

/** Options as they are written, for an axis, axes or a learning rate that stand there by themselves. */
function asRecord(of: string, given: unknown, known: object): string | undefined {
  if (anyNumber.holds(given) && "learningRate" in known) return `{ learningRate: ${shown(given)} }`;
  if (someTensors.holds(given) && "parameters" in known)
    return `the loss comes first, then a record: ${of}(loss, { parameters: [w], learningRate: 0.01 })`;
  if (oneAxis.holds(given) && "axis" in known) return `{ axis: ${shown(given)} }`;
  return someAxes.holds(given) && "axes" in known ? `{ axes: ${shown(given)} }` : undefined;
}

/** True for a record, and not for an array or a value of a graph. */
export function isRecord(options: unknown): boolean {
  return typeof options === "object" && options !== null && !Array.isArray(options) && !isValue(options);
}

/** Throws `unknown-dtype` for what is no element type that programs compute with. */
export function checkDtype(of: string, dtype: unknown): void {
  if (!computedTypes.includes(dtype as DType)) throw unknownDtype(of, dtype);
}

/** Throws `argument-invalid` for what is no tensor. */
export function checkTensor(of: string, name: string, value: unknown): asserts value is Value {
  if (!isValue(value)) throw argumentValue(of, name, "a tensor", value, tensorInstead(value));
}

/** Throws `argument-invalid` for an argument that does not pass its check. */
export function checkArgument(of: string, name: string, value: unknown, check: OptionCheck): void {
  if (check.holds(value)) return;
  const ofTensors = [tensorOrNumber, manyTensors, someTensors].includes(check);
  const instead = ofTensors ? tensorInstead(value) : `docs/language.md says what ${of} is called with`;
  throw argumentValue(of, name, check.must, value, check.help ?? instead);
}
