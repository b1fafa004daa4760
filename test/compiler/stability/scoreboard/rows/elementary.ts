/// Functions of one or two numbers: quotients that are 0/0, tails, squares that overflow, and what a minimum cuts off.
import type { Row } from "../row.ts";

const norms = "norms have the gradient 0 at 0";
const nothing = "0·ln 0 is 0, and so is its gradient";

/** Quotients with a limit at 0. */
const quotients: readonly Row[] = [
  {
    name: "Growth over its rate",
    about: "(eˣ − 1)/x: near 0 the digits of its slope cancel.",
    program: "div(sub(exp(x), 1), x)",
    points: [{ at: { x: 0.75 } }, { at: { x: 1e-3 } }, { at: { x: -1e-20 } }, { at: { x: -100 } }, { at: { x: 60 } }],
  },
  {
    name: "Number over its growth",
    about: "x/(eˣ − 1), the factor of Bose, Einstein and Planck.",
    program: "div(x, sub(exp(x), 1))",
    points: [{ at: { x: 0.75 } }, { at: { x: -1e-3 } }, { at: { x: 1e-8 } }, { at: { x: 100 } }, { at: { x: -1e4 } }],
  },
  {
    name: "Share that decays",
    about: "(1 − e^−kt)/k for a rate that vanishes.",
    program: "div(sub(1, exp(neg(mul(k, t)))), k)",
    points: [
      { at: { k: 0.5, t: 3 } },
      { at: { k: 1e-4, t: 2 } },
      { at: { k: 1e-12, t: 0.5 } },
      { at: { k: 50, t: 40 } },
    ],
  },
  {
    name: "Logarithm over its operand",
    about: "ln(1 + x)/x.",
    program: "div(log(add(1, x)), x)",
    points: [{ at: { x: 0.5 } }, { at: { x: 1e-3 } }, { at: { x: -1e-8 } }, { at: { x: 1e20 } }],
  },
  {
    name: "Sine over its operand",
    about: "sin x/x without a guard, next to 0.",
    program: "div(sin(x), x)",
    points: [{ at: { x: 2 } }, { at: { x: -1e-3 } }, { at: { x: 1e-20 } }],
  },
  {
    name: "Cosine over a square",
    about: "(1 − cos x)/x²: nothing over nothing.",
    program: "div(sub(1, cos(x)), square(x))",
    points: [{ at: { x: 2 } }, { at: { x: 1e-2 } }, { at: { x: -1e-3 } }, { at: { x: 1e-20 } }],
  },
  {
    name: "Hyperbolic tangent over its operand",
    about: "tanh x/x.",
    program: "div(tanh(x), x)",
    points: [{ at: { x: 2 } }, { at: { x: -1e-3 } }, { at: { x: 1e-20 } }, { at: { x: 100 } }],
  },
  {
    name: "Hyperbolic cotangent",
    about: "cosh x/sinh x: ∞/∞ from 90 on.",
    program: "div(cosh(x), sinh(x))",
    points: [{ at: { x: 0.5 } }, { at: { x: -50 } }, { at: { x: 1000 } }],
  },
];

/** Probabilities of a normal distribution, and scales by a softplus. */
const likelihoods: readonly Row[] = [
  {
    name: "Normal distribution function in log space",
    about: "ln Φ(x) = ln(½(1 + erf(x/√2))): Φ(−6) is 0 already.",
    program: "log(mul(0.5, add(1, erf(div(x, Math.SQRT2)))))",
    points: [{ at: { x: 0.5 } }, { at: { x: -6 } }, { at: { x: -14 } }, { at: { x: 5 } }],
  },
  {
    name: "Probit loss",
    about: "−y ln Φ − (1 − y) ln(1 − Φ), where either probability vanishes.",
    program: `
const p = mul(0.5, add(1, erf(div(z, Math.SQRT2))));
return neg(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p)))))`,
    given: ["y"],
    points: [{ at: { z: 0.5, y: 1 } }, { at: { z: -9, y: 1 } }, { at: { z: 9, y: 0 } }, { at: { z: -7, y: 0.25 } }],
  },
  {
    name: "Logarithm of a softplus",
    about: "ln ln(1 + eˢ) of a scale: the softplus vanishes, its logarithm is s.",
    program: "log(softplus(s))",
    points: [{ at: { s: 0.5 } }, { at: { s: -50 } }, { at: { s: -100 } }, { at: { s: 1e4 } }],
  },
  {
    name: "Student's t likelihood",
    about: "2.5·ln(1 + r²/4), whose square overflows.",
    program: "mul(2.5, log(add(1, div(square(r), 4))))",
    points: [{ at: { r: 0.5 } }, { at: { r: -1e-3 } }, { at: { r: 1e20 } }, { at: { r: -1e30 } }],
  },
  {
    name: "Loss of Geman and McClure",
    about: "r²/(r² + 4): ∞/∞ far out.",
    program: "div(square(r), add(square(r), 4))",
    points: [{ at: { r: 0.5 } }, { at: { r: 100 } }, { at: { r: 1e20 } }, { at: { r: -1e30 } }],
  },
  {
    name: "Proximal policy loss",
    about:
      "min(r·A, clip(r)·A) for a ratio r that overflows: the gradient that the minimum cuts off is multiplied by ∞.",
    program: `
const r = exp(sub(logp, old));
return neg(minimum(mul(r, a), mul(clamp(r, 0.8, 1.2), a)))`,
    given: ["old", "a"],
    points: [
      { at: { logp: -1, old: -1.1, a: 2 } },
      { at: { logp: -1, old: -1.1, a: -2 } },
      { at: { logp: 0, old: -1000, a: 1 } },
      { at: { logp: -1000, old: 0, a: -1 } },
    ],
  },
];

/** Lengths, squares and products with logarithms. */
const lengths: readonly Row[] = [
  {
    name: "Norm of large and of tiny numbers",
    about: "√Σx²: squares overflow beyond 10¹⁹ and vanish below 10⁻²³, and with them the gradient.",
    program: "sqrt(sum(square(x)))",
    points: [
      { at: { x: [3, -4] } },
      { at: { x: [1e20, -3e25] } },
      { at: { x: [1e-25, 2e-25] } },
      { at: { x: [1e30, 1e-30] } },
      { at: { x: [1e15, 2e15] } },
      { at: { x: [3e-15, 8e-16] } },
    ],
  },
  {
    name: "Norm of another order",
    about: "(Σ|x|³)^⅓ by `norm`.",
    program: "norm(x, { order: 3 })",
    points: [
      { at: { x: [3, -4] } },
      { at: { x: [0, 0] }, meant: { why: norms, gradient: { x: [0, 0] } } },
      { at: { x: [1e20, -3e25] } },
      { at: { x: [1e-25, 2e-25] } },
    ],
  },
  {
    name: "Norm of another order, written out",
    about: "(Σ|x|³)^⅓, whose slope at 0 is 0·∞.",
    program: "pow(sum(pow(abs(x), 3)), 1 / 3)",
    points: [{ at: { x: [3, -4] } }, { at: { x: [0, 0] }, meant: { why: norms, gradient: { x: [0, 0] } } }],
  },
  {
    name: "Product of unit vectors",
    about: "a/‖a‖ · b/‖b‖ of a vector that is 0.",
    program: "sum(mul(div(a, sqrt(sum(square(a)))), div(b, sqrt(sum(square(b))))))",
    points: [
      { at: { a: [3, -4], b: [1, 1] } },
      {
        at: { a: [0, 0], b: [1, 1] },
        meant: {
          why: "a vector of 0 has no direction: 0, with gradient 0",
          loss: 0,
          gradient: { a: [0, 0], b: [0, 0] },
        },
      },
      { at: { a: [1e20, 2e20], b: [3, 1] } },
    ],
  },
  {
    name: "Cosine similarity under one root",
    about: "a·b/√(‖a‖²‖b‖²): the product of squares overflows first.",
    program: "div(sum(mul(a, b)), sqrt(mul(sum(square(a)), sum(square(b)))))",
    points: [
      { at: { a: [3, -4], b: [1, 1] } },
      {
        at: { a: [0, 0], b: [1, 1] },
        meant: { why: "cosine similarity is 0 with gradient 0 at 0", loss: 0, gradient: { a: [0, 0], b: [0, 0] } },
      },
      { at: { a: [1e15, 1e10], b: [1e15, 3] } },
    ],
  },
  {
    name: "Difference of squares",
    about: "Σ(x² − y²) of nearly equal numbers.",
    program: "sum(sub(square(x), square(y)))",
    points: [{ at: { x: [1, 2], y: [3, 1] } }, { at: { x: [1000.5, 2000], y: [1000.25, 2000.001] } }],
  },
  {
    name: "Root of one minus a square",
    about: "√(1 − x²) next to 1.",
    program: "sqrt(sub(1, square(x)))",
    points: [{ at: { x: 0.5 } }, { at: { x: -0.9999 } }, { at: { x: 0.999999 } }],
  },
  {
    name: "Entropy without a guard",
    about: "−Σ p ln p where a probability is 0.",
    program: "neg(sum(mul(p, log(p))))",
    points: [
      { at: { p: [0.5, 0.25] } },
      { at: { p: [0, 1] }, meant: { why: nothing, loss: 0, gradient: { p: [0, -1] } } },
      { at: { p: [1e-30, 0.5] } },
    ],
  },
  {
    name: "Divergence from a share that is 0",
    about: "Σ y ln(y/x) where y is 0.",
    program: "sum(mul(y, log(div(y, x))))",
    given: ["y"],
    points: [
      { at: { x: [0.5, 0.5], y: [0.25, 0.75] } },
      { at: { x: [0.5, 0.5], y: [0, 1] }, meant: { why: nothing, loss: Math.LN2, gradient: { x: [0, -2] } } },
    ],
  },
  {
    name: "Inverses of functions that saturate or overflow",
    about: "arsinh(sinh x), artanh(tanh x), ln(1 + (eˣ − 1)) and sinh(arsinh x), which are all x.",
    program: "add(add(asinh(sinh(x)), atanh(tanh(x))), add(log1p(expm1(x)), sinh(asinh(x))))",
    points: [{ at: { x: 0.5 } }, { at: { x: -15 } }, { at: { x: 100 } }],
  },
  {
    name: "Length by an inverse root",
    about: "x/‖x‖ as x·(Σx²)^−½.",
    program: "sum(mul(w, mul(x, rsqrt(sum(square(x))))))",
    given: ["w"],
    points: [
      { at: { x: [3, -4], w: [1, 2] } },
      {
        at: { x: [0, 0], w: [1, 2] },
        meant: { why: "a vector of 0 has no direction: 0, with gradient 0", loss: 0, gradient: { x: [0, 0] } },
      },
    ],
  },
  {
    name: "Divergence from logarithms of shares",
    about: "Σ y (ln y − q) for given logarithms q, where y is 0.",
    program: "sum(mul(y, sub(log(y), q)))",
    given: ["y"],
    points: [
      { at: { q: [-0.5, -2], y: [0.25, 0.75] } },
      { at: { q: [-0.5, -2], y: [0, 1] }, meant: { why: nothing, loss: 2, gradient: { q: [0, -1] } } },
    ],
  },
  {
    name: "Square less one",
    about: "x² − 1 next to 1.",
    program: "sum(mul(w, sub(square(x), 1)))",
    given: ["w"],
    points: [{ at: { x: [0.5], w: [1] } }, { at: { x: [0.9999999], w: [1e7] } }],
  },
  {
    name: "General robust loss",
    about: "(1 + x²)^¼ − 1 (Barron 2019), whose square overflows.",
    program: "sub(pow(add(1, square(x)), 0.25), 1)",
    points: [{ at: { x: 0.5 } }, { at: { x: -100 } }, { at: { x: 1e20 } }, { at: { x: -1e30 } }],
  },
];

/** Functions of one or two numbers. */
export const elementaryRows: readonly Row[] = [...quotients, ...likelihoods, ...lengths];
