/// 1 − σ(u) under a guard: a logarithm, a root or a quotient shows the digits that a difference from 1 has lost.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { exp, maximum, minimum } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { sumOp } from "../../../ir/ops/sum.ts";
import { apply, type Op, type Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf } from "../exponential.ts";
import { isExponential, writeMonomial } from "../monomial.ts";
import { rule, type Rule } from "../rule.ts";

/** Guards, and choices between p and 1 − p. */
const guards: readonly Op[] = [maximum.op, minimum.op, selectOp];

/** These, and what weighs or adds them. */
const passed: readonly Op[] = [...guards, add.op, mul.op, neg.op, sumOp];

/** As deep as people would write it. */
const deepest = 8;

/** 1 − σ(u) as σ(−u); a difference that is no such thing is left, as an exponential of two logarithms would lose more. */
function writtenComplement(value: Value): Value | undefined {
  const [one] = value.operands;
  if (value.op !== sub.op || constantValue(one) !== 1) return undefined;
  const monomial = monomialOf(value);
  const written = isExponential(monomial) ? writeMonomial(monomial, value.type) : undefined;
  return written?.op === exp.op ? undefined : written;
}

/** The value with all such complements written; itself where there are none. */
function withComplements(value: Value, depth = deepest): Value {
  if (depth === 0 || value.constant) return value;
  // Conditions ask about the number that they choose.
  const isPassed = passed.includes(value.op) || value.op.kind === "layout" || value.type.dtype === "bool";
  if (!isPassed) return (mentionsExponential(value) && writtenComplement(value)) || value;
  const operands = value.operands.map((operand) => withComplements(operand, depth - 1));
  return operands.every((operand, i) => operand === value.operands[i]) ? value : apply(value.op, operands, value.attrs);
}

/** What is guarded is the divisor of a quotient, and the operand of everything else. */
function complementUnderGuard(value: Value): Value | undefined {
  const at = value.op === div.op ? 1 : 0;
  const operand = value.operands[at];
  // The root of a sum is that of squares, which an optimizer keeps: what is in them is small beside the rest, or known.
  const summands = operand.op === add.op ? operand.operands : [operand];
  if (value.op.name === "sqrt" && !summands.every((each) => each.constant || guards.includes(each.op)))
    return undefined;
  // A bare difference is for the rules that need no guard: quotients of two of them have forms of their own.
  if (operand.op === sub.op || !mentionsExponential(operand)) return undefined;
  const written = withComplements(operand);
  return written === operand ? undefined : apply(value.op, value.operands.with(at, written), value.attrs);
}

/** After the rules that need no guard. */
export const guardedComplementRules: readonly Rule[] = [
  rule(
    "complement under a guard",
    "stabilizes",
    "log(maximum(1 - sigmoid(x), c)) = log(maximum(sigmoid(-x), c))",
    ["log", "log1p", "div", "sqrt"],
    complementUnderGuard,
  ),
];
