/// What the table-driven suite must know of each elementwise op beside the op itself: where its derivatives are smooth,
/// and how near the device must come. An op without a row fails the suite.

/** An interval from which points are drawn. */
export type Interval = readonly [number, number];

/** One op. */
export interface Row {
  /** For each operand, intervals without a kink or pole in any of them. One entry per operand, so the length is the arity. */
  readonly smooth: readonly (readonly Interval[])[];
  /** Largest relative error of the device, in units of 2⁻²⁴; 0 for ops that must be exact. */
  readonly units: number;
  /** Error allowed where terms of this size cancel, in the same units. */
  readonly terms?: (...operands: readonly number[]) => number;
  /** Operands that an argument must be one of, for example whole orders. */
  readonly only?: readonly (readonly number[] | undefined)[];
  /** Points beside the common ones, operand by operand. */
  readonly points?: readonly (readonly number[])[];
}

const line: readonly Interval[] = [
  [-3, -0.1],
  [0.1, 3],
];
const right: readonly Interval[] = [[0.2, 4]];
const unit: readonly Interval[] = [[-0.9, 0.9]];
const none: readonly Interval[] = [];

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

const unary = (units: number, smooth = line): Row => ({ smooth: [smooth], units });
const binary = (units: number, a = line, b = line): Row => ({ smooth: [a, b], units });
const steps: Row = {
  smooth: [
    [
      [0.1, 0.4],
      [1.6, 1.9],
      [-0.4, -0.1],
    ],
  ],
  units: 0,
};

/** Rows by the name of the op. */
export const rows: Readonly<Record<string, Row>> = {
  neg: unary(0),
  add: binary(1),
  sub: binary(1),
  mul: binary(1),
  div: binary(5),
  equal: binary(0, none, none),
  notEqual: binary(0, none, none),
  less: binary(0, none, none),
  lessEqual: binary(0, none, none),
  greater: binary(0, none, none),
  greaterEqual: binary(0, none, none),
  and: binary(0, none, none),
  or: binary(0, none, none),
  xor: binary(0, none, none),
  not: unary(0, none),
  select: { smooth: [none, line, line], units: 0 },
  cast: unary(1),
  copy: unary(0),
  stopGradient: { smooth: [none], units: 0 },
  exp: unary(5),
  exp2: unary(5),
  expm1: unary(8),
  log: unary(4, right),
  log1p: unary(6, [
    [-0.8, -0.05],
    [0.05, 4],
  ]),
  sqrt: unary(5, right),
  rsqrt: unary(5, right),
  root: unary(5, right),
  tanh: unary(6),
  sigmoid: unary(8),
  softplus: unary(8),
  logaddexp: { ...binary(8), terms: (a, b) => Math.abs(Math.max(a, b)) },
  log1mexp: unary(10, [[-3, -0.1]]),
  relu: unary(0),
  step: unary(0),
  abs: unary(0),
  sign: unary(0),
  maximum: binary(0, [[1, 2]], [[-1, 0.5]]),
  minimum: binary(0, [[1, 2]], [[-1, 0.5]]),
  pow: binary(6, right, line),
  hypot: {
    ...binary(6),
    points: [
      [1.2e-18, 1e18],
      [9.9e-20, 3.3e18],
    ],
  },
  sin: { ...unary(6), points: [[355, 103993, 1e6, 3.3e7, 6.0e9, 1.2e25, 7.5e36, 16367173 * 2 ** 72]] },
  cos: { ...unary(6), points: [[355, 103993, 1e6, 3.3e7, 6.0e9, 1.2e25, 7.5e36, 16367173 * 2 ** 72]] },
  tan: { ...unary(8, [[-1.2, 1.2]]), points: [[355, 103993, 1e6, 3.3e7, 6.0e9, 1.2e25, 7.5e36, 16367173 * 2 ** 72]] },
  asin: unary(6, unit),
  acos: unary(6, unit),
  atan: unary(6),
  atan2: {
    ...binary(6),
    points: [
      [1.74e-19, 1e30],
      [2.39e18, 3e38],
    ],
  },
  sinh: unary(10),
  cosh: unary(10),
  asinh: unary(8),
  acosh: unary(8, [[1.2, 4]]),
  atanh: unary(8, unit),
  erf: unary(6),
  erfc: unary(12),
  erfcx: unary(16, [[-3, 3]]),
  logerfc: unary(10),
  erfinv: unary(12, unit),
  lgamma: {
    smooth: [
      [
        [0.3, 5],
        [-0.8, -0.2],
        [-2.8, -2.2],
      ],
    ],
    units: 12,
    terms: (x) => (x < 0 ? Math.abs(x * Math.log(-x)) + 5 : 0),
  },
  digamma: {
    smooth: [
      [
        [0.3, 5],
        [-0.8, -0.2],
        [-2.8, -2.2],
      ],
    ],
    units: 12,
    // Next to the zero, and between the branches.
    points: [[1.4616321, 1.4616322, 1.4616342, 1.4, 2, 6]],
    terms: (x) => (x < 0 ? 5 + Math.log(1 - x) : 0),
  },
  polygamma: {
    smooth: [
      none,
      [
        [0.5, 5],
        [-0.8, -0.2],
        [-2.8, -2.2],
      ],
    ],
    units: 16,
    // The powers are subnormal before they are multiplied with order!.
    terms: (order, x) => {
      if (x < 0) return order > 0 ? 20 ** order : 5 + Math.log(1 - x);
      return (factorial(order) * 2 ** -126) / (16 * 2 ** -24);
    },
    only: [[0, 1, 2, 3, 5, 8]],
  },
  floor: steps,
  ceil: steps,
  trunc: steps,
  round: steps,
  fmod: {
    ...binary(0, [[4.2, 5.8]], [[2.1, 2.9]]),
    points: [
      [1e30, 5.5, -7],
      [3, -3, 0.1],
    ],
  },
  remainder: {
    ...binary(
      1,
      [
        [4.2, 5.8],
        [-5.8, -4.2],
      ],
      [[2.1, 2.9]],
    ),
    points: [
      [1e30, 5.5, -7],
      [3, -3, 0.1],
    ],
  },
  quotient: binary(0, none, none),
  bitAnd: binary(0, none, none),
  bitOr: binary(0, none, none),
  bitXor: binary(0, none, none),
  bitNot: unary(0, none),
  shiftLeft: binary(0, none, none),
  shiftRight: binary(0, none, none),
  bitcast: unary(0, none),
  isNaN: { smooth: [none], units: 0 },
  isFinite: { smooth: [none], units: 0 },
  isInfinite: { smooth: [none], units: 0 },
  copysign: binary(0),
  threefry0: { smooth: [none, none, none, none], units: 0 },
  threefry1: { smooth: [none, none, none, none], units: 0 },
  unit: { smooth: [none], units: 0 },
};
