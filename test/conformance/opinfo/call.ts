/// A call of an operator as a mapping sees it: arguments by PyTorch's names, tensors as values of the graph.
import { broadcastTo, cast, constant, input, type DType, type Value } from "chainrule";
import { countOf, isTensor, type Case, type Recording, type Stored, type StoredTensor } from "./data.ts";

/** A slice of Python, `start:stop:step`. */
export interface Slice {
  readonly slice: readonly (number | null)[];
}

/** An argument: a tensor, a list, a number, a text. */
export type Argument =
  Value | Slice | { readonly ellipsis: true } | readonly Argument[] | number | string | boolean | null;

/** Elements of a tensor that the caller gives. */
export type Data = ArrayLike<number>;

const dtypes = { f32: "f32", i32: "i32", u8: "bool" } as const;

/** Inputs of one case's graph: each stored tensor is an input, one without elements a constant of its shape. */
export class Inputs {
  /** Data of every input, by its name. */
  readonly data = new Map<string, Data>();
  /** The tensors that have a gradient, in the order in which they are met. */
  readonly differentiable: Value[] = [];
  private readonly known = new Map<Value, Data>();
  private readonly prefix: string;
  private readonly recording: Recording;

  constructor(prefix: string, recording: Recording) {
    this.prefix = prefix;
    this.recording = recording;
  }

  /** An input that holds a stored tensor. */
  stored(tensor: StoredTensor): Value {
    const value = this.given(this.recording.numbers(tensor), tensor.s, dtypes[tensor.t]);
    if (tensor.g) this.differentiable.push(value);
    return value;
  }

  /** An input with these elements: what a user of the operator would pass as data. */
  given(numbers: Data, shape: readonly number[], dtype: DType): Value {
    if (countOf(shape) === 0) return this.remember(constant(0, dtype, shape), []);
    const name = `${this.prefix}_${this.data.size}`;
    this.data.set(name, numbers);
    return this.remember(input(name, dtype, shape), numbers);
  }

  /** The elements of an input: for what PyTorch reads while it computes shapes. */
  numbers(value: Value): readonly number[] {
    const numbers = this.known.get(value);
    if (!numbers) throw new Error("the elements of a computed tensor are not known while the graph is built");
    return Array.from(numbers);
  }

  private remember(value: Value, numbers: Data): Value {
    this.known.set(value, numbers);
    return value;
  }
}

/** An argument of the graph for a stored one. */
function argumentOf(stored: Stored, inputs: Inputs): Argument {
  if (typeof stored !== "object" || stored === null) return stored;
  if (Array.isArray(stored)) return (stored as readonly Stored[]).map((each) => argumentOf(each, inputs));
  if (isTensor(stored)) return inputs.stored(stored);
  if ("l" in stored) return stored.l.map((each) => argumentOf(each, inputs));
  if ("f" in stored) return { inf: Infinity, "-inf": -Infinity, nan: NaN }[stored.f];
  return stored as Exclude<typeof stored, readonly Stored[]>;
}

/** The arguments of one call. A name that the operator does not have is an error, so that nothing is ignored. */
export class Call {
  readonly inputs: Inputs;
  private readonly arguments: ReadonlyMap<string, Argument>;

  /** `names` are PyTorch's parameters in order; one that ends in `*` takes all positional arguments from there on. */
  constructor(names: readonly string[], each: Case, inputs: Inputs) {
    this.inputs = inputs;
    const positional = [each.in, ...each.args].map((stored) => argumentOf(stored, inputs));
    const variadic = names.findIndex((name) => name.endsWith("*"));
    const single = variadic < 0 ? positional : positional.slice(0, variadic);
    if (single.length > names.length) throw new Error(`more arguments than ${names.join(", ")}`);
    const found = new Map(single.map((argument, position) => [names[position], argument]));
    if (variadic >= 0) found.set(names[variadic].slice(0, -1), positional.slice(variadic));
    for (const [name, stored] of Object.entries(each.kw)) {
      if (!names.includes(name)) throw new Error(`no parameter ${name}`);
      found.set(name, argumentOf(stored, inputs));
    }
    this.arguments = found;
  }

  /** True where the argument is given and not None. */
  has(name: string): boolean {
    return (this.arguments.get(name) ?? null) !== null;
  }

  /** The argument as it is; null where it is not given. */
  any(name: string): Argument {
    return this.arguments.get(name) ?? null;
  }

  /** A tensor; a number is a scalar. */
  tensor(name: string): Value {
    const argument = this.any(name);
    if (typeof argument === "number") return constant(argument);
    if (!isValue(argument)) throw new Error(`${name} is no tensor`);
    return argument;
  }

  /** A tensor as f32, which PyTorch converts to where it computes with floats. */
  float(name: string): Value {
    return cast(this.tensor(name), "f32");
  }

  /** A tensor as f32, or nothing where it is not given. */
  maybe(name: string): Value | undefined {
    return this.has(name) ? this.float(name) : undefined;
  }

  /** A list of tensors; a single one is a list of one. */
  tensors(name: string): readonly Value[] {
    const argument = this.any(name);
    const list = Array.isArray(argument) ? (argument as readonly Argument[]) : [argument];
    if (!list.every(isValue)) throw new Error(`${name} is no list of tensors`);
    return list;
  }

  /** A number; also the one element of a tensor that is given. */
  number(name: string, byDefault?: number): number {
    const argument = this.any(name) ?? byDefault;
    if (isValue(argument)) return this.inputs.numbers(argument)[0];
    if (typeof argument === "boolean") return Number(argument);
    if (typeof argument !== "number") throw new Error(`${name} is no number`);
    return argument;
  }

  /** A list of numbers, or nothing; a number is a list of one, a tensor the list of its elements. */
  numbers(name: string): readonly number[] | undefined {
    const argument = this.any(name);
    if (argument === null) return undefined;
    if (isValue(argument)) return this.inputs.numbers(argument);
    const list = Array.isArray(argument) ? (argument as readonly Argument[]) : [argument];
    return list.map((each) => {
      if (isValue(each)) return this.inputs.numbers(each)[0];
      if (typeof each !== "number") throw new Error(`${name} is no list of numbers`);
      return each;
    });
  }

  flag(name: string, byDefault = false): boolean {
    const argument = this.any(name) ?? byDefault;
    if (typeof argument !== "boolean") throw new Error(`${name} is neither true nor false`);
    return argument;
  }

  text(name: string, byDefault?: string): string {
    const argument = this.any(name) ?? byDefault;
    if (typeof argument !== "string") throw new Error(`${name} is no text`);
    return argument;
  }
}

/** True for a tensor. */
export function isValue(argument: unknown): argument is Value {
  return typeof argument === "object" && argument !== null && "op" in argument && "operands" in argument;
}

/** What an operator is in chainrule: from a call to its results. */
export interface Mapping {
  readonly parameters: readonly string[];
  build(call: Call): Value | readonly Value[];
}

/** Mappings by the name of the operator. */
export type Operators = Readonly<Record<string, Mapping>>;

/** Declares a mapping: PyTorch's parameter names in order, and what the call is in chainrule. */
export function operator(parameters: string, build: (call: Call) => Value | readonly Value[]): Mapping {
  return { parameters: parameters.split(" "), build };
}

/** The shape of a value as numbers. */
export function shapeOf(value: Value): readonly number[] {
  return value.type.shape as readonly number[];
}

/** An axis counted from 0; of a scalar, 0 and −1 are allowed as in PyTorch. */
export function axisOf(value: Value, axis: number): number {
  const rank = Math.max(1, shapeOf(value).length);
  if (axis < -rank || axis >= rank) throw new Error(`axis ${axis} of ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** Values repeated to the shape that they broadcast to. */
export function together(...values: readonly Value[]): readonly Value[] {
  const shape = broadcastShape(values.map(shapeOf));
  return values.map((value) => broadcastTo(value, shape));
}

/** The shape that shapes broadcast to. */
export function broadcastShape(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return extents.find((extent) => extent !== 1) ?? 1;
  });
}
