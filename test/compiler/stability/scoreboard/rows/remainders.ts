/// What is left where two numbers cancel, products that overflow on the way, and squares less squares.
import type { Row } from "../row.ts";

/** What is left of functions, products and squares. */
export const remainderRows: readonly Row[] = [
  {
    name: "Exponential less its first terms, over a square",
    about: "(eˣ − 1 − x)/x², as exponential integrators have it.",
    program: "div(sub(sub(exp(x), 1), x), square(x))",
    points: [{ at: { x: 0.75 } }, { at: { x: -1e-3 } }, { at: { x: 1e-20 } }, { at: { x: 3 } }],
  },
  {
    name: "Logarithm over the distance from one",
    about: "ln x/(x − 1).",
    program: "div(log(x), sub(x, 1))",
    points: [{ at: { x: 2 } }, { at: { x: 1.001 } }, { at: { x: 0.9999 } }, { at: { x: 1e-10 } }],
  },
  {
    name: "Hyperbolic cosine less the sine",
    about: "cosh x − sinh x = e⁻ˣ, both ways.",
    program: "add(sub(cosh(x), sinh(x)), mul(3, sub(sinh(y), cosh(y))))",
    points: [{ at: { x: 1, y: 2 } }, { at: { x: 5, y: 6 } }],
  },
  {
    name: "One less a hyperbolic tangent",
    about: "Σw(1 − tanh x) where it vanishes.",
    program: "sum(mul(w, sub(1, tanh(x))))",
    given: ["w"],
    points: [{ at: { x: [1, -2], w: [1, 1] } }, { at: { x: [8, 9], w: [1e6, 1e6] } }],
  },
  {
    name: "Product over a sum",
    about: "ab/(a + b) of large and small numbers.",
    program: "sum(div(mul(a, b), add(a, b)))",
    points: [{ at: { a: [1, 2], b: [3, 4] } }, { at: { a: [1e25, 1e-25], b: [2e25, 2e-25] } }],
  },
  {
    name: "Geometric mean of two",
    about: "√(ab) of large and small numbers.",
    program: "sum(sqrt(mul(a, b)))",
    points: [{ at: { a: [1, -2], b: [3, -4] } }, { at: { a: [1e30, 1e-30], b: [2e30, 2e-30] } }],
  },
  {
    name: "Huber's loss as a square less a square",
    about: "½r² − ½max(|r| − 1, 0)².",
    program: "sum(sub(mul(0.5, square(r)), mul(0.5, square(relu(sub(abs(r), 1))))))",
    points: [{ at: { r: [0.5, -3] } }, { at: { r: [1e20, -1e-4] } }],
  },
  {
    name: "Variance as three terms",
    about: "E[x²] − 2μE[x] + μ².",
    program: "const m = mean(x); return add(sub(mean(square(x)), mul(2, mul(m, mean(x)))), square(m))",
    points: [{ at: { x: [1, 2, 4] } }, { at: { x: [10000.5, 10001, 10003] } }],
  },
  {
    name: "Geometric mean of three",
    about: "The product of three lengths overflows long before its third root does.",
    program: "pow(mul(mul(a, b), c), 1 / 3)",
    points: [1, 1e25, 1e-20].map((unit) => ({ at: { a: unit, b: 2 * unit, c: 0.5 * unit } })),
  },
  {
    name: "Size of a side less the hypotenuse",
    about: "|x| − √(x² + 1) for large x.",
    program: "sum(sub(abs(x), sqrt(add(square(x), 1))))",
    points: [{ at: { x: [0.5, -3] } }, { at: { x: [100, -1e4] } }, { at: { x: [1e20, -1e10] } }],
  },
  {
    name: "Side less the hypotenuse",
    about: "x − √(x² + 1) for large x.",
    program: "sum(sub(x, sqrt(add(square(x), 1))))",
    points: [{ at: { x: [0.5, -3] } }, { at: { x: [100, 1e4] } }],
  },
  {
    name: "Power of two less one, over its exponent",
    about: "(2ˣ − 1)/x near 0.",
    program: "sum(div(sub(exp2(x), 1), x))",
    points: [{ at: { x: [0.5, -3] } }, { at: { x: [1e-3, -1e-7] } }],
  },
  {
    name: "Hyperbolic sine by exponentials, over its operand",
    about: "(eˣ − e⁻ˣ)/2x is 1 near 0, where both exponentials are, and its slope x/3.",
    program: "div(sub(exp(x), exp(neg(x))), mul(2, x))",
    points: [{ at: { x: 1e-4 } }, { at: { x: 0.01 } }, { at: { x: -3 } }],
  },
  {
    name: "Operand over a hyperbolic sine by exponentials",
    about: "2x/(eˣ − e⁻ˣ) near 0.",
    program: "div(mul(2, x), sub(exp(x), exp(neg(x))))",
    points: [{ at: { x: 1e-4 } }, { at: { x: 0.5 } }, { at: { x: -3 } }],
  },
  {
    name: "Root of one and a number, less one, over the number",
    about: "(√(1 + x) − 1)/x is ½ near 0, and its slope −⅛.",
    program: "add(div(sub(sqrt(add(1, x)), 1), x), div(sub(2, sqrt(sub(4, square(x)))), square(x)))",
    points: [{ at: { x: 0.5 } }, { at: { x: 1e-4 } }, { at: { x: -1e-9 } }],
  },
];
