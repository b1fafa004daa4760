/// The head of a printed graph → leaves.
import { dimNames } from "../dim.ts";
import type { Initializer } from "../initializer.ts";
import { glorot, he, normal, uniform, withFans } from "../initializer.ts";
import { inputOp, letter, settingOp, stateOp, type StateIdentity } from "../ops/leaf.ts";
import type { Shape } from "../type.ts";
import { apply, type Value } from "../value.ts";
import type { Cursor } from "./cursor.ts";
import type { Token } from "./lexer.ts";

/** Leaves that a declaration makes, with their names. */
export type Declared = readonly (readonly [Token, Value])[];

/** `image: f32[batch, 784] distribution`. */
export function readInput(cursor: Cursor): Declared {
  const token = cursor.name();
  cursor.expect(":");
  const type = cursor.type();
  const distribution = cursor.acceptWord("distribution") ? { distribution: true } : {};
  return [[token, apply(inputOp, [], { identity: { name: token.text, ...type, ...distribution } })]];
}

/** `learningRate = 0.001`, `dropoutRate = 0.5 in [0, 1)`. */
export function readSetting(cursor: Cursor): Declared {
  const token = cursor.name();
  cursor.expect("=");
  const value = cursor.number();
  const range = cursor.acceptWord("in") ? { range: readRange(cursor) } : {};
  return [[token, apply(settingOp, [], { identity: { name: token.text, value, ...range } })]];
}

function readRange(cursor: Cursor): readonly [number, number] {
  cursor.expect("[");
  const least = cursor.number();
  cursor.expect(",");
  const below = cursor.number();
  cursor.expect(")");
  return [least, below];
}

/** `hidden: f32[batch, 784]`, at which the graph was cut. */
export function readLetter(cursor: Cursor): Declared {
  const token = cursor.name();
  cursor.expect(":");
  return [[token, letter(cursor.type())]];
}

/** `adam.m.w, adam.v.w: f32[784, 128] ~ normal(0, 0.1)`. */
export function readStates(cursor: Cursor, parameter: boolean, trainable: boolean): Declared {
  const tokens = [cursor.name()];
  while (cursor.accept(",")) tokens.push(cursor.name());
  cursor.expect(":");
  const type = cursor.type();
  const initializer = readInitializer(cursor);
  return tokens.map((token) => {
    const identity: StateIdentity = { name: token.text, ...type, parameter, trainable, initializer };
    return [token, apply(stateOp, [], { identity })] as const;
  });
}

function readInitializer(cursor: Cursor): Initializer {
  if (cursor.accept("=")) {
    return cursor.accept("[")
      ? { tag: "values", values: readNumbers(cursor, "]") }
      : { tag: "constant", value: cursor.number() };
  }
  if (!cursor.accept("~")) return { tag: "constant", value: 0 };
  if (cursor.acceptWord("key")) return { tag: "key" };
  if (cursor.acceptWord("glorot")) return readFans(cursor, glorot(readDistribution(cursor)));
  if (cursor.acceptWord("he")) return readFans(cursor, he(readDistribution(cursor)));
  if (cursor.acceptWord("scaled")) return readFans(cursor, readScaled(cursor));
  const make = cursor.acceptWord("uniform") ? uniform : cursor.acceptWord("normal") ? normal : undefined;
  if (!make) return cursor.fail("an initializer");
  cursor.expect("(");
  return make(...(readNumbers(cursor, ")") as [number, number]));
}

/** `from [0] to [1, 2]` where other axes than usual count inputs and outputs. */
function readFans(cursor: Cursor, initializer: Initializer): Initializer {
  if (!cursor.acceptWord("from")) return initializer;
  cursor.expect("[");
  const from = readNumbers(cursor, "]");
  if (!cursor.acceptWord("to")) return cursor.fail('"to"');
  cursor.expect("[");
  return withFans(initializer, { from, to: readNumbers(cursor, "]") });
}

function readScaled(cursor: Cursor): Initializer {
  cursor.expect("(");
  const distribution = readDistribution(cursor);
  cursor.expect(",");
  const scale = cursor.number();
  cursor.expect(",");
  const fan = cursor.acceptWord("in")
    ? "in"
    : cursor.acceptWord("average")
      ? "average"
      : cursor.fail('"in" or "average"');
  cursor.expect(")");
  return { tag: "scaled", distribution, scale, fan };
}

function readDistribution(cursor: Cursor): "uniform" | "normal" {
  if (cursor.acceptWord("uniform")) return "uniform";
  return cursor.acceptWord("normal") ? "normal" : cursor.fail('"uniform" or "normal"');
}

function readNumbers(cursor: Cursor, close: string): readonly number[] {
  const numbers: number[] = [];
  while (!cursor.accept(close)) {
    numbers.push(cursor.number());
    if (cursor.peek()?.text !== close) cursor.expect(",");
  }
  return numbers;
}

/** Named sizes that the types of leaves mention. */
export function sizeNames(shape: Shape): readonly string[] {
  return shape.flatMap(dimNames);
}
