/// The chain rule on named values: a local derivative for each step of the way, and their product.
import { add, mul } from "../../ir/ops/arithmetic.ts";
import { constant, constantValue, letter } from "../../ir/ops/leaf.ts";
import { sameShape } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { differentiate, leadingTo } from "../autodiff/reverse.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import { below, type Station } from "./stations.ts";

/** ∂of/∂by as the chain rule uses it. */
export interface LocalDerivative {
  readonly of: Station;
  readonly by: Station;
  /** A formula to multiply with where the step works element by element, else what a cotangent `letter` becomes. */
  readonly formula: Value;
  /** Stands for the cotangent of `of`; undefined where the formula is a factor. */
  readonly letter: Value | undefined;
}

/** What a cotangent is called in a rule. */
export const cotangentLetter = "G";

/** The chain rule for a loss and a target. */
export interface Chain {
  readonly loss: Station;
  readonly target: Station;
  /** From the loss back; the last is the target. */
  readonly stations: readonly Station[];
  readonly locals: readonly LocalDerivative[];
  /** Cotangents by station, put together from the local derivatives. */
  readonly cotangents: ReadonlyMap<Value, Value>;
}

/** Writes a loss's derivative with the chain rule; `tidy` clears away factors 1 and the like from local derivatives. */
export function chainRule(stations: readonly Station[], tidy: (value: Value) => Value): Chain {
  const [loss] = stations;
  const byValue = new Map(stations.map((station) => [station.value, station]));
  const locals: LocalDerivative[] = [];
  const cotangents = new Map<Value, Value>();
  for (const station of stations) {
    const cotangent = cotangents.get(station.value);
    for (const read of station.reads) {
      const local = localDerivative(station, byValue.get(read)!, tidy);
      locals.push(local);
      const part = contribution(local, cotangent);
      const before = cotangents.get(read);
      cotangents.set(read, before ? add(before, part) : part);
    }
  }
  return { loss, target: stations.at(-1)!, stations, locals, cotangents };
}

/** What a local derivative makes of a cotangent; the loss has none, its own is 1. */
function contribution({ formula, letter: standIn }: LocalDerivative, cotangent: Value | undefined): Value {
  if (!cotangent) return formula;
  if (standIn) return substitution(new Map([[standIn, cotangent]]))(formula);
  return constantValue(formula) === 1 ? cotangent : mul(cotangent, formula);
}

/** The derivative of one station's formula, in which the stations that it reads are letters. */
function localDerivative(of: Station, by: Station, tidy: (value: Value) => Value): LocalDerivative {
  const letters = new Map(of.reads.map((value) => [value, letter(value.type)]));
  const formula = substitution(letters)(of.value);
  const variable = letters.get(by.value)!;
  const isLoss = of.value.type.shape.length === 0 && !sameShape(by.value.type.shape, []);
  const isFactor = isLoss || isElementwise(formula, variable);
  const seed = isFactor ? constant(1, of.value.type.dtype, of.value.type.shape) : letter(of.value.type);
  const [derivative] = differentiate(formula, [variable], seed).gradients;
  const restore = substitution(new Map([...letters].map(([value, standIn]) => [standIn, value])));
  return { of, by, formula: restore(tidyAround(formula, derivative, tidy)), letter: isFactor ? undefined : seed };
}

/** Tidies a derivative and leaves alone what it reads of its formula: that is in it as the model has it. */
function tidyAround(formula: Value, derivative: Value, tidy: (value: Value) => Value): Value {
  const written = new Set(postorder([formula]));
  const isRead = (value: Value): boolean => written.has(value) && !isOpen(value);
  const letters = new Map(below(derivative, isRead).map((value) => [value, letter(value.type)]));
  const restore = substitution(new Map([...letters].map(([value, standIn]) => [standIn, value])));
  return restore(tidy(substitution(letters)(derivative)));
}

/** Numbers and layouts are tidied wherever they come from: x · 1, and a matrix turned round twice. */
function isOpen({ constant, op }: Value): boolean {
  return constant || op.kind === "leaf" || op.kind === "layout";
}

/** True when every value between a variable and a result works element by element on the variable's shape. */
function isElementwise(result: Value, variable: Value): boolean {
  const between = leadingTo(postorder([result]), new Set([variable]));
  return [...between].every(
    (value) =>
      value === variable || (value.op.kind === "elementwise" && sameShape(value.type.shape, variable.type.shape)),
  );
}
