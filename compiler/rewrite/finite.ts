/// Whether a formula can make ∞ or NaN of ordinary numbers: what must not leak out of a branch that is not taken.
import { constantValue } from "../../ir/ops/leaf.ts";
import { postorder, type ElementwiseOp, type Value } from "../../ir/value.ts";
import { rangeOf, type Range } from "./range.ts";

/** Numbers that functions are tried at, besides the ends of what their operands can be. */
const ordinary = [-1000, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 1000] as const;

/** Formulas are looked at as deep as people would. */
const deepest = 6;

/** True where a value is finite for all data of ordinary size; what is no element-wise formula counts as data. */
export function staysFinite(value: Value): boolean {
  return isFinite(value, deepest);
}

function isFinite(value: Value, depth: number): boolean {
  const { op, operands } = value;
  const number = constantValue(value);
  if (number !== undefined) return Number.isFinite(number);
  if (op.kind === "layout") return isFinite(operands[0], depth);
  if (op.kind !== "elementwise") return true;
  if (depth === 0) return false;
  return isTotal(op, value) && operands.every((operand) => isFinite(operand, depth - 1));
}

/** True where an infinite constant is in a formula, as masks have it: as an exponent it makes a 0 that is none of rounding. */
export function mentionsInfinity(value: Value): boolean {
  return postorder([value]).some((each) => {
    const number = constantValue(each) ?? each.attrs.fill;
    return typeof number === "number" && !Number.isFinite(number);
  });
}

/** Tries a function at ordinary numbers within the ranges of its operands. */
function isTotal(op: ElementwiseOp, { type, operands }: Value): boolean {
  const context = { result: type.dtype, operands: operands.map((operand) => operand.type.dtype) };
  return combinations(operands.map((operand) => numbersIn(rangeOf(operand)))).every((numbers) =>
    Number.isFinite(op.reference(numbers, context)),
  );
}

function numbersIn({ low, high }: Range): readonly number[] {
  return [...ordinary.filter((number) => number > low && number < high), ...[low, high].filter(Number.isFinite)];
}

function combinations(choices: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return choices.reduce<readonly (readonly number[])[]>(
    (found, numbers) => found.flatMap((each) => numbers.map((number) => [...each, number])),
    [[]],
  );
}
