/// Images of intervals under functions of one number: what a function leaves of all the numbers that it may be given.
import { copyOp } from "../../ir/ops/choose.ts";
import { exp, expm1, log, log1p, relu, sigmoid, sign, softplus, sqrt, step, tanh } from "../../ir/ops/functions.ts";
import { asinh, cosh, sinh } from "../../ir/ops/hyperbolic.ts";
import { exp2, root, rsqrt } from "../../ir/ops/powers.ts";
import { unitOp } from "../../ir/ops/random.ts";
import { ceil, floor, nearestEven, round, trunc } from "../../ir/ops/rounding.ts";
import { erf, erfc } from "../../ir/ops/special.ts";
import * as reference from "../../ir/ops/special-reference.ts";
import { acos, asin, atan, atan2, cos, sin } from "../../ir/ops/trigonometric.ts";
import type { Op } from "../../ir/value.ts";

/** Every element lies in [low, high], ∞ where nothing is known. Data is taken to be finite. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Functions that grow: their values at the ends are the ends. Overflow is ∞, underflow 0, as in float32. */
const growing: readonly (readonly [Op, (x: number) => number])[] = [
  [exp.op, (x) => (x > 88.72 ? Infinity : x < -103 ? 0 : Math.exp(x))],
  [exp2.op, (x) => (x >= 128 ? Infinity : x < -149 ? 0 : 2 ** x)],
  [expm1.op, (x) => (x > 88.72 ? Infinity : Math.expm1(x))],
  [log.op, (x) => Math.log(Math.max(x, 0))],
  [log1p.op, (x) => Math.log1p(Math.max(x, -1))],
  [sqrt.op, (x) => Math.sqrt(Math.max(x, 0))],
  [root.op, (x) => Math.sqrt(Math.max(x, 0))],
  [tanh.op, Math.tanh],
  [sinh.op, Math.sinh],
  [asinh.op, Math.asinh],
  [atan.op, Math.atan],
  [erf.op, reference.erf],
  [sigmoid.op, (x) => (x < -88 ? 0 : 1 / (1 + Math.exp(-x)))],
  [softplus.op, (x) => (x > 30 ? x : Math.log1p(Math.exp(x)))],
  [relu.op, (x) => Math.max(x, 0)],
  [step.op, (x) => (x >= 0 ? 1 : 0)],
  [sign.op, Math.sign],
  [floor.op, Math.floor],
  [ceil.op, Math.ceil],
  [trunc.op, Math.trunc],
  [round.op, nearestEven],
  [copyOp, (x) => x],
];

/** Functions whose values lie in an interval, whatever they are given. */
const bounded: readonly (readonly [Op, Range])[] = [
  [sin.op, { low: -1, high: 1 }],
  [cos.op, { low: -1, high: 1 }],
  [erfc.op, { low: 0, high: 2 }],
  [cosh.op, { low: 1, high: Infinity }],
  [rsqrt.op, { low: 0, high: Infinity }],
  [unitOp, { low: 0, high: 1 - 2 ** -24 }],
  [acos.op, { low: 0, high: Math.PI }],
  [asin.op, { low: -Math.PI / 2, high: Math.PI / 2 }],
  [atan2.op, { low: -Math.PI, high: Math.PI }],
];

const images: ReadonlyMap<Op, (range: Range) => Range> = new Map([
  ...growing.map(([op, f]) => [op, ({ low, high }: Range): Range => ({ low: f(low), high: f(high) })] as const),
  ...bounded.map(([op, range]) => [op, (): Range => range] as const),
]);

/** What a function of one number makes of an interval; undefined where nothing is known of the function. */
export function imagesOf(op: Op): ((range: Range) => Range) | undefined {
  return images.get(op);
}
