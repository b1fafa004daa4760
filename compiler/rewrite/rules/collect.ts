/// Multiply out, collect, factor: kept where it is cheaper. −(y·(1 − s)) + (1 − y)·s becomes s − y.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { broadcastOp } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
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
  const whole = isArithmetic(value) ? expand(value) : undefined;
  if (!whole) return undefined;
  const { freed, kept } = partition(whole, surroundings);
  // What others read anyway is either multiplied out as well or taken as it is.
  const candidates = kept.size > 0 ? [expand(value, kept), whole] : [whole];
  const known = new Set([...kept, ...leavesOf(whole).filter((leaf) => !isHiddenSign(leaf))]);
  let best: { readonly value: Value | undefined; readonly cost: number } = {
    value: undefined,
    cost: costOf([...freed, ...leavesOf(whole).filter(isHiddenSign)]),
  };
  for (const candidate of candidates) {
    const written = candidate && factored(candidate, value.type);
    if (!written) continue;
    const cost = costOf(newValues(written, known));
    if (cost < best.cost - tolerance) best = { value: written, cost };
  }
  return best.value;
}

const tolerance = 1e-6;

/** Which arithmetic values nothing would read any more if the root were replaced, and which others read as well. */
function partition({ inner }: Polynomial, { uses }: Surroundings): { freed: Set<Value>; kept: Set<Value> } {
  const order = usersFirst(inner);
  const freed = new Set<Value>();
  const reads = new Map<Value, number>();
  for (const value of order) {
    if (value !== inner[0] && (reads.get(value) ?? 0) < uses(value)) continue;
    freed.add(value);
    for (const operand of new Set(value.operands)) reads.set(operand, (reads.get(operand) ?? 0) + 1);
  }
  return { freed, kept: new Set(inner.filter((value) => !freed.has(value))) };
}

/** The values of a small region in topological order, the root first. Looks at nothing outside it. */
function usersFirst(inner: readonly Value[]): readonly Value[] {
  const members = new Set(inner);
  const done = new Set<Value>();
  const visit = (value: Value): void => {
    if (done.has(value) || !members.has(value)) return;
    value.operands.forEach(visit);
    done.add(value);
  };
  visit(inner[0]);
  return [...done].toReversed();
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
    if (isArithmetic(value)) pending.push(...value.operands);
  }
  return [...found];
}

/** The sign of a broadcast negation, which collecting can take out. */
function isHiddenSign({ op, operands }: Value): boolean {
  return op === broadcastOp && operands[0].op === neg.op;
}

function costOf(values: Iterable<Value>): number {
  return [...values].reduce((total, value) => total + cost(value), 0);
}

/**
 * Relative costs on a GPU: a quotient is several products, a sign is nearly free, and so is moving. A sum is a little
 * dearer than a product, so that like terms merge.
 */
function cost(value: Value): number {
  const { op } = value;
  if (op === broadcastOp) return isHiddenSign(value) ? 0.25 : 0;
  if (op.kind === "leaf") return 0;
  if (op === neg.op) return 0.5;
  if (op === add.op || op === sub.op) return 1.01;
  return op === div.op ? 2 : 1;
}
