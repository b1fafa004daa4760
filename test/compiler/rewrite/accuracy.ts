/// How far a stabilising rule may fall behind what it replaces, where that was right by luck of rounding.
import type { Rule } from "../../../compiler/rewrite/rule.ts";

/** A bound on the error of a rule's result, in units of its last place, that holds wherever it is not more accurate. */
export interface Accuracy {
  readonly ulps: number;
  /**
   * Rounding that the result carries on, in units of the last place of what is rounded:
   * - `operands`: by how much each element of the truth changes where every number that the formula reads moves so far;
   * - `steps`: the same, where every number that the formula computes on its way moves so far;
   * - `exponents`: relatively, so much as the largest exponent that the formula reads for this element is rounded by;
   * - `logarithm`: relatively, so much as the logarithm of the result is rounded by.
   */
  readonly carried?: { readonly ulps: number; readonly of: "operands" | "steps" | "exponents" | "logarithm" };
  /** Why it is not less. */
  readonly reason: string;
}

/** What a rule promises unless it says more: each function of the new formula rounds once. */
const ordinary: Accuracy = { ulps: 2, reason: "two roundings where there may have been a luckier one" };

const exponent: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "exponents" },
  reason: "the exponent is a sum that is rounded where its terms are, and its error is a factor of the result",
};

/** A result that is written as an exponential. */
const exponential: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "logarithm" },
  reason: "the logarithm of the result is rounded, and its error is a factor of the result",
};

const shifted: Accuracy = {
  ulps: 4,
  carried: { ulps: 4, of: "operands" },
  reason: "the largest exponent is taken away and added again, and terms of both signs may cancel",
};

const underWeights: Accuracy = {
  ulps: 16,
  carried: { ulps: 64, of: "operands" },
  reason: "weights are differences that have rounded, and scores may be as far again from the largest as from 0",
};

const terms: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "operands" },
  reason: "each difference of squares rounds three times, and terms of both signs may cancel",
};

const factors: Accuracy = { ulps: 8, reason: "a logarithm for each factor is rounded, and their sum" };

const deviations: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "operands" },
  reason: "the mean is rounded before it is taken away, and products of deviations may cancel",
};

const moments: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "steps" },
  reason: "powers of deviations of both signs cancel, as those of the numbers do, whichever of them round luckily",
};

const sines: Accuracy = { ulps: 5, reason: "the quotient of a sine and its operand is squared, and its error doubled" };

const units: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "operands" },
  reason: "each entry is divided before the products are added up, and they may cancel",
};

const halved: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "operands" },
  reason: "the root is rounded before its logarithm is taken, which is near 0 where the root is near 1",
};

const complement: Accuracy = {
  ulps: 4,
  carried: { ulps: 2, of: "operands" },
  reason: "each complement of a weight is rounded before the products are added up, and they may cancel",
};

const remainders: Accuracy = {
  ulps: 12,
  carried: { ulps: 2, of: "exponents" },
  reason:
    "eᵈ − 1 − d is a seventh of what it is a difference of where the series ends, and logarithms round before that",
};

const multiple: Accuracy = { ulps: 4, reason: "the square of a sine is rounded before it is multiplied" };

const powers: Accuracy = {
  ulps: 6,
  reason:
    "each share of the largest is rounded before its power is taken, and the root of their sum is multiplied again",
};

/** Rules that need more. */
const exceptions: Readonly<Record<string, Accuracy>> = {
  softmax: exponent,
  "product of exponentials": exponent,
  "power of an exponential": exponent,
  "square times an exponential": exponent,
  "hypotenuse less a side": exponential,
  "side less the hypotenuse": exponential,
  "log of weighted exponentials": shifted,
  "log of one plus weighted exponentials": shifted,
  "share of weighted exponentials": shifted,
  "share of exponentials beside a number": shifted,
  "mean under exponentials beside a number": shifted,
  "contraction of shares": shifted,
  "sum of shares": shifted,
  "quotient of sums of weighted exponentials": shifted,
  "power less one": exponential,
  "root minus a number": exponential,
  "scores under weights of a softmax": underWeights,
  "scores under weights of two softmaxes": underWeights,
  "sum without the offset of its rows": underWeights,
  "divergence of near shares": remainders,
  "difference of sums of squares": terms,
  "squared distance multiplied out": terms,
  "mean of deviations": terms,
  "log of a product": factors,
  "variance by deviations": deviations,
  "covariance by deviations": deviations,
  "central moment by deviations": moments,
  "weighted variance by deviations": deviations,
  "one minus a cosine over a square": sines,
  "value minus its multiple by a cosine": multiple,
  "multiple by a cosine minus the value": multiple,
  "norm of another order": powers,
  "cosine similarity": units,
  "cosine similarity beside a number": units,
  "slope over a length, divided already": { ulps: 4, reason: "an element is divided before it is multiplied" },
  "log of squares": halved,
  "slope over the square of a length": { ulps: 4, reason: "an element is divided before it is multiplied" },
  "log of what a mean leaves of one": complement,
  "power of weighted exponentials": exponential,
  "log of differences of sigmoids": {
    ulps: 8,
    carried: { ulps: 2, of: "operands" },
    reason: "the gap and four sigmoids are rounded, where differences of two may be luckier and may cancel in the sum",
  },
};

/** The bound that a stabilising rule keeps. */
export function accuracyOf({ name }: Rule): Accuracy {
  return exceptions[name] ?? ordinary;
}

/** Rules that have a bound of their own, by name. */
export const ownAccuracies: readonly string[] = Object.keys(exceptions);
