/// Likelihoods of distributions, and losses that do not mind outliers.
import type { Row } from "../row.ts";

/** Likelihoods and robust losses. */
export const likelihoodRows: readonly Row[] = [
  {
    name: "Gaussian likelihood with a log-variance",
    about: "½(e⁻ˢ(x − m)² + s), the variance divided out before.",
    program: "const variance = exp(s); return mul(0.5, add(div(square(sub(x, m)), variance), log(variance)))",
    given: ["x"],
    points: [
      { at: { x: 1.5, m: 1, s: 0.3 } },
      { at: { x: 1.5, m: 1, s: 200 } },
      { at: { x: 1.5, m: 1.5, s: -85 } },
      { at: { x: 1e-10, m: 0, s: -60 } },
    ],
  },
  {
    name: "Gaussian density before the logarithm",
    about: "The density is 0 in float32 beyond fourteen standard deviations.",
    program: `
const z = div(sub(x, m), sigma);
return neg(log(div(exp(mul(-0.5, square(z))), mul(sigma, Math.sqrt(2 * Math.PI)))))`,
    given: ["x"],
    points: [
      { at: { x: 1.5, m: 1, sigma: 0.5 } },
      { at: { x: 100, m: 1, sigma: 2 } },
      { at: { x: 3, m: 1, sigma: 1e-3 } },
    ],
  },
  {
    name: "Mixture of Gaussians",
    about: "The logarithm of a sum of densities, all of which are 0 far from the centres.",
    program: "neg(log(sum(mul(softmax(w), exp(mul(-0.5, square(sub(x, m))))))))",
    given: ["x"],
    points: [
      { at: { w: [0.1, 0.2], m: [0, 1], x: [0.5, 0.5] } },
      { at: { w: [0, 3], m: [-2, 3], x: [40, 40] } },
      { at: { w: [150, 0], m: [-30, 3], x: [3, 3] } },
    ],
  },
  {
    name: "None of the labelled classes",
    about: "−ln(1 − Σ y·p): the weights of the other classes are rounded away beside the 1.",
    program: "neg(log(sub(1, sum(mul(softmax(z), y)))))",
    given: ["y"],
    points: [
      { at: { z: [2, 1, 0], y: [1, 0, 0] } },
      { at: { z: [20, 1, 0], y: [1, 0, 0] } },
      { at: { z: [200, 1, -300], y: [1, 1, 0] } },
      { at: { z: [-200, 1, 0], y: [0.9, 0.25, 0] } },
    ],
  },
  {
    name: "Divergence from a quotient",
    about: "Σ p·ln(p/q), 0 where p is: the slope by a small q passes through the square of p/q.",
    program: "sum(mul(p, log(div(p, q))))",
    given: ["p"],
    points: [
      { at: { p: [0.2, 0.8], q: [0.3, 0.7] } },
      { at: { p: [0.2, 0.8], q: [1e-20, 1] } },
      {
        at: { p: [0, 1], q: [0.3, 0.7] },
        meant: { why: "0 · ln 0 is 0", loss: 0.35667494393873245, gradient: { q: [0, -1.4285714285714286] } },
      },
    ],
  },
  {
    name: "Cauchy likelihood",
    about: "ln(1 + r²) of small residuals and of large ones.",
    program: "log(add(1, square(r)))",
    points: [{ at: { r: 0.5 } }, { at: { r: 1e-3 } }, { at: { r: 1e12 } }, { at: { r: -1e18 } }],
  },
  {
    name: "Log-cosh loss",
    about: "Like |r| for large residuals, like ½r² for small ones.",
    program: "log(cosh(r))",
    points: [{ at: { r: 0.5 } }, { at: { r: 200 } }, { at: { r: -1000 } }, { at: { r: 0.01 } }],
  },
  {
    name: "Log-cosh loss, written out",
    about: "The same without `cosh`.",
    program: "sum(log(div(add(exp(r), exp(neg(r))), 2)))",
    points: [{ at: { r: [0.5, -2] } }, { at: { r: [200, -1000] } }, { at: { r: [0.01, 0] } }],
  },
  {
    name: "Huber loss by a selection",
    about: "The square of the branch that is not taken overflows.",
    program: "sum(where(lessEqual(abs(r), 1), mul(0.5, square(r)), sub(abs(r), 0.5)))",
    points: [{ at: { r: [0.5, -3, 1] }, side: "below" }, { at: { r: [1e30, -1e25, 0] } }],
  },
  {
    name: "Huber loss by a minimum",
    about: "Without a selection: the square stops at 1.",
    program: "const near = minimum(abs(r), 1); return sum(add(mul(0.5, square(near)), sub(abs(r), near)))",
    points: [{ at: { r: [0.5, -3, 1] } }, { at: { r: [1e30, -1e25, 0] } }],
  },
  {
    name: "Pseudo-Huber loss",
    about: "δ²(√(1 + (r/δ)²) − 1) for δ = 100: of small residuals nothing is left.",
    program: "sum(mul(1e4, sub(sqrt(add(1, square(div(r, 100)))), 1)))",
    points: [{ at: { r: [50, -300] } }, { at: { r: [1, -0.25] } }, { at: { r: [1e12, -1e15] } }],
  },
  {
    name: "Hinge loss",
    about: "Nothing goes wrong here; the kink shares ½ and ½.",
    program: "sum(maximum(0, sub(1, mul(y, s))))",
    given: ["y"],
    points: [{ at: { s: [0.5, 2, 1], y: [1, -1, 1] } }, { at: { s: [1e30, -1e30, 0], y: [1, 1, -1] } }],
  },
  {
    name: "Variational bound of a Gaussian",
    about: "½ Σ (eˢ + m² − 1 − s), the distance from a standard normal. Nothing goes wrong here.",
    program: "mul(0.5, sum(sub(add(exp(s), square(m)), add(1, s))))",
    points: [
      { at: { s: [0.3, -1], m: [0.5, 2] } },
      { at: { s: [0.02, -0.03], m: [0.01, 0] } },
      { at: { s: [-100, 80], m: [0, 1] } },
    ],
  },
  {
    name: "Gaussian likelihood with a precision",
    about: "½(e⁻ˢ(x − m)² + s): the precision overflows where the residual is nearly 0.",
    program: "mul(0.5, add(mul(exp(neg(s)), square(sub(x, m))), s))",
    given: ["x"],
    points: [
      { at: { x: 1.5, m: 1, s: 0.3 } },
      { at: { x: 1.5, m: 1.5, s: -100 } },
      { at: { x: 1e-22, m: 0, s: -100 } },
      { at: { x: 1e20, m: 0, s: 100 } },
    ],
  },
  {
    name: "Mixture of Gaussians with their widths",
    about: "ln Σ w·e^(−z²/2)/σ, with weights and widths that are numbers of any size.",
    program: "const z = div(sub(x, m), sigma); return neg(log(sum(mul(w, div(exp(mul(-0.5, square(z))), sigma)))))",
    given: ["x", "w"],
    points: [
      { at: { x: [0.5, 0.5], w: [0.3, 0.7], m: [0, 1], sigma: [1, 2] } },
      { at: { x: [50, 50], w: [0.3, 0.7], m: [0, 1], sigma: [1, 2] } },
    ],
  },
  {
    name: "Mean of differences of sigmoids, guarded",
    about: "ln of a mean share between two thresholds beside a small number.",
    program: "log(add(mean(sub(sigmoid(a), sigmoid(b))), 1e-12))",
    points: [
      { at: { a: [1, 2], b: [0, 1] } },
      { at: { a: [30, 20], b: [29, 18] } },
      { at: { a: [-20, 1], b: [-22, 0.999] } },
    ],
  },
];
