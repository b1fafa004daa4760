/// Multiply out, collect, factor: kept where it is cheaper. −(y·(1 − s)) + (1 − y)·s becomes s − y.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { constantValue, sizeOp } from "../../../ir/ops/leaf.ts";
import { broadcastOp } from "../../../ir/ops/sum.ts";
import { remembering } from "../../../ir/intern.ts";
import type { Value } from "../../../ir/value.ts";
import { factored } from "../factor.ts";
import { arithmeticIn, expand, isArithmetic, type Polynomial, type Term } from "../polynomial.ts";
import { distinctOperands } from "../reads.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { hidesArithmetic, shapeOf, sketchOf, type Sketch } from "../shape.ts";

/** Arithmetic in its cheapest collected form. */
export const collectRule: Rule = rule(
  "sum of products collected",
  "assumes-finite",
  "(1 - y) * s - y * (1 - s) = s - y",
  [add, sub, mul, div, neg].map((operator) => operator.op.name),
  collect,
);

function collect(value: Value, surroundings: Surroundings): Value | undefined {
  const region = regionOf(value);
  if (!region) return undefined;
  const { fruitless } = surroundings;
  const freed = freedOf(region, surroundings);
  const shape = fruitless && region.sketch && shapeOf(region.sketch, freed);
  if (shape !== undefined && fruitless?.has(shape)) return undefined;
  const found = cheapest(value, partition(region, freed));
  if (!found && shape !== undefined) fruitless?.add(shape);
  return found;
}

/** The arithmetic that a value is made of, and what that reads. */
interface Region {
  /** The root first, in the order of their distance. */
  readonly inner: readonly Value[];
  readonly members: ReadonlySet<Value>;
  /** In topological order, with what the arithmetic reads. */
  readonly order: readonly Value[];
  readonly sketch: Sketch | undefined;
}

/** The region under a value; undefined where there is nothing to collect. Every pass asks for it again. */
const regionOf = remembering((value: Value): Region | undefined => {
  const inner = isArithmetic(value) ? arithmeticIn(value) : undefined;
  if (!inner || isPlain(inner)) return undefined;
  const members = new Set(inner);
  return { inner, members, order: usersFirst(inner[0], members), sketch: sketchOf(inner) };
});

/** One op on letters that are not the same: there is nothing to collect, whoever else reads them. */
function isPlain([{ operands }, ...others]: readonly Value[]): boolean {
  const isLetter = (operand: Value): boolean => !operand.constant && !hidesArithmetic(operand);
  return others.length === 0 && operands[0] !== operands[1] && operands.every(isLetter);
}

/** The cheapest form of an expression; undefined where that is the one it has. */
function cheapest(value: Value, parts: Parts): Value | undefined {
  const { freed, kept } = parts;
  const tree = expand(value, { multiplyOut: false });
  if (!tree) return undefined;
  let best: { readonly value: Value | undefined; readonly cost: number } = { value: undefined, cost: costOf(freed) };
  // What others read anyway is either taken apart as well or taken as it is.
  const intact = kept.size > 0 ? expand(value, { opaque: kept, multiplyOut: false }) : undefined;
  const reused = kept.size > 0 ? withProducts(tree, kept) : undefined;
  const candidates = [
    ...forms(value, tree),
    ...(intact ? forms(value, intact, kept) : []),
    ...(reused ? [reused] : []),
  ];
  for (const candidate of candidates) {
    const written = factored(candidate, value.type);
    if (!written) continue;
    const cost = costOf(newValues(written, parts));
    if (cost < best.cost - tolerance) best = { value: written, cost };
  }
  return best.value;
}

/**
 * With sums that are factors multiplied out, if that leaves no more terms, and as they are. Multiplying out when nothing
 * cancels would lose digits: y·a + (1 − y)·b is a mean of a and b, and y·(a − b) + b is not, in floats.
 */
function forms(value: Value, plain: Polynomial, opaque?: ReadonlySet<Value>): readonly Polynomial[] {
  const out = expand(value, { opaque, multiplyOut: true });
  return out && out.terms.length <= plain.terms.length ? [out, plain] : [plain];
}

/** Powers of products that others read anyway: with p = a·b at hand, p·a·b is p². Undefined where there is none. */
function withProducts(tree: Polynomial, kept: ReadonlySet<Value>): Polynomial | undefined {
  const products = [...kept].flatMap((value) => {
    const terms = value.op === mul.op ? expand(value, { multiplyOut: false })?.terms : undefined;
    return terms?.length === 1 && isProduct(terms[0]) ? [{ value, term: terms[0] }] : [];
  });
  if (products.length === 0) return undefined;
  const used = new Set<Value>();
  const terms = tree.terms.map((whole) =>
    products.reduce((rest, { value, term }) => {
      const times = timesIn(term, rest);
      if (times < 2) return rest;
      used.add(value);
      return withPower(value, times, rest, term);
    }, whole),
  );
  return used.size > 0 ? { ...tree, terms, atoms: [...used, ...tree.atoms] } : undefined;
}

/** Two atoms or more, without a number: that can stand anywhere. */
function isProduct({ coefficient, powers }: Term): boolean {
  const all = [...powers.values()];
  return coefficient.over === 1 && coefficient.under === 1 && all.every((power) => power > 0) && all.length > 1;
}

/** How often a product is in another. */
function timesIn(part: Term, whole: Term): number {
  const counts = [...part.powers].map(([atom, power]) => Math.floor((whole.powers.get(atom) ?? 0) / power));
  return Math.max(0, Math.min(...counts));
}

/** The term with a power of `value` in the place of what it is a product of. */
function withPower(value: Value, times: number, whole: Term, part: Term): Term {
  const powers = new Map(whole.powers);
  for (const [atom, power] of part.powers) {
    const left = powers.get(atom)! - times * power;
    if (left === 0) powers.delete(atom);
    else powers.set(atom, left);
  }
  return { ...whole, powers: powers.set(value, (powers.get(value) ?? 0) + times) };
}

/** Costs are sums of hundredths, which float64 rounds: equal ones may differ by that, different ones differ by 0.01. */
const tolerance = 1e-6;

/** What nothing would read any more if the root were replaced, and the arithmetic that others read as well. */
interface Parts {
  readonly freed: ReadonlySet<Value>;
  readonly kept: ReadonlySet<Value>;
  /** Long sums, which are taken as they are. */
  readonly streams: ReadonlySet<Value>;
}

/**
 * A number over sizes, such as ½/batch: nobody keeps it, every formula has its own. What is made of numbers alone becomes one
 * by itself.
 */
function isOverSizes(value: Value): boolean {
  const { op, operands, constant } = value;
  if (!constant || !isArithmetic(value)) return false;
  const isNumeral = (each: Value): boolean => constantValue(each) !== undefined || hasSize(each);
  const hasSize = (each: Value): boolean => each.op === sizeOp || isOverSizes(each);
  return op !== add.op && op !== sub.op && operands.every(isNumeral) && operands.some(hasSize);
}

/** What nothing would read any more if the root, the first of the arithmetic, were replaced. */
function freedOf({ inner, members, order }: Region, { uses }: Surroundings): ReadonlySet<Value> {
  const freed = new Set<Value>();
  const reads = new Map<Value, number>();
  for (const value of order) {
    const isRead = value !== inner[0] && (reads.get(value) ?? 0) < uses(value);
    if (isRead && !isOverSizes(value)) continue;
    freed.add(value);
    if (!members.has(value)) continue;
    for (const operand of distinctOperands(value)) reads.set(operand, (reads.get(operand) ?? 0) + 1);
  }
  return freed;
}

function partition({ inner, members, order }: Region, freed: ReadonlySet<Value>): Parts {
  const streams = order.filter((value) => !members.has(value) && isArithmetic(value));
  return { freed, kept: new Set(inner.filter((value) => !freed.has(value))), streams: new Set(streams) };
}

/** The values of a small region and what they read, in topological order, the root first. */
function usersFirst(root: Value, members: ReadonlySet<Value>): readonly Value[] {
  const done = new Set<Value>();
  const visit = (value: Value): void => {
    if (done.has(value)) return;
    if (members.has(value)) value.operands.forEach(visit);
    done.add(value);
  };
  visit(root);
  return [...done].toReversed();
}

/** What a new form has to compute: arithmetic that nobody else needs, and atoms that the old form alone had. */
function newValues(root: Value, { freed, kept, streams }: Parts): readonly Value[] {
  const found = new Set<Value>();
  const pending = [root];
  for (let value = pending.pop(); value; value = pending.pop()) {
    const computes = isArithmetic(value) && !streams.has(value);
    if (kept.has(value) || found.has(value) || (!computes && !freed.has(value))) continue;
    found.add(value);
    if (computes) pending.push(...value.operands);
  }
  return [...found];
}

/** The sign of a broadcast negation, which collecting can take out. A scalar's sign costs nothing. */
function isHiddenSign({ op, operands }: Value): boolean {
  return op === broadcastOp && operands[0].op === neg.op && operands[0].type.shape.length > 0;
}

function costOf(values: Iterable<Value>): number {
  return [...values].reduce((total, value) => total + cost(value), 0);
}

/** True for a constant by which division is a product. */
function isPowerOfTwo(divisor: Value): boolean {
  return Number.isInteger(Math.log2(constantValue(divisor) ?? 0));
}

/**
 * Relative costs on a GPU: a quotient is several products, a function several quotients, a sign is nearly free, and so is
 * moving. A sum is a little dearer than a product, so that like terms merge.
 */
function cost(value: Value): number {
  const { op } = value;
  if (isHiddenSign(value)) return 0.25;
  if (op.kind !== "elementwise") return 0;
  if (op === neg.op) return 0.5;
  if (op === add.op || op === sub.op) return 1.01;
  // A sign in a number is one that could stand in front.
  if (op === mul.op) return value.operands.some((factor) => (constantValue(factor) ?? 0) < 0) ? 1.25 : 1;
  if (op === div.op) return isPowerOfTwo(value.operands[1]) ? 1 : 2;
  return 4;
}
