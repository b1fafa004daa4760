/// Formulas that overflow or cancel as written, and the functions that compute the same without.
import { identity, type Rule } from "../rule.ts";
import { cosineRules } from "./cosines.ts";
import { contractionRules } from "./contractions.ts";
import { deviationRules } from "./deviations.ts";
import { distanceRules } from "./distances.ts";
import { expectationRules } from "./expectations.ts";
import { logarithmRules } from "./logarithms.ts";
import { learnedPowerRules } from "./learned-powers.ts";
import { nearLogarithmRules } from "./near-logarithms.ts";
import { overSquareRules } from "./over-squares.ts";
import { pickRules } from "./picks.ts";
import { productRules } from "./products.ts";
import { quotientRules } from "./quotients.ts";
import { fractionRules } from "./fractions.ts";
import { hypotenuseRules } from "./hypotenuses.ts";
import { rootRules } from "./roots.ts";
import { maskRules } from "./masks.ts";
import { rowRules } from "./rows.ts";
import { momentRules } from "./moments.ts";
import { guardedComplementRules } from "./guarded-complements.ts";
import { inverseRules } from "./inverses.ts";
import { largeProductRules } from "./large-products.ts";
import { lengthRules } from "./lengths.ts";
import { removableRules } from "./removable.ts";
import { remainderRules } from "./remainders.ts";
import { ratioRules } from "./ratios.ts";
import { scaleRules } from "./scales.ts";
import { shareRules } from "./shares.ts";
import { squareRules } from "./squares.ts";
import { tailRules } from "./tails.ts";
import { covarianceRules } from "./covariances.ts";
import { varianceRules } from "./variance.ts";
import { weightedVarianceRules } from "./weighted-variance.ts";
import { weightedRules } from "./weighted.ts";

/** Formulas that have a name. What is not spelled like this, the rules after them find by its mathematics. */
const namedRules: readonly Rule[] = [
  identity("sigmoid as reciprocal", "stabilizes", "1 / (1 + exp(-x)) = sigmoid(x)"),
  identity("mirrored sigmoid as reciprocal", "stabilizes", "1 / (1 + exp(x)) = sigmoid(-x)"),
  identity("sigmoid as quotient", "stabilizes", "exp(x) / (1 + exp(x)) = sigmoid(x)"),
  identity("log of sigmoid", "stabilizes", "log(sigmoid(x)) = -softplus(-x)"),
  identity("log of one minus sigmoid", "stabilizes", "log(1 - sigmoid(x)) = -softplus(x)"),
  identity("log of one plus exp", "stabilizes", "log(1 + exp(x)) = softplus(x)"),
  identity("softmax", "stabilizes", "exp(x) / broadcast[b](sum[a](exp(y))) = exp(x - broadcast[b](logsumexp[a](y)))"),
  identity("log of a sum of exp", "stabilizes", "log(sum[a](exp(x))) = logsumexp[a](x)"),
  identity("log of exp", "stabilizes", "log(exp(x)) = x"),
];

/** Digits that cancel, and squares that overflow. */
const accuracyRules: readonly Rule[] = [
  identity("log of one plus", "stabilizes", "log(1 + x) = log1p(x)"),
  identity("log of one minus", "stabilizes", "log(1 - x) = log1p(-x)"),
  identity("exp minus one", "stabilizes", "exp(x) - 1 = expm1(x)"),
  identity("one minus exp", "stabilizes", "1 - exp(x) = -expm1(x)"),
  identity("one less what is left of one", "stabilizes", "1 - (1 - x) = x"),
  identity("hyperbolic cosine less the sine", "stabilizes", "cosh(x) - sinh(x) = exp(-x)"),
  identity("hyperbolic sine less the cosine", "stabilizes", "sinh(x) - cosh(x) = -exp(-x)"),
  identity("one minus a hyperbolic tangent", "stabilizes", "1 - tanh(x) = 2 * sigmoid(-2 * x)"),
  identity("root of a square", "stabilizes", "sqrt(x * x) = abs(x)"),
  identity("sine from its cosine", "stabilizes", "sqrt(1 - cos(x) * cos(x)) = abs(sin(x))"),
];

/**
 * Logarithms of 0 that a zero factor means to leave out. What else was not finite there goes as well: the NaN of a
 * negative x in a class that does not match no longer shows.
 */
const guardRules: readonly Rule[] = [
  identity("log where a match counts", "stabilizes", "cast[d](equal(i, j)) * log(x) = select(equal(i, j), log(x), 0)"),
];

/** All of them, the particular before the general. */
export const stableRules: readonly Rule[] = [
  ...rowRules,
  ...maskRules,
  ...namedRules,
  ...pickRules,
  ...contractionRules,
  ...shareRules,
  ...expectationRules,
  ...guardedComplementRules,
  ...logarithmRules,
  ...fractionRules,
  ...weightedRules,
  ...quotientRules,
  ...productRules,
  // Before those for one sum or difference: a tail is a sum as well, and so is a square beside a number.
  ...tailRules,
  ...squareRules,
  ...inverseRules,
  ...accuracyRules,
  ...nearLogarithmRules,
  ...learnedPowerRules,
  ...remainderRules,
  ...removableRules,
  ...ratioRules,
  ...scaleRules,
  ...overSquareRules,
  ...rootRules,
  ...hypotenuseRules,
  ...lengthRules,
  ...largeProductRules,
  ...cosineRules,
  ...distanceRules,
  ...deviationRules,
  ...varianceRules,
  ...covarianceRules,
  ...weightedVarianceRules,
  ...momentRules,
  ...guardRules,
];
