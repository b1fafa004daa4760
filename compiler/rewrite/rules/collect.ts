/// Multiply out, collect, factor: kept where it is cheaper. −(y·(1 − s)) + (1 − y)·s becomes s − y.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { factored } from "../factor.ts";
import { expand, isArithmetic, type Polynomial } from "../polynomial.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";

/** Arithmetic in its cheapest collected form. */
export const collectRule: Rule = rule(
  "sum of products collected",
  "assumes-finite",
  "(1 - y) * s - y * (1 - s) = s - y",
  [add, sub, mul, div, neg].map((operator) => operator.op.name),
  collect,
);

function collect(value: Value, surroundings: Surroundings): Value | undefined {
  const polynomial = isArithmetic(value) ? expand(value) : undefined;
  const better = polynomial && factored(polynomial, value.type);
  if (!better) return undefined;
  const { freed, kept } = partition(polynomial, surroundings);
  const before = [...freed].reduce((total, each) => total + cost(each), 0);
  const known = new Set([...kept, ...leavesOf(polynomial)]);
  const after = newValues(better, known).reduce((total, each) => total + cost(each), 0);
  return after < before ? better : undefined;
}

/** Which arithmetic values nothing would read any more if the root were replaced, and which others read as well. */
function partition({ inner }: Polynomial, { uses }: Surroundings): { freed: Set<Value>; kept: Set<Value> } {
  const members = new Set(inner);
  const order = postorder([inner[0]])
    .filter((value) => members.has(value))
    .toReversed();
  const freed = new Set<Value>();
  const reads = new Map<Value, number>();
  for (const value of order) {
    if (value !== inner[0] && (reads.get(value) ?? 0) < uses(value)) continue;
    freed.add(value);
    for (const operand of new Set(value.operands)) reads.set(operand, (reads.get(operand) ?? 0) + 1);
  }
  return { freed, kept: new Set(inner.filter((value) => !freed.has(value))) };
}

function leavesOf({ inner }: Polynomial): readonly Value[] {
  const members = new Set(inner);
  return inner.flatMap((value) => value.operands).filter((operand) => !members.has(operand));
}

function newValues(root: Value, known: ReadonlySet<Value>): readonly Value[] {
  const found = new Set<Value>();
  const pending = [root];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (known.has(value) || found.has(value)) continue;
    found.add(value);
    pending.push(...value.operands);
  }
  return [...found];
}

/** Relative costs on a GPU: a quotient is several products, a sign is nearly free, leaves are. */
function cost(value: Value): number {
  if (value.op.kind === "leaf") return 0;
  if (value.op === neg.op) return 0.5;
  return value.op === div.op ? 2 : 1;
}
