/// A rewrite rule: an identity that reads as one line, with a side condition and a promise about floats.
import type { Dim } from "../../ir/dim.ts";
import { sameType } from "../../ir/type.ts";
import type { Op, Value } from "../../ir/value.ts";
import { instantiate, match, mayMatch, type Bindings } from "./match.ts";
import { parseIdentity } from "./parse-identity.ts";

/**
 * What a rule keeps of float results.
 * - `exact`: the same bits, NaN payloads aside.
 * - `reassociates`: equal over the reals; rounding and the sign of zero may differ.
 * - `assumes-finite`: equal where every operand, and all that is computed of them, is finite and no divisor is zero.
 * - `stabilizes`: equal over the reals and at least as accurate in floats; may turn ∞ or NaN into the true value.
 */
export type Contract = "exact" | "reassociates" | "assumes-finite" | "stabilizes";

/** Rules that keep the result in floats where it was finite, or mend it: all others are left out under strict floats. */
export function permittedRules(rules: readonly Rule[], strictFloat: boolean): readonly Rule[] {
  return strictFloat ? rules.filter(({ contract }) => contract === "exact" || contract === "stabilizes") : rules;
}

/** The root of rules that look at every elementwise op, whatever its name. */
export const elementwiseRoot = "any elementwise";

/** What a rule may ask about the graph around a value. */
export interface Surroundings {
  /** How many values read it, entry points included, as far as is known; 1 for a value that a rule has just made. */
  uses(value: Value): number;
  /** The numbers of classes below which the labels in an input lie: what the model makes one-hots of is checked. */
  classes(input: Value): readonly Dim[];
  /** Shapes of arithmetic that collecting leaves as they are, whatever their letters stand for: noted by it alone. */
  readonly fruitless?: Set<string>;
}

/** One rewrite. Gives undefined, or the value itself, where it does not apply. */
export interface Rule {
  readonly name: string;
  readonly contract: Contract;
  /** The mathematics in one line. */
  readonly identity: string;
  /** True where the line is one case of what a function does, and not the rule itself. */
  readonly example?: boolean;
  /** Names of the ops that a rewritten value can have. */
  readonly roots: readonly string[];
  /** False where it cannot apply: asked once for all values of which the op and those of the operands are the same. */
  fits?(value: Value): boolean;
  apply(value: Value, surroundings: Surroundings): Value | undefined;
}

/** Holds or not, for what the variables of an identity stand for, where the value is. */
export type Condition = (bindings: Bindings, value: Value, surroundings: Surroundings) => boolean;

/**
 * A rule from the text of an identity such as `log(sigmoid(x)) = -softplus(-x)`, read from left to right. Letters stand for
 * values, a letter in brackets for attributes: `log(sum[a](exp(x))) = logsumexp[a](x)`. Numbers match constants.
 */
export function identity(name: string, contract: Contract, text: string, condition?: Condition): Rule {
  const { left, right, root } = parseIdentity(text);
  return {
    name,
    contract,
    identity: text,
    roots: [root],
    fits: (value) => mayMatch(left, value),
    apply(value, surroundings) {
      const found = match(left, value).find((bindings) => !condition || condition(bindings, value, surroundings));
      return found && instantiate(right, found, value.type);
    },
  };
}

/**
 * A rule written as a function, where an identity cannot say it; `text` says it to people. `fits` may refuse values by their
 * op and those of their operands, and by nothing else.
 */
export function rule(
  name: string,
  contract: Contract,
  text: string,
  roots: readonly string[],
  apply: Rule["apply"],
  fits: (value: Value) => boolean = () => true,
): Rule {
  return { name, contract, identity: text, example: true, roots, fits, apply };
}

/** Fits values that read one of these ops. */
export function reads(...ops: readonly Op[]): (value: Value) => boolean {
  return ({ operands }) => operands.some(({ op }) => ops.includes(op));
}

/** True when a rewrite keeps element type and shape, as every rule must. */
export function keepsType(before: Value, after: Value): boolean {
  return sameType(before.type, after.type);
}

/** What becomes of a part of a rule's result, where it was found. */
export function mapped(value: Value | undefined, then: (value: Value) => Value | undefined): Value | undefined {
  return value && then(value);
}
