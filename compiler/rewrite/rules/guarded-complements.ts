/// 1 − x under a guard, or of an average: a logarithm, a root or a quotient shows the digits that a difference from 1 has
/// lost.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { exp, expm1, log, log1p, maximum, minimum } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { sumOp } from "../../../ir/ops/sum.ts";
import { remembering } from "../../../ir/intern.ts";
import { apply, type Op, type Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { mapped, reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { besideMost, leftOfOne, leftOfParts } from "./left-of-one.ts";

/** Guards, and choices between p and 1 − p. */
const guards: readonly Op[] = [maximum.op, minimum.op, selectOp];

/** These, and what weighs or adds them. */
const passed: ReadonlySet<Op> = new Set<Op>([...guards, add.op, mul.op, neg.op, sumOp]);

/** Conditions ask about the number that they choose; of a small number and −(eᵘ − 1) a difference is left. */
const isPassed = ({ op, operands, type }: Value): boolean =>
  passed.has(op) || op.kind === "layout" || type.dtype === "bool" || (op === sub.op && operands[0].constant === true);

/** So many values are in what people write. */
const mostValues = 100;

/** x of 1 − x, where an exponential is in it. */
function complemented({ op, operands: [one, x] }: Value): Value | undefined {
  return op === sub.op && constantValue(one) === 1 && mentionsExponential(x) ? x : undefined;
}

/** True where there may be such a difference: a look that costs little. */
const mentionsComplement = remembering((value: Value): boolean => {
  const pending = [value];
  const seen = new Set(pending);
  for (let each = pending.pop(); each && seen.size < mostValues; each = pending.pop()) {
    if (each.op === expm1.op || complemented(each)) return true;
    if (each.constant || !isPassed(each)) continue;
    for (const operand of each.operands) {
      if (!seen.has(operand)) pending.push(operand);
      seen.add(operand);
    }
  }
  return false;
});

/** Writes all such differences in a value; a value without them stays itself. */
function makeWriter(facts: Surroundings): (value: Value) => Value {
  const known = new Map<Value, Value>();
  const write = (value: Value): Value => {
    if (!mentionsComplement(value)) return value;
    const found = known.get(value) ?? written(value);
    known.set(value, found);
    return found;
  };
  const written = (value: Value): Value => {
    const x = complemented(value);
    if (x) return leftOfOne(x, facts) ?? value;
    if (value.op === expm1.op) return mapped(leftOfOne(exp(value.operands[0]), facts), neg) ?? value;
    const operands = value.operands.map(write);
    return operands.every((operand, i) => operand === value.operands[i])
      ? value
      : apply(value.op, operands, value.attrs);
  };
  return write;
}

/** What is guarded is the divisor of a quotient, and the operand of everything else. */
function complementUnderGuard(value: Value, facts: Surroundings): Value | undefined {
  const at = value.op === div.op ? 1 : 0;
  const operand = value.operands[at];
  if (!mentionsComplement(operand)) return undefined;
  // The root of a sum is that of squares, which an optimizer keeps: what is in them is small beside the rest, or known.
  const summands = operand.op === add.op ? operand.operands : [operand];
  if (value.op.name === "sqrt" && !summands.every((each) => each.constant || guards.includes(each.op)))
    return undefined;
  const x = complemented(operand);
  // A bare difference from one exponential is for the rules that need no guard: quotients of two have forms of their own.
  if (x && value.op === log.op) return undefined;
  const written = x && !leftOfParts(x, facts) ? operand : makeWriter(facts)(operand);
  return written === operand ? undefined : apply(value.op, value.operands.with(at, written), value.attrs);
}

/** ln(1 − x) of what is put together from sigmoids and shares. */
function logOfLeft({ op, operands: [argument] }: Value, facts: Surroundings): Value | undefined {
  const [a, b] = argument.operands;
  const isDifference = argument.op === sub.op && constantValue(a) === 1;
  const x = op === log.op ? (isDifference ? b : undefined) : argument.op === neg.op ? a : undefined;
  const left = x?.type.dtype === "f32" ? leftOfParts(x, facts) : undefined;
  return x && left && besideMost(x, log(left), (small) => log1p(neg(small)));
}

/** After the rules for what is one exponential, such as σ(u) or a share. */
export const guardedComplementRules: readonly Rule[] = [
  rule(
    "complement under a guard",
    "stabilizes",
    "log(maximum(1 - sigmoid(x), c)) = log(maximum(sigmoid(-x), c))",
    ["log", "div", "sqrt"],
    complementUnderGuard,
  ),
  rule(
    "log of what a mean leaves of one",
    "stabilizes",
    "log(1 - sum(p * y)) = log(sum(p * (1 - y)))",
    ["log", "log1p"],
    logOfLeft,
    reads(sub.op, neg.op),
  ),
];
