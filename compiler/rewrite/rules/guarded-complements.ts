/// 1 − x under a guard, or of an average: a logarithm, a root or a quotient shows the digits that a difference from 1 has
/// lost.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { exp, expm1, log, log1p, maximum, minimum, sigmoid, tanh } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { sumOp } from "../../../ir/ops/sum.ts";
import { makeFacts, remembering } from "../../../ir/intern.ts";
import { withOperands, type Op, type Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { addLinear, linearOf } from "../linear.ts";
import { mapped, reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { writeGap } from "../sum-of-exponentials.ts";
import { besideMost, leftOfOne, leftOfParts } from "./left-of-one.ts";

/** Guards, and choices between p and 1 − p. */
const guards: readonly Op[] = [maximum.op, minimum.op, selectOp];

/** These, and what weighs or adds them. */
const passed: ReadonlySet<Op> = new Set<Op>([...guards, add.op, mul.op, neg.op, sumOp]);

/** Conditions ask about the number that they choose; of a small number and −(eᵘ − 1) a difference is left. */
const isPassed = ({ op, operands, type }: Value): boolean =>
  passed.has(op) ||
  op.kind === "layout" ||
  type.dtype === "bool" ||
  (op === sub.op && operands[0].constant === true) ||
  (op === div.op && operands[1].constant === true);

/** So many values are in what people write. */
const mostValues = 100;

/** x of 1 − x, where an exponential is in it. */
function complemented({ op, operands: [one, x] }: Value): Value | undefined {
  return op === sub.op && constantValue(one) === 1 && mentionsExponential(x) ? x : undefined;
}

/** 1 − eᵘ of 1 + (eᵘ − 1), by which 1 − (1 − eᵘ) is written. */
function negatedIn({ op, operands }: Value): Value | undefined {
  const at = op === add.op ? operands.findIndex((side) => side.op === expm1.op) : -1;
  return at >= 0 && constantValue(operands[1 - at]) === 1 ? neg(operands[at]) : undefined;
}

/** σ(a) − σ(b). */
const isBetweenSigmoids = ({ op, operands }: Value): boolean =>
  op === sub.op && operands.every((operand) => operand.op === sigmoid.op);

/** σ(a) − σ(b) = tanh((a − b)/2)·(σ(a)·σ(−b) + σ(b)·σ(−a)): of any sign, and nothing overflows. */
function betweenSigmoids({ type, operands }: Value): Value {
  const [a, b] = operands.map(({ operands: [u] }) => u);
  const product = (u: Value, v: Value): Value => mul(sigmoid(u), sigmoid(neg(v)));
  const gap = writeGap(addLinear(linearOf(a), linearOf(b), -1), type);
  return mul(tanh(mul(0.5, gap) as Value), add(product(a, b), product(b, a)));
}

/** True where one of some values may be in a formula: a look that costs little. */
const looksFor = (isWanted: (value: Value) => boolean): ((value: Value) => boolean) =>
  remembering((value: Value): boolean => {
    const pending = [value];
    const seen = new Set(pending);
    for (let each = pending.pop(); each && seen.size < mostValues; each = pending.pop()) {
      if (isWanted(each)) return true;
      if (each.constant || !isPassed(each)) continue;
      for (const operand of each.operands) {
        if (!seen.has(operand)) pending.push(operand);
        seen.add(operand);
      }
    }
    return false;
  });

const mentionsComplement = looksFor((value) => value.op === expm1.op || complemented(value) !== undefined);
const mentionsBetween = looksFor(isBetweenSigmoids);

/** The value with parts of it written otherwise; what has none of them stays itself. */
function withParts(
  value: Value,
  mentions: (value: Value) => boolean,
  partOf: (value: Value) => Value | undefined,
  known = new Map<Value, Value>(),
): Value {
  if (!mentions(value)) return value;
  const found = known.get(value) ?? partOf(value) ?? withOperandsOf(value);
  known.set(value, found);
  return found;

  function withOperandsOf(whole: Value): Value {
    const operands = whole.operands.map((operand) => withParts(operand, mentions, partOf, known));
    return isPassed(whole) ? withOperands(whole, operands) : whole;
  }
}

/** 1 − x, or eᵘ − 1, by what is left. */
function writtenComplement(value: Value, facts: Surroundings): Value | undefined {
  const x = complemented(value);
  if (x) return leftOfOne(x, facts) ?? value;
  return value.op === expm1.op ? (mapped(leftOfOne(exp(value.operands[0]), facts), neg) ?? value) : undefined;
}

/** What `withComplements` has found that follows from a value alone: an optimizer divides each mean by the same number. */
const known = makeFacts<Value, Value>();

/** A value with its complements written by what is left. */
function withComplements(value: Value, facts: Surroundings): Value {
  const found = known.get(value);
  if (found) return found;
  let isAsked = false;
  const heard =
    <Answer>(answer: (of: Value) => Answer) =>
    (of: Value): Answer => {
      isAsked = true;
      return answer(of);
    };
  const asking = { ...facts, uses: heard(facts.uses), classes: heard(facts.classes) };
  const written = withParts(value, mentionsComplement, (part) => writtenComplement(part, asking));
  if (!isAsked) known.set(value, written);
  return written;
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
  const x = complemented(operand) ?? negatedIn(operand);
  // A bare difference from one exponential is for the rules that need no guard: quotients of two have forms of their own.
  if (x && (value.op === log.op || !leftOfParts(x, facts))) return undefined;
  const written = withComplements(operand, facts);
  return written === operand ? undefined : withOperands(value, value.operands.with(at, written));
}

/** ln of differences of sigmoids, added up; that of one has a form of its own. */
function logOfDifferences(value: Value): Value | undefined {
  const [operand] = value.operands;
  if (operand.op === sub.op || !mentionsBetween(operand)) return undefined;
  const isBetween = (part: Value): Value | undefined => (isBetweenSigmoids(part) ? betweenSigmoids(part) : undefined);
  return log(withParts(operand, mentionsBetween, isBetween));
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
  rule(
    "log of differences of sigmoids",
    "stabilizes",
    "log(sum(sigmoid(a) - sigmoid(b))) = log(sum(tanh((a - b) / 2) * (sigmoid(a) * sigmoid(-b) + sigmoid(b) * sigmoid(-a))))",
    ["log"],
    logOfDifferences,
  ),
];
