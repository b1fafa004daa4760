/// Powers of two, inverse square roots and distances. On the device within 4 units in the last place.
import { div, mul, neg } from "./arithmetic.ts";
import { where } from "./choose.ts";
import { equal } from "./compare.ts";
import { binary, calls, floats, unary, type Binary, type Unary } from "./define.ts";
import { exp2Helper } from "./helpers/exponential.ts";
import { hypotenuseHelper } from "./helpers/numbers.ts";

export const exp2: Unary = unary({
  name: "exp2",
  doc: "Power of two: 2ˣ.",
  types: floats,
  partials: ({ result: y }) => [mul(y, Math.LN2)],
  ...calls(exp2Helper),
  reference: ([x]) => Math.pow(2, x),
  latex: ([x]) => `2^{${x}}`,
});

export const rsqrt: Unary = unary({
  name: "rsqrt",
  doc: "Inverse square root 1/√x: ∞ at 0, NaN below.",
  types: floats,
  partials: ({ operands: [x], result: y }) => [neg(div(y, mul(2, x)))],
  wgsl: ([x]) => `inverseSqrt(${x})`,
  reference: ([x]) => 1 / Math.sqrt(x),
  latex: ([x]) => `\\frac{1}{\\sqrt{${x}}}`,
});

export const root: Unary = unary({
  name: "root",
  doc: "Square root of what is never negative, such as a sum of squares; its gradient is 0 where it is 0.",
  types: floats,
  partials: ({ result: y }) => [where(equal(y, 0), 0, div(0.5, y))],
  wgsl: ([x]) => `sqrt(${x})`,
  reference: ([x]) => Math.sqrt(x),
  latex: ([x]) => `\\sqrt{${x}}`,
});

export const hypot: Binary<"hypot"> = binary({
  name: "hypot",
  doc: "Length √(a² + b²) without overflow; its gradient is 0 at the origin.",
  types: floats,
  partials: ({ operands: [a, b], result: y }) => [a, b].map((side) => where(equal(y, 0), 0, div(side, y))),
  ...calls(hypotenuseHelper),
  reference: ([a, b]) => Math.hypot(a, b),
  commutative: true,
  latex: ([a, b]) => `\\sqrt{{${a}}^2 + {${b}}^2}`,
});
