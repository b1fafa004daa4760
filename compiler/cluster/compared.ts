/// Comparisons of a tensor with elements of its own, as in x ≥ its kth largest element, or x = its maximum. One of the two
/// rounded by itself lies above the other, or below: both are to be made of the same numbers.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from "../../ir/ops/compare.ts";
import { abs } from "../../ir/ops/functions.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { isFloat } from "../../ir/type.ts";
import { underLayouts, type Op, type Value } from "../../ir/value.ts";
import { selectedFrom, selectedFromBoth, sourcesOf } from "../rewrite/selected.ts";
import { descend } from "./descend.ts";

const comparisons: ReadonlySet<Op> = new Set(
  [equal, notEqual, less, lessEqual, greater, greaterEqual].map(({ op }) => op),
);

/** Ops by what they make of a number and itself. */
const ofEquals: ReadonlyMap<Op, number> = new Map<Op, number>([
  [sub.op, 0],
  [div.op, 1],
]);

/** A comparison of floats that are selected from the same values: what each side has elements of, and what both have. */
interface Comparison {
  readonly sides: readonly Value[];
  readonly shared: readonly Value[];
}

/** What a comparison sets against each other: a = b asks the same as a - b = 0 and as a / b = 1. */
function sidesOf({ op, operands }: Value): readonly Value[] {
  if (!comparisons.has(op)) return [];
  const apart = operands.find((operand, place) => {
    const number = ofEquals.get(operand.op);
    return number !== undefined && constantValue(operands[1 - place]) === number;
  });
  return (apart?.operands ?? operands).filter(({ type, constant }) => isFloat(type.dtype) && !constant);
}

function comparisonsWithOwn(values: readonly Value[]): readonly Comparison[] {
  return values.flatMap((value) => {
    const operands = sidesOf(value);
    if (operands.length < 2) return [];
    const [left, right] = operands;
    const shared = selectedFromBoth(left, right);
    return shared.length > 0 ? [{ sides: [...selectedFrom(left), ...selectedFrom(right)], shared }] : [];
  });
}

/**
 * The tensors from which the sides of such comparisons are made, which must not be rounded (`--storage f16`); `isTensor`
 * says which values lie in memory.
 */
export function comparedWithOwn(values: readonly Value[], isTensor: (value: Value) => boolean): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const { sides, shared } of comparisonsWithOwn(values)) {
    for (const value of sides) if (isTensor(value)) found.add(value);
    // What is computed again for each side is made of the same numbers.
    descend(shared, (value) => {
      if (!isTensor(value)) return true;
      found.add(value);
      return false;
    });
  }
  return found;
}

/**
 * The formulas that both sides of such comparisons are selected from. A kernel must not compute them again: compilers of
 * shaders are free to contract and to approximate, and do so differently in another kernel.
 */
export function computedOnce(values: readonly Value[]): ReadonlySet<Value> {
  const formulas = comparisonsWithOwn(values).flatMap(({ shared }) => shared);
  return new Set(formulas.filter((value) => isFormula(value) && !isRoundedAlike(value)));
}

const isFormula = (value: Value): boolean => value.op.kind === "elementwise" && sourcesOf(value).length === 0;

/** Ops that are rounded correctly wherever they are computed. */
const correct: ReadonlySet<Op> = new Set([add, sub, mul, neg, abs].map(({ op }) => op));

/** True for one such op of leaves: there is nothing to contract. */
const isRoundedAlike = ({ op, operands }: Value): boolean =>
  correct.has(op) && operands.every((operand) => underLayouts(operand).op.kind === "leaf");
