/// Formulas that overflow or cancel as written, and the functions that compute the same without.
import type { BroadcastAttrs } from "../../../ir/ops/sum.ts";
import { identity, type Condition, type Rule } from "../rule.ts";

/** Broadcast b runs along the axes that reduction a takes away, and along no other. */
const undoes: Condition = ({ attrs: { a, b } }) => {
  const reduced = a.axes as readonly number[];
  const { shape, axes } = b as unknown as BroadcastAttrs;
  const kept = shape.flatMap((_, axis) => (reduced.includes(axis) ? [] : [axis]));
  return kept.length === axes.length && kept.every((axis, position) => axis === axes[position]);
};

/** Sigmoids and softplus, however they are spelled. */
const logisticRules: readonly Rule[] = [
  identity("sigmoid as reciprocal", "stabilizes", "1 / (1 + exp(-x)) = sigmoid(x)"),
  identity("mirrored sigmoid as reciprocal", "stabilizes", "1 / (1 + exp(x)) = sigmoid(-x)"),
  identity("sigmoid as quotient", "stabilizes", "exp(x) / (1 + exp(x)) = sigmoid(x)"),
  identity("factor over one plus exp", "stabilizes", "y / (1 + exp(-x)) = y * sigmoid(x)"),
  identity("log of sigmoid", "stabilizes", "log(sigmoid(x)) = -softplus(-x)"),
  identity("log of one minus sigmoid", "stabilizes", "log(1 - sigmoid(x)) = -softplus(x)"),
  identity("log1p of minus sigmoid", "stabilizes", "log1p(-sigmoid(x)) = -softplus(x)"),
  identity("log of one plus exp", "stabilizes", "log(1 + exp(x)) = softplus(x)"),
  identity("log1p of exp", "stabilizes", "log1p(exp(x)) = softplus(x)"),
  identity("softplus minus its operand", "stabilizes", "softplus(x) - x = softplus(-x)"),
  identity("tanh as quotient", "stabilizes", "(exp(x) - exp(-x)) / (exp(x) + exp(-x)) = tanh(x)"),
];

/** Softmax and ln Σ eˣ. A logarithm commutes with a broadcast, so these hold for every broadcast b. */
const softmaxRules: readonly Rule[] = [
  identity("softmax", "stabilizes", "exp(x) / broadcast[b](sum[a](exp(y))) = exp(x - broadcast[b](logsumexp[a](y)))"),
  identity(
    "softmax times a factor",
    "stabilizes",
    "z * exp(x) / broadcast[b](sum[a](exp(y))) = z * exp(x - broadcast[b](logsumexp[a](y)))",
  ),
  identity("share of a sum of exp", "stabilizes", "exp(x) / sum[a](exp(y)) = exp(x - logsumexp[a](y))"),
  identity("log of a sum of exp", "stabilizes", "log(sum[a](exp(x))) = logsumexp[a](x)"),
  identity("log of a kept sum of exp", "stabilizes", "log(reshape[s](sum[a](exp(x)))) = reshape[s](logsumexp[a](x))"),
  identity("log of exp", "stabilizes", "log(exp(x)) = x"),
  identity("log of a quotient of exp", "stabilizes", "log(exp(x) / y) = x - log(y)"),
  identity(
    "softmax of shifted scores",
    "stabilizes",
    "x - broadcast[b](c) - broadcast[b](logsumexp[a](x - broadcast[b](c))) = x - broadcast[b](logsumexp[a](x))",
    undoes,
  ),
  identity("shifted logsumexp", "stabilizes", "c + logsumexp[a](x - broadcast[b](c)) = logsumexp[a](x)", undoes),
];

/** Digits that cancel, and squares that overflow. */
const accuracyRules: readonly Rule[] = [
  identity("log of one plus", "stabilizes", "log(1 + x) = log1p(x)"),
  identity("log of one minus", "stabilizes", "log(1 - x) = log1p(-x)"),
  identity("exp minus one", "stabilizes", "exp(x) - 1 = expm1(x)"),
  identity("root of a square", "stabilizes", "sqrt(x * x) = abs(x)"),
];

/**
 * Logarithms of 0 that a zero factor means to leave out. What else was not finite there goes as well: the NaN of a
 * negative x in a class that does not match no longer shows.
 */
const guardRules: readonly Rule[] = [
  identity("log where a match counts", "stabilizes", "cast[d](equal(i, j)) * log(x) = select(equal(i, j), log(x), 0)"),
];

/** All of them, the particular before the general. */
export const stableRules: readonly Rule[] = [...logisticRules, ...softmaxRules, ...accuracyRules, ...guardRules];
