/// Roots and logarithms of sums of squares, in any number and of any kind: squares overflow and vanish long before what is
/// made of them does.
import { add, div, mul } from "../../../ir/ops/arithmetic.ts";
import { abs, log, maximum, sqrt } from "../../../ir/ops/functions.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { hypot, root, rsqrt } from "../../../ir/ops/powers.ts";
import { sumOp } from "../../../ir/ops/sum.ts";
import { same, type Value } from "../../../ir/value.ts";
import { mapped, rule, type Rule } from "../rule.ts";
import { ontoLayout } from "./uniform.ts";

/** What is squared in a term of a sum. */
interface Side {
  /** Never below 0 where it is a length. */
  readonly length: Value;
  readonly of: "number" | "square" | "sum";
}

/** So many squares a person adds up one by one. */
const mostSquares = 8;

/** √ of a term: |a| of a², √k·a of k·a², √Σx² of Σx², √c of a number c above 0. */
function sideOf(term: Value): Side | undefined {
  const number = constantValue(term);
  if (number !== undefined) {
    const length = constant(Math.sqrt(number), term.type.dtype, term.type.shape);
    return number > 0 ? { length, of: "number" } : undefined;
  }
  const [a, b] = term.operands;
  if (term.op.kind === "layout") return sized(sideOf(a), (length) => ontoLayout(length, term));
  if (term.op === sumOp) return isSquare(a) ? { length: root(term), of: "sum" } : undefined;
  if (isSquare(term)) return { length: a, of: "square" };
  if (term.op === mul.op) {
    const [left, right] = term.operands.map(constantValue);
    const by = left ?? right;
    if (by === undefined || !(by > 0)) return undefined;
    return sized(sideOf(left === undefined ? a : b), (length) => mul(Math.sqrt(by), length) as Value);
  }
  const by = term.op === div.op ? constantValue(b) : undefined;
  return by !== undefined && by > 0 ? sized(sideOf(a), (length) => div(length, Math.sqrt(by))) : undefined;
}

const isSquare = ({ op, operands: [a, b] }: Value): boolean => op === mul.op && same(a, b);

function sized(side: Side | undefined, then: (length: Value) => Value): Side | undefined {
  return side && { ...side, length: then(side.length) };
}

/** The terms of a sum, as they are written; undefined where there are too many. */
function termsOf(total: Value): readonly Value[] | undefined {
  const terms: Value[] = [];
  const pending = [total];
  for (let term = pending.pop(); term; term = pending.pop()) {
    if (terms.length + pending.length >= mostSquares) return undefined;
    if (term.op === add.op) pending.push(...term.operands.toReversed());
    else terms.push(term);
  }
  return terms;
}

/** The sides of a sum of squares, numbers last. */
function sidesOf(total: Value): readonly Side[] | undefined {
  if (total.type.dtype !== "f32" || total.constant) return undefined;
  const sides = termsOf(total)?.map(sideOf);
  if (!sides?.every((side) => side !== undefined)) return undefined;
  return sides.toSorted((a, b) => Number(a.of === "number") - Number(b.of === "number"));
}

const lengthOf = (sides: readonly Side[]): Value =>
  sides.map(({ length }) => length).reduce((a, b) => hypot(a, b) as Value);

/** A single sum of squares, with a number or not, is left to kernels: the textbook writes √(Σx² + c). */
const isOneSum = (sides: readonly Side[]): boolean =>
  sides.filter((side) => side.of !== "number").length === 1 && sides[0].of === "sum";

/** √(a² + k·b² + … + c) by hypotenuses. */
function rootOfSquares({ op, operands: [total] }: Value): Value | undefined {
  const length = total.op === maximum.op ? rootWithFloor(total) : lengthUnder(total);
  return op === rsqrt.op ? mapped(length, (found) => div(1, found)) : length;
}

function lengthUnder(total: Value): Value | undefined {
  const sides = sidesOf(total);
  if (!sides || isOneSum(sides)) return undefined;
  return sides.length === 1 ? abs(sides[0].length) : lengthOf(sides);
}

/** √max(x², c) = max(√x², √c). */
function rootWithFloor({ operands }: Value): Value | undefined {
  const at = operands.findIndex((side) => (constantValue(side) ?? 0) > 0);
  const sides = at < 0 ? undefined : sidesOf(operands[1 - at]);
  if (!sides) return undefined;
  const [{ length: first, of }] = sides;
  const length = sides.length > 1 ? lengthOf(sides) : of === "sum" ? first : abs(first);
  return maximum(length, Math.sqrt(constantValue(operands[at])!)) as Value;
}

/**
 * The length, or minus it, whose square a sum of squares is; undefined for others, and for one square beside a number, which
 * has rules of its own.
 */
export function lengthOfSquares(total: Value): Value | undefined {
  const sides = mayAddSquares(total) ? sidesOf(total) : undefined;
  if (!sides || isNumberBesideOne(sides)) return undefined;
  if (sides.length === 1) return sides[0].length;
  return isOneSum(sides) ? root(total) : lengthOf(sides);
}

const isNumberBesideOne = (sides: readonly Side[]): boolean =>
  sides.every(({ of }) => of !== "sum") && sides.filter(({ of }) => of === "square").length < 2 && sides.length > 1;

/** ln of a sum of squares is twice that of its root. */
function logOfSquares({ operands: [total] }: Value): Value | undefined {
  const sides = sidesOf(total);
  // A square beside a number has a rule of its own.
  if (!sides || (!isOneSum(sides) && sides.filter((side) => side.of !== "number").length < sides.length))
    return undefined;
  const length = isOneSum(sides)
    ? sides.length === 1
      ? sides[0].length
      : sqrt(total)
    : sides.length === 1
      ? abs(sides[0].length)
      : lengthOf(sides);
  return mul(2, log(length)) as Value;
}

/** A look that costs little. */
const mayAddSquares = ({ op }: Value): boolean =>
  [add.op, mul.op, div.op, sumOp].includes(op as never) || op.kind === "layout";
const mayBeSquares = ({ operands: [total] }: Value): boolean => mayAddSquares(total) || total.op === maximum.op;

/** After the rules for a square beside a number or a value. */
export const hypotenuseRules: readonly Rule[] = [
  rule(
    "root of squares",
    "stabilizes",
    "sqrt(x * x + y * y + z * z) = hypot(hypot(x, y), z)",
    ["sqrt", "root", "rsqrt"],
    rootOfSquares,
    mayBeSquares,
  ),
  rule(
    "log of squares",
    "stabilizes",
    "log(x * x + y * y) = 2 * log(hypot(x, y))",
    ["log"],
    logOfSquares,
    mayBeSquares,
  ),
];
