/// Where stabilisation makes a program costlier: right numbers of it cost more than the formula as it is written. Nothing
/// else may cost more; these figures become fewer and smaller. docs/stability.md shows them.

/** Flops and bytes of what is compiled over those of what differentiation gives, rounded up to a hundredth. */
export type Ratio = readonly [flops: number, bytes: number];

/** What makes programs costlier, and which. */
export interface Price {
  readonly why: string;
  /** Fixtures by folder and name, programs of the scoreboard by their names. */
  readonly of: Readonly<Record<string, Ratio>>;
}

export const prices: readonly Price[] = [
  {
    why: "A sum of exponentials under a logarithm, or in a quotient, overflows: the largest exponent is looked for and taken away first.",
    of: {
      "Cross-entropy with the logarithm of a sum": [1.06, 1],
      "Generalised cross-entropy": [1.15, 1],
      "Logarithm of a Tversky index": [2.21, 1],
      "Difference of two log-sum-exps": [1.62, 1],
      "Soft minimum": [1.13, 1],
      "Attention as a product of matrices, masked, a number in the denominator": [1.26, 1],
      "Attention pooling": [1.37, 1.05],
      "Masked softmax by hand, a row without any": [1.12, 1],
      "Masked softmax by selection, a row without any": [1.21, 1],
      "Mean under masked exponentials, a number in the denominator": [1.75, 1],
      "Softmax of rows that are −∞ here and there, a number in the denominator": [1.54, 1.15],
      "Binary cross-entropy as one logarithm": [2.06, 1],
      "Ordered classes": [1.18, 1],
      "Entropy of the mean share less the mean entropy": [1.25, 1.62],
      "Ranking by running sums (Cox, Plackett–Luce)": [1.55, 1.24],
      "Partial likelihood (Cox), its risk sets in a table": [1.87, 1],
      "None of several": [1, 1.27],
      "Mixture of Gaussians with their widths": [1.04, 1],
      "stabilize/weighted": [1.63, 1.42],
    },
  },
  {
    why: "Rows keep their largest exponent apart from the logarithm: two numbers of a row where there was one.",
    of: {
      "keep-digits/offsets": [1, 1.08],
      "stabilize/picks": [1, 1.24],
      "stabilize/rows": [1, 1.07],
      "Sequence cross-entropy with a mask": [1, 1.02],
    },
  },
  {
    why: "The slope by a temperature is a small difference of large sums: what all scores of a row have in common is looked for and taken away from them.",
    of: {
      "Cross-entropy at a temperature that is learned": [1.03, 1.04],
      "Distillation at a temperature that is learned": [1.35, 1],
      "Distillation as a cross-entropy less an entropy": [1.19, 1],
      "Rows of scores, each times a number of either sign that is learned": [1.09, 1],
      "Mean under a softmax at a temperature of either sign": [1.16, 1],
      "Attention at a temperature that is learned": [1.62, 1.1],
      "Contrastive loss both ways, its scale learned": [1.08, 1.33],
      "Contrastive loss both ways, over a temperature that is learned": [1.3, 1.2],
      "Contrastive loss less the logarithm of how many there are, over a temperature that is learned": [1.16, 1],
      "Contrastive loss both ways with given pairs, over a temperature that is learned": [1.32, 1.26],
      "Contrastive loss both ways as logarithms less given pairs, over a temperature that is learned": [2.01, 2.35],
      "Contrastive loss whose negatives a mask picks, over a temperature that is learned": [1.79, 1],
      "Contrastive loss with a diagonal of −∞, over a temperature that is learned": [1.21, 1.14],
      "Supervised contrastive loss, over a temperature that is learned": [1.29, 1.02],
      "Label smoothing at a temperature that is learned": [1, 1.03],
      "Softmax of negative scores with noise, over a temperature that is learned": [1.82, 1.04],
      "Scores with noise": [1.69, 1],
    },
  },
  {
    why: "A sum that sees no offset of its rows, and each of its parts does: the largest of a row is taken from all of them.",
    of: {
      "Log-sum-exp less the mean score": [1.26, 1],
      Perplexity: [1.03, 1.25],
      "Soft maximum at a temperature that is learned": [1.46, 1.17],
      "Logarithm of a mean of exponentials, over its rate": [2.1, 1.04],
      "Mean under exponentials of its own scores, over a temperature": [1.1, 1.05],
      "Soft maximum less the largest": [1.03, 1.04],
      "Rows and columns of one table, their logarithms less the pairs": [1.45, 1.23],
      "Soft maximum less the mean under its softmax, over a temperature": [1.02, 1.04],
      "Soft maximum less a wanted mean, over a temperature": [1.54, 1.67],
      "Number less a mean under exponentials, squared, over a temperature": [1.07, 1.04],
      "Label smoothing as a mean less means": [1.08, 1.8],
      "Cross-entropy as the mean of logarithms less the mean of picked scores": [1.03, 1.49],
      "Label smoothing of a score picked by its place": [1, 2.27],
    },
  },
  {
    why: "The slope of a mean under a softmax of other scores sees no offset: that mean is taken away before it is weighed, since the largest may have no weight.",
    of: {
      Attention: [1.58, 1],
      "Softmax at a common offset": [1.38, 1],
      "Attention as a product of matrices": [1.28, 1.25],
      "Attention to values far from 0": [1.02, 1.13],
    },
  },
  {
    why: "A product of many factors vanishes: the logarithm is taken of each, and the sign counted apart.",
    of: { "Logarithm of a product of masked survivals": [1.39, 1] },
  },
  {
    why: "Squares overflow and vanish long before their numbers do: a length adds them up in three units, five operations an element in the place of two.",
    of: {
      "Norm, written out": [1.9, 1],
      "Norms of rows": [1.67, 1],
      "Norm of large and of tiny numbers": [1.9, 1],
      "Distance between points": [1.65, 1],
      "Fractional power of a sum of squares": [1.42, 1],
      "Root of a mean of squares": [1.65, 1],
      "Lengths of rows beside a number": [1.57, 1],
      "Cosine of the largest and the smallest": [1.2, 1],
      "Cosine similarity": [1.27, 1],
      "Cosine similarity with a floor": [1.72, 1],
      "Cosine similarity with a number in the divisor": [1.73, 1],
      "Cosine similarity with a number under the root": [1.98, 1],
      "Cosine similarity with numbers beside the lengths": [1.25, 1],
      "Cosines of all pairs": [1.1, 1.03],
      "Logarithm of a length": [1.58, 1],
      "Logarithm of a sum of squares": [2.3, 1],
      "Inverse of a length": [1.67, 1],
      "Unit vector with a floor under the root": [1.07, 1],
      "Cosine similarity under one root": [1.37, 1],
      "Length by an inverse root": [1.08, 1],
      "stabilize/roots": [1.33, 1],
    },
  },
  {
    why: "A power overflows that is only a step on the way: it is taken of numbers in units of the largest.",
    of: {
      "Norm of order 4, written out": [1.34, 1],
      "Norm of order 20, written out": [1.41, 1],
    },
  },
  {
    why: "Beyond 1e18 a square overflows: there a form without it is selected, and kernels compute both.",
    of: {
      "Cauchy likelihood": [2, 1],
      "Student's t likelihood": [1.67, 1],
      "Student's t, its scale given": [1.72, 1],
      "Log of a scale and a square": [3.46, 1],
      "General robust loss": [1.29, 1],
    },
  },
  {
    why: "0/0 has a limit, and the slope beside it loses its digits: near 0 a series takes the place of both, and kernels compute it beside the quotient.",
    of: {
      "Sine over x": [2.28, 1],
      "Sine over its operand": [2.88, 1],
      "Cosine over a square": [2, 1],
      "Hyperbolic tangent over its operand": [2.67, 1],
      "Logarithm over its operand": [5, 1],
      "Growth over its rate": [4.88, 1],
      "Number over its growth": [6.5, 1],
      "Share that decays": [3.65, 1],
    },
  },
  {
    why: "A difference cancels: an equal form without it has a quotient or a function more, on the side of 0 where it is needed.",
    of: {
      "Difference of two roots": [1.4, 1],
      "Quadratic formula": [1.5, 1],
      "Quadratic formula, other solution": [1.46, 1],
      "Softened positive part": [2, 1],
      "Root less its side": [1.8, 1],
      "Square less one": [1.2, 1],
      "Concentration on a circle": [1.04, 1],
      "Energy of a pendulum": [1.35, 1],
      "Log-cosh loss": [1.4, 1],
      "Log-probability of a squashed action": [1.37, 1],
      "keep-digits/roots": [1.43, 1],
      "keep-digits/sides": [1.5, 1],
    },
  },
  {
    why: "Mean squares of large numbers less the square of their mean cancel: deviations come first, and once more from their own mean.",
    of: {
      "What a mean has beyond each": [1.52, 1],
      "Twice what deviates from a mean": [1.29, 1],
      "Means of groups about the mean of all": [1.59, 1],
      "Variance where a mask counts": [1.69, 1],
      "stabilize/variance": [1.66, 1],
    },
  },
  {
    why: "A mean less another is what is left of two that are rounded: where no number is given, all are less one of them first.",
    of: { "Mean less another mean of fewer": [1.6, 1.11] },
  },
  {
    why: "1 less a mean under a distribution cancels where the mean is large: there what is left is added up, and kernels compute both.",
    of: { "None of the labelled classes": [1.59, 1] },
  },
  {
    why: "The tail of the normal distribution is 0 in float32 where its logarithm is not: a function of its own, and its slope.",
    of: {
      "Normal distribution function in log space": [1.39, 1],
      "Probit loss": [1.85, 1],
    },
  },
  {
    why: "0 · ln 0 is NaN: the convention that it is 0 is a comparison.",
    of: { "Divergence from logarithms of shares": [1.2, 1] },
  },
  {
    why: "Quotients that are 0/0 and roots of products that overflow are written twice, with a series or a root of each factor.",
    of: {
      "Exponential less its first terms, over a square": [3.43, 1],
      "Logarithm over the distance from one": [5, 1],
      "Geometric mean of two": [3.5, 1],
      "Power of two less one, over its exponent": [5.9, 1],
      "Geometric mean of three": [3.6, 1],
      "Hyperbolic sine by exponentials, over its operand": [1.69, 1],
      "Operand over a hyperbolic sine by exponentials": [1.94, 1],
    },
  },
  {
    why: "1 − tanh x vanishes: a sigmoid has its digits.",
    of: { "One less a hyperbolic tangent": [1.25, 1] },
  },
  {
    why: "Squares overflow and vanish before quotients by them do: the length whose square a divisor is is looked for, and both sides are divided by it.",
    of: {
      "Projection on a vector": [1.68, 1],
      "Dice coefficient with squares": [2.12, 1],
      "Relative squared error": [2, 1],
      "Cosine similarity, squared": [1.74, 1],
      "Cosines of all pairs by a product of lengths": [1.35, 1.44],
      "Cosine similarity of a large and a tiny vector": [1.64, 1],
      "Length, guarded twice": [1.62, 1],
      "Root mean square norm without a number": [1.17, 1],
    },
  },
  {
    why: "Powers and logarithms near 1, and quotients near 0/0, lose their digits: there another formula takes their place.",
    of: {
      "Power less one over its exponent, learned": [3.46, 1],
      "Compound interest": [1.15, 1],
      "Student's t as a difference of logarithms": [2.4, 1],
      "Negative binomial likelihood": [1.52, 1],
      "Logarithm of a complement": [1.55, 1],
      "Binary cross-entropy, both sides clamped": [1.14, 1],
      "Share of what is not truncated": [4.46, 1],
    },
  },
  {
    why: "What averages and shares leave of 1 is added up where it is little: a difference from 1 has lost its digits there.",
    of: {
      "Sparsity of mean activations": [2.39, 1],
      "Cross-entropy of a bag": [1.31, 1],
      "Shares of a softmax between numbers": [1.26, 1],
    },
  },
  {
    why: "Exponentials that overflow, and sigmoids whose difference vanishes, are measured by their exponents.",
    of: {
      "Mean of differences of sigmoids, guarded": [2.78, 1],
      "Softmax of six, written out": [2.03, 1],
    },
  },
];

/** What a fixture or program may cost; undefined where it must not cost more. */
export const priceOf = (name: string): Ratio | undefined => prices.find(({ of }) => Object.hasOwn(of, name))?.of[name];
