/// Which named values a rewriting has looked through: what is differentiated reads what they are made of by another way as
/// well, so that their cotangent is a part of their derivative.
import { isFloat } from "../../ir/type.ts";
import { letter } from "../../ir/ops/leaf.ts";
import { postorder, sameAttrs, type Value } from "../../ir/value.ts";
import { substitution } from "../rewrite/bottom-up.ts";

/** A formula before and after a rewriting. */
export interface Rewritten {
  readonly root: Value;
  /** What a value of the formula became. */
  readonly image: (value: Value) => Value;
  /** The same rewriting of other formulas. */
  readonly rewrite: (value: Value) => Value;
}

/**
 * Those of `named`, values of the formula, that the rewriting of a reader has looked through. It has not where the reader
 * becomes the same with a letter in the place of the value: then nothing was known of the value but its type.
 */
export function seenThrough({ root, image, rewrite }: Rewritten, named: ReadonlySet<Value>): ReadonlySet<Value> {
  const within = postorder([root]);
  const cuts = new Set(
    within.filter((value) => named.has(value) && value !== root && value.op.kind !== "leaf" && !value.constant),
  );
  const letters = new Map<Value, Value>();
  const letterOf = (value: Value): Value => {
    const became = image(value);
    const known = letters.get(became) ?? letter(became.type);
    letters.set(became, known);
    return known;
  };
  const isSame = (reader: Value, cut: readonly Value[]): boolean => {
    const before = substitution(new Map(cut.map((value) => [value, letterOf(value)])));
    return isAlike(
      rewrite(before(reader)),
      image(reader),
      new Map(cut.map((value) => [image(value), letterOf(value)])),
    );
  };
  const seen = new Set<Value>();
  if (image(root) === root) return seen;
  // Of values that have become one, all readers are those of the first.
  const first = new Map<Value, Value>();
  for (const value of cuts) {
    const became = image(value);
    if (first.has(became) || became.op.kind === "leaf") seen.add(value);
    else first.set(became, value);
  }
  for (const reader of within) {
    if (!isFloat(reader.type.dtype) || !(reader === root || cuts.has(reader))) continue;
    for (const value of seenBy(reader, cuts, isSame)) seen.add(value);
  }
  return seen;
}

/** What one reader looked through: the nearest named values, one by one, and those below what it looked through. */
function seenBy(
  reader: Value,
  cuts: ReadonlySet<Value>,
  isSame: (reader: Value, cut: readonly Value[]) => boolean,
): ReadonlySet<Value> {
  const open = new Set<Value>();
  for (;;) {
    const nearest = nearestBelow(reader, cuts, open);
    if (nearest.length === 0 || isSame(reader, nearest)) return open;
    const found = nearest.filter((value) => {
      const others = new Set([...open, ...nearest.filter((each) => each !== value)]);
      return !isSame(reader, nearestBelow(reader, cuts, others));
    });
    // What it knows of several at once it may know of each.
    for (const value of found.length > 0 ? found : nearest) open.add(value);
  }
}

/** The nearest of `cuts` below a value, past those that are open. */
function nearestBelow(root: Value, cuts: ReadonlySet<Value>, open: ReadonlySet<Value>): readonly Value[] {
  const found = new Set<Value>();
  const passed = new Set(root.operands);
  for (const value of passed) {
    if (cuts.has(value) && !open.has(value)) found.add(value);
    else for (const operand of value.operands) passed.add(operand);
  }
  return [...found];
}

/**
 * True for equal formulas, whichever objects they are made of, where `letters` of the left one stand for values of the right
 * one. Nothing is looked at of what those are made of.
 */
function isAlike(left: Value, right: Value, letters: ReadonlyMap<Value, Value>): boolean {
  const alike = new Map<Value, Value>();
  const pending: (readonly [Value, Value])[] = [[left, right]];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [one, other] = [next[0], letters.get(next[1]) ?? next[1]];
    // What is one object may still hold a value that a letter stands for: it has come there by another way.
    if (alike.get(one) === other || (one === other && one.op.kind === "leaf")) continue;
    if (one.op !== other.op || one.operands.length !== other.operands.length) return false;
    if (one.op.kind === "leaf" && !one.op.structural) return false;
    if (!sameAttrs(one.attrs, other.attrs)) return false;
    alike.set(one, other);
    one.operands.forEach((operand, position) => pending.push([operand, other.operands[position]]));
  }
  return true;
}
