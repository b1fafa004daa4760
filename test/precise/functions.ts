/// What every elementwise op means over the reals, by name: formulas of their own, not those of the ops.
import { Decimal } from "decimal.js";
import { unknown, type Arithmetic, type DecimalFunction, type Digits, type Precise } from "./number.ts";
import * as special from "./special.ts";
import * as tails from "./tails.ts";

/** An op on numbers of many digits. */
export type PreciseFunction = (arithmetic: Arithmetic, operands: readonly Precise[]) => Precise;

const never = (): boolean => false;
const atZero = (...x: readonly Decimal[]): boolean => x.every((each) => each.isZero());
const atOne = (x: Decimal): boolean => x.eq(1);

/** A continuous function of one number, exact at the operands that are named. */
function smooth(f: DecimalFunction, exactAt: (...x: readonly Decimal[]) => boolean = atZero): PreciseFunction {
  return (arithmetic, operands) => {
    const result = arithmetic.image(f, operands, exactAt);
    const [x] = operands;
    // A finite operand and an exponent too large: no pole, but no number either.
    const tooLarge = x.value.isFinite() && !result.value.isFinite() && x.value.e >= 15;
    return tooLarge && !result.value.isNaN() ? { ...result, error: Infinity } : result;
  };
}

/** e to a power whose exponent can be written down, else nothing is known. */
const exponential = (f: DecimalFunction): PreciseFunction => smooth(f, (x) => x.isZero() || !x.isFinite());

function comparison(holds: (order: number) => boolean): PreciseFunction {
  return (arithmetic, [a, b]) => arithmetic.decide(arithmetic.compare(a, b), holds);
}

function jump(f: (x: Decimal) => Decimal): PreciseFunction {
  return ({ jump: at }, [x]) => at(f, x);
}

function logic(f: (...x: readonly boolean[]) => boolean): PreciseFunction {
  return (arithmetic, operands) =>
    operands.some(({ error }) => error === Infinity)
      ? unknown(arithmetic)
      : arithmetic.truth(f(...operands.map(({ value }) => !value.isZero())));
}

/** The larger (or smaller) operand itself; where both agree to all digits, either. */
function extreme(sign: 1 | -1): PreciseFunction {
  return (arithmetic, [a, b]) => {
    const order = arithmetic.compare(a, b);
    if (order !== undefined && Number.isNaN(order)) return a.value.isNaN() ? a : b;
    if (order === 0 && a.value.isZero()) return sign > 0 === a.value.isNegative() ? b : a;
    if (order !== undefined) return order * sign >= 0 ? a : b;
    if (a.error === Infinity || b.error === Infinity) return unknown(arithmetic);
    if (a.value.eq(b.value) && a.error === b.error) return a;
    return { value: a.value.cmp(b.value) * sign >= 0 ? a.value : b.value, error: Math.max(a.error, b.error) };
  };
}

const maximum = extreme(1);
const minimum = extreme(-1);

const abs: PreciseFunction = ({ neg }, [x]) => (x.value.isNegative() && !x.value.isNaN() ? neg(x) : x);

/** Sign, with jumps at 0 alone. */
const sign: PreciseFunction = (arithmetic, [x]) => {
  if (x.value.isZero() && x.error === -Infinity) return x;
  const order = arithmetic.compare(x, arithmetic.number(0));
  return order === undefined ? unknown(arithmetic) : arithmetic.number(order);
};

const step: PreciseFunction = (arithmetic, [x]) =>
  arithmetic.decide(arithmetic.compare(x, arithmetic.number(0)), (order) => order >= 0);

const select: PreciseFunction = (arithmetic, [condition, a, b]) => {
  if (condition.error === Infinity) return a === b ? a : unknown(arithmetic);
  return condition.value.isZero() ? b : a;
};

/** As in C: 1 to any power is 1; a negative base takes whole exponents. */
const power: PreciseFunction = (arithmetic, [a, b]) => {
  const isOne = a.error === -Infinity && (a.value.eq(1) || (a.value.eq(-1) && b.value.abs().eq(Infinity)));
  if (isOne) return arithmetic.number(1);
  const whole = b.error === -Infinity && b.value.isFinite() && b.value.isInteger();
  if (whole && b.value.abs().lte(64)) return wholePower(arithmetic, a, b.value.toNumber());
  return smooth(
    (digits, x, y) => realPower(digits, x, y),
    (x, y) => y.isZero() || x.isZero() || x.eq(1) || !x.isFinite() || !y.isFinite(),
  )(arithmetic, [a, b]);
};

/** e^(y·ln x), with the corner cases of a power. */
function realPower({ wide, exp, digits, D }: Digits, x: Decimal, y: Decimal): Decimal {
  const isPlain = x.isFinite() && y.isFinite() && x.isPositive() && !x.isZero() && !y.isZero();
  if (!isPlain || digits < 200) return x.pow(y);
  const room = wide(30);
  return new D(exp(new room.D(y).times(room.ln(x)))).plus(0);
}

function wholePower(arithmetic: Arithmetic, base: Precise, exponent: number): Precise {
  const { number, mul, div } = arithmetic;
  let result = number(1);
  for (let i = 0; i < Math.abs(exponent); i++) result = mul(result, base);
  return exponent < 0 ? div(number(1), result) : result;
}

const squareRoot = smooth(
  // A number that is 0 within its error may lie below it.
  (_, x) => (x.isNegative() && x.e < -40 ? x.times(0) : x.sqrt()),
  (x) => !x.isFinite() || x.isZero() || x.sqrt().pow(2).eq(x),
);

const halfToEven = (x: Decimal): Decimal => x.toDecimalPlaces(0, Decimal.ROUND_HALF_EVEN);

/** a − b·⌊a/b⌋ and a − b·trunc(a/b); `far` is the result for b = ±∞. */
function remainder(whole: (x: Decimal) => Decimal, far: (a: Precise, b: Precise) => Precise): PreciseFunction {
  return (arithmetic, [a, b]) => {
    const { sub, mul, div } = arithmetic;
    if (a.value.isFinite() && !b.value.isFinite() && !b.value.isNaN()) return far(a, b);
    return sub(a, mul(b, arithmetic.jump(whole, div(a, b))));
  };
}

/** Op name → the function. */
export const preciseFunctions: Readonly<Record<string, PreciseFunction>> = {
  add: ({ add }, [a, b]) => add(a, b),
  sub: ({ sub }, [a, b]) => sub(a, b),
  mul: ({ mul }, [a, b]) => mul(a, b),
  div: ({ div }, [a, b]) => div(a, b),
  neg: ({ neg }, [x]) => neg(x),
  copy: (_, [x]) => x,
  stopGradient: (_, [x]) => x,
  exp: exponential(({ exp }, x) => exp(x)),
  expm1: exponential(special.expm1),
  log: smooth(
    ({ ln }, x) => ln(x),
    (x) => atOne(x) || x.isZero() || !x.isFinite(),
  ),
  log1p: smooth(special.log1p, (x) => x.isZero() || x.eq(-1)),
  sqrt: squareRoot,
  root: squareRoot,
  exp2: exponential(({ exp, D, ln }, x) => exp(x.times(ln(new D(2))))),
  hypot: (arithmetic, [a, b]) => {
    const [x, y] = [abs(arithmetic, [a]), abs(arithmetic, [b])];
    if (!x.value.isFinite() || !y.value.isFinite()) return x.value.isFinite() || y.value.eq(Infinity) ? y : x;
    return squareRoot(arithmetic, [arithmetic.add(arithmetic.mul(x, x), arithmetic.mul(y, y))]);
  },
  rsqrt: (arithmetic, [x]) => arithmetic.div(arithmetic.number(1), squareRoot(arithmetic, [x])),
  cbrt: smooth((_, x) => x.cbrt()),
  logaddexp: (arithmetic, [a, b]) => {
    const most = maximum(arithmetic, [a, b]);
    if (!most.value.isFinite()) return most;
    const apart = abs(arithmetic, [arithmetic.sub(a, b)]);
    return arithmetic.add(most, preciseFunctions.softplus(arithmetic, [arithmetic.neg(apart)]));
  },
  log1mexp: smooth((digits, x) => digits.ln(special.expm1(digits, x).neg())),
  tanh: smooth(special.tanh, (x) => x.isZero() || !x.isFinite()),
  sinh: exponential(special.sinh),
  cosh: exponential(special.cosh),
  asinh: smooth(special.asinh),
  acosh: smooth(special.acosh, atOne),
  atanh: smooth(special.atanh),
  sin: smooth((_, x) => x.sin()),
  cos: smooth((_, x) => x.cos()),
  tan: smooth((_, x) => x.tan()),
  asin: smooth((_, x) => x.asin()),
  acos: smooth((_, x) => x.acos(), atOne),
  atan: smooth((_, x) => x.atan()),
  atan2: smooth(special.atan2, (y, x) => y.isZero() && x.isPositive() && !x.isZero()),
  sigmoid: smooth(special.sigmoid, (x) => x.isZero() || !x.isFinite()),
  softplus: smooth(special.softplus, (x) => !x.isFinite()),
  erf: smooth(special.erf, (x) => x.isZero() || !x.isFinite()),
  erfc: smooth(special.erfc, (x) => x.isZero() || !x.isFinite()),
  erfcx: exponential(tails.erfcx),
  logerfc: smooth(tails.logerfc, (x) => x.isZero() || x.eq(Infinity)),
  erfinv: smooth(special.erfinv, (x) => x.isZero() || x.abs().eq(1)),
  lgamma: smooth(special.lgamma, (x) => x.eq(1) || x.eq(2)),
  digamma: smooth(special.digamma, never),
  polygamma: (arithmetic, [order, x]) =>
    smooth((digits, each) => special.polygamma(digits, order.value.toNumber(), each), never)(arithmetic, [x]),
  relu: (arithmetic, [x]) => (x.value.isNaN() ? x : maximum(arithmetic, [x, arithmetic.number(0)])),
  pow: power,
  maximum,
  minimum,
  abs,
  sign,
  step,
  select,
  floor: jump((x) => x.floor()),
  ceil: jump((x) => x.ceil()),
  trunc: jump((x) => x.trunc()),
  // Its jumps lie half-way: at ⌊2x⌋ odd.
  round: (arithmetic, [x]) => (x.error === -Infinity ? { ...x, value: halfToEven(x.value) } : unknown(arithmetic)),
  fmod: remainder(
    (x) => x.trunc(),
    (a) => a,
  ),
  remainder: remainder(
    (x) => x.floor(),
    (a, b) => (a.value.isZero() || a.value.isNegative() === b.value.isNegative() ? a : b),
  ),
  equal: comparison((order) => order === 0),
  notEqual: comparison((order) => order !== 0),
  less: comparison((order) => order < 0),
  lessEqual: comparison((order) => order <= 0),
  greater: comparison((order) => order > 0),
  greaterEqual: comparison((order) => order >= 0),
  isNaN: (arithmetic, [x]) => (x.error === Infinity ? unknown(arithmetic) : arithmetic.truth(x.value.isNaN())),
  isInfinite: (arithmetic, [x]) =>
    x.error === Infinity ? unknown(arithmetic) : arithmetic.truth(!x.value.isFinite() && !x.value.isNaN()),
  copysign: (arithmetic, [a, b]) => {
    const size = abs(arithmetic, [a]);
    return b.value.isNegative() ? arithmetic.neg(size) : size;
  },
  isFinite: (arithmetic, [x]) => (x.error === Infinity ? unknown(arithmetic) : arithmetic.truth(x.value.isFinite())),
  and: logic((a, b) => a && b),
  or: logic((a, b) => a || b),
  xor: logic((a, b) => a !== b),
  not: logic((a) => !a),
};

/** Conversion of element types: to integers towards 0, to truth values anything but 0. */
export function preciseCast(arithmetic: Arithmetic, x: Precise, to: string): Precise {
  if (to === "f32") return x;
  if (to === "bool") {
    return arithmetic.decide(arithmetic.compare(x, arithmetic.number(0)), (order) => order !== 0);
  }
  return arithmetic.jump((each) => each.trunc(), x);
}
