/// A derivation: the chain rule as it is written down, and what rules make of it.
import { same, type Value } from "../../ir/value.ts";
import type { Chain } from "./chain.ts";
import { namesWithin } from "./lines.ts";
import { isOneProduct } from "./stations.ts";
import type { Moment, Step } from "./replay.ts";

/** Values by name, and the steps that follow. */
export interface Course {
  readonly start: Moment;
  readonly steps: readonly Step[];
}

/** How a gradient is derived. */
export interface Derivation {
  readonly chain: Chain;
  /** What is done to the model's formulas before they are differentiated. */
  readonly forward: Course;
  /** What is done to the derivatives, and to the model's formulas after. */
  readonly backward: Course;
  /** Derivatives begin as the compiler noted them: those of the chain are tidied already. */
  readonly untidy?: boolean;
}

/** Values by name after all steps. */
export function endOf({ start, steps }: Course): Moment {
  return steps.at(-1)?.after ?? start;
}

/**
 * The derivatives with names between a loss and a gradient: those that are read in the end, and where the way branches those
 * of the chain rule. What only that has is `dissolved`: a line reads it before rules write it out. One product is put together
 * as a whole.
 */
export function derivativesBetween(
  { chain, backward: { start, steps } }: Pick<Derivation, "chain" | "backward">,
  gradient: string,
  known: ReadonlySet<string>,
): { readonly kept: readonly string[]; readonly dissolved: ReadonlySet<string> } {
  const derivatives = [...start.keys()].filter((name) => !known.has(name));
  const within = (moment: Moment): readonly string[] =>
    namesWithin(moment, derivatives, moment.get(gradient)!, known).filter((name) => name !== gradient);
  const lasting = new Set(within(endOf({ start, steps })));
  const kept = [...new Set([...(isOneProduct(chain.stations) ? [] : within(start)), ...lasting])];
  return { kept, dissolved: new Set(kept.filter((name) => !lasting.has(name))) };
}

/** Why a derivation goes on to what is compiled where its rules, played back, stop short of it. */
const restOfThePasses = {
  name: "further rules of the compiler",
  identity: "as it is compiled = as it is written",
  contract: "assumes-finite",
} as const;

/** The derivation up to what is compiled: what no step accounts for is a step that says so. */
export function endingWith(
  derivation: Derivation,
  gradient: string,
  compiled: Value,
  compiledNames: ReadonlyMap<Value, string>,
): Derivation {
  const { forward, backward } = derivation;
  const before = endOf(backward);
  const last = before.get(gradient)!;
  if (same(last, compiled)) return derivation;
  const values = new Map([...compiledNames].map(([value, name]) => [name, value]));
  const after = new Map(
    [...before].map(([name, value]) => [name, (forward.start.has(name) ? values.get(name) : undefined) ?? value]),
  ).set(gradient, compiled);
  const replaced = new Map([[last, compiled]]);
  const step = { phase: "compiled", rule: restOfThePasses, replaced, before, after };
  return { ...derivation, backward: { ...backward, steps: [...backward.steps, step] } };
}
