/// What identities are made of.
import { abs, exp, expm1, log, log1p, maximum, minimum, pow, relu } from "../../ir/ops/functions.ts";
import { sigmoid, sign, softplus, sqrt, step, tanh } from "../../ir/ops/functions.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../ir/ops/choose.ts";
import { and, equal, greater, greaterEqual, less, lessEqual, not, notEqual, or } from "../../ir/ops/compare.ts";
import { reshapeOp, transposeOp } from "../../ir/ops/layout.ts";
import { logsumexpOp, maxOp } from "../../ir/ops/reduce.ts";
import { broadcastOp, sumOp } from "../../ir/ops/sum.ts";
import type { ElementwiseOp, LayoutOp, ReductionOp } from "../../ir/value.ts";

/** Ops that identities can mention. */
export type PatternOp = ElementwiseOp | LayoutOp | ReductionOp;

/** A side of an identity. */
export type Pattern =
  | { readonly tag: "variable"; readonly name: string }
  | { readonly tag: "number"; readonly value: number }
  | Application;

/** An op on patterns; `attrs` names the variable that stands for its attributes. */
export interface Application {
  readonly tag: "apply";
  readonly op: PatternOp;
  readonly attrs: string | undefined;
  readonly operands: readonly Pattern[];
}

/** The op that a name in an identity means. */
export function patternOp(name: string): PatternOp | undefined {
  return patternOps.find((op) => op.name === name);
}

const elementwise = [
  abs,
  exp,
  expm1,
  log,
  log1p,
  maximum,
  minimum,
  pow,
  relu,
  sigmoid,
  sign,
  softplus,
  sqrt,
  step,
  tanh,
];
const arithmetic = [add, div, mul, neg, sub];
const logic = [and, equal, greater, greaterEqual, less, lessEqual, not, notEqual, or];
const patternOps: readonly PatternOp[] = [
  ...[...elementwise, ...arithmetic, ...logic].map((operator) => operator.op),
  ...[castOp, selectOp, reshapeOp, transposeOp, broadcastOp, sumOp, logsumexpOp, maxOp],
];
