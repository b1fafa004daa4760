/// How far a stabilising rule may fall behind what it replaces, where that was right by luck of rounding.
import type { Rule } from "../rule.ts";

/** A bound on the error of a rule's result, in units of its last place, that holds wherever it is not more accurate. */
export interface Accuracy {
  readonly ulps: number;
  /**
   * Rounding of the operands that the result carries on: so many units in the last place of the largest number on the
   * way, as an absolute error, or (of what was an exponent) as a relative one.
   */
  readonly carried?: { readonly ulps: number; readonly as: "absolute" | "relative" };
  /** Why it is not less. */
  readonly reason: string;
}

/** What a rule promises unless it says more: each function of the new formula rounds once. */
const ordinary: Accuracy = { ulps: 2, reason: "two roundings where there may have been a luckier one" };

const exponent: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, as: "relative" },
  reason: "the exponent is a sum that is rounded where its terms are, and its error is a factor of the result",
};

const shifted: Accuracy = {
  ulps: 4,
  carried: { ulps: 4, as: "absolute" },
  reason: "the largest exponent is taken away and added again, and terms of both signs may cancel",
};

const deviations: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, as: "absolute" },
  reason: "the mean is rounded before it is taken away, and products of deviations may cancel",
};

/** Rules that need more. */
const exceptions: Readonly<Record<string, Accuracy>> = {
  softmax: exponent,
  "product of exponentials": exponent,
  "power of an exponential": exponent,
  "square times an exponential": exponent,
  "hypotenuse less a side": exponent,
  "log of weighted exponentials": shifted,
  "power less one": exponent,
  "root minus a number": exponent,
  "variance by deviations": deviations,
};

/** The bound that a stabilising rule keeps. */
export function accuracyOf({ name }: Rule): Accuracy {
  return exceptions[name] ?? ordinary;
}

/** Rules that have a bound of their own, by name. */
export const ownAccuracies: readonly string[] = Object.keys(exceptions);
