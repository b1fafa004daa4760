/// Whether exponentials are in a formula, at a glance: most values of a graph have none, and are not looked at further.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { cumprodOp, cumsumOp } from "../../ir/ops/cumulative.ts";
import { exp, expm1, maximum, minimum, pow, sigmoid, sqrt, tanh } from "../../ir/ops/functions.ts";
import { cosh, sinh } from "../../ir/ops/hyperbolic.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { concatenateOp, padOp } from "../../ir/ops/pad.ts";
import { exp2, rsqrt } from "../../ir/ops/powers.ts";
import { productOp } from "../../ir/ops/product.ts";
import { maxOp, minOp } from "../../ir/ops/reduce.ts";
import { sumOp } from "../../ir/ops/sum.ts";
import { remembering } from "../../ir/intern.ts";
import type { Op, Value } from "../../ir/value.ts";

const exponentialOps: ReadonlySet<Op> = new Set([exp.op, exp2.op, expm1.op, sigmoid.op, tanh.op, cosh.op, sinh.op]);
const accumulations: ReadonlySet<Op> = new Set<Op>([sumOp, productOp, cumsumOp, cumprodOp, maxOp, minOp]);
const choices: readonly Op[] = [selectOp, maximum.op, minimum.op, concatenateOp, padOp];
const elementwise: readonly Op[] = [add.op, sub.op, mul.op, div.op, neg.op, pow.op, sqrt.op, rsqrt.op];
const transparentOps: ReadonlySet<Op> = new Set([...elementwise, ...choices, ...accumulations]);

/** A positive number that is raised to a power: cᵘ is e^(u ln c). */
export function baseOf({ op, operands: [base] }: Value): number | undefined {
  const number = op === pow.op ? constantValue(base) : undefined;
  return number !== undefined && number > 0 && number !== 1 && Number.isFinite(number) ? number : undefined;
}

/** True when exponentials may be in a formula: a look that costs little. */
export const mentionsExponential = remembering((value: Value): boolean => {
  const pending = [value];
  const seen = new Set<Value>();
  for (let each = pending.pop(); each && seen.size < 100; each = pending.pop()) {
    if (seen.has(each)) continue;
    seen.add(each);
    if (exponentialOps.has(each.op) || (each.op === pow.op && baseOf(each) !== undefined)) return true;
    if (!transparentOps.has(each.op) && each.op.kind !== "layout") continue;
    for (let i = 0; i < each.operands.length; i++) pending.push(each.operands[i]);
  }
  return false;
});

/** True where a factor or summand is no exponential, seen at a glance: then the whole is none. */
export function hasPlainPart(value: Value, depth = 6): boolean {
  // A sum is exponential by what is left of its elements when conditions are taken out.
  if (value.constant || exponentialOps.has(value.op) || accumulations.has(value.op)) return false;
  if (!transparentOps.has(value.op) && value.op.kind !== "layout") return true;
  const parts = value.op === pow.op ? value.operands.slice(0, 1) : value.operands;
  return depth > 0 && parts.some((part) => hasPlainPart(part, depth - 1));
}
