/// Kinds of arguments, what each of them takes, and how calls of functions are written with them.
import { dense, input, mean, param, square } from "chainrule";

/** What an argument is. With `?` it may be left out. */
export type Kind = `${keyof typeof rightful}${"" | "?"}`;

/** Of what is given in the place of arguments, what each kind takes. Anything else is to be refused. */
export const rightful = {
  tensor: ["tensor"],
  operand: ["tensor", "3", "99", "-1", "1.5", "NaN"],
  tensors: ["[tensor]", "[]"],
  someTensors: ["tensor", "[tensor]", "[]"],
  axis: ["-1"],
  axes: ["[]", "[0]"],
  someAxes: ["-1", "[0]", "[]"],
  integer: ["3", "99", "-1"],
  integers: ["3", "99", "-1", "[0]", "[]"],
  number: ["3", "99", "-1", "1.5"],
  anyNumber: ["3", "99", "-1", "1.5", "NaN"],
  size: ["3", "99", '"text"'],
  sizes: ["3", "[0]"],
  shape: ["[]", "[0]"],
  text: ['"text"'],
  dtype: [],
  options: ["{}", "{ axis: 0 }", "map"],
  key: ["key"],
  function: ["function"],
  numbers: ["3", "99", "-1", "1.5", "NaN", "[]", "[0]"],
  graph: ["graph"],
  record: ["{}", "{ axis: 0 }", "map", "key", "graph"],
  map: ["map"],
  ranges: ["[]", "[null]"],
  flagOrNumber: ["3", "99", "-1", "1.5", "NaN", "true"],
  other: [],
} as const;

export type Argument = readonly [Kind, () => unknown];

/** A function, and a call of it that is right. */
export interface Call {
  readonly call: (...given: readonly unknown[]) => unknown;
  readonly given: readonly Argument[];
}

export const shape = [2, 3];
export const x = (): unknown => input("x", "f32", shape);
export const y = (): unknown => input("y", "f32", shape);
export const square3 = (): unknown => input("a", "f32", [3, 3]);
export const vector = (): unknown => input("v", "f32", [3]);
export const labels = (): unknown => input("labels", "i32", [2]);
export const counts = (): unknown => input("counts", "i32", shape);
export const bits = (): unknown => input("bits", "u32", shape);
export const truths = (): unknown => input("truths", "bool", shape);
export const images = (): unknown => input("images", "f32", [2, 2, 8, 8]);
export const weights = (): unknown => param([2, 2, 3, 3], { name: "weights" });
export const words = (): unknown => input("words", "f32", [2, 5, 4]);
export const [words2, words3] = ["keys", "values"].map((name) => (): unknown => input(name, "f32", [2, 5, 4]));
export const loss = (): unknown => mean(square(dense(input("x", "f32", [2, 3]), 2, { name: "d" })));
export const none = (): unknown => undefined;
export const given = (value: unknown) => (): unknown => value;

export const tensor = (make: () => unknown = x): Argument => ["tensor", make];
export const operand = (make: () => unknown = y): Argument => ["operand", make];
export const optional = (kind: Kind): Argument => [`${kind}?` as Kind, none];
export const options = optional("options");
