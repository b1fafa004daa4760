/// Comparisons of a tensor with elements of its own, as in x ≥ its kth largest element, or x = its maximum. One of the two
/// rounded by itself lies above the other, or below: both are to be made of the same numbers.
import { add, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { copyOp, selectOp } from "../../ir/ops/choose.ts";
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from "../../ir/ops/compare.ts";
import { cummaxOp, cumminOp } from "../../ir/ops/cumulative.ts";
import { abs, maximum, minimum } from "../../ir/ops/functions.ts";
import { maxOp, minOp } from "../../ir/ops/reduce.ts";
import { isFloat } from "../../ir/type.ts";
import { underLayouts, type Op, type Value } from "../../ir/value.ts";
import { descend } from "./descend.ts";

const comparisons: ReadonlySet<Op> = new Set(
  [equal, notEqual, less, lessEqual, greater, greaterEqual].map(({ op }) => op),
);

const extremes: ReadonlySet<Op> = new Set<Op>([maxOp, minOp, cummaxOp, cumminOp, maximum.op, minimum.op]);

/** A comparison of floats that are selected from the same values: what each side has elements of, and what both have. */
interface Comparison {
  readonly sides: readonly Value[];
  readonly shared: readonly Value[];
}

function comparisonsWithOwn(values: readonly Value[]): readonly Comparison[] {
  return values.flatMap(({ op, operands }) => {
    if (!comparisons.has(op) || !operands.every(({ type, constant }) => isFloat(type.dtype) && !constant)) return [];
    const [left, right] = operands.map(selectedFrom);
    const shared = [...left].filter((value) => right.has(value) && !value.constant);
    return shared.length > 0 ? [{ sides: [...left, ...right], shared }] : [];
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

/** A value, and all values whose elements it has as they are. */
function selectedFrom(root: Value): ReadonlySet<Value> {
  const found = new Set([root]);
  for (const value of found) for (const source of sourcesOf(value)) found.add(source);
  return found;
}

/** The operands whose elements a value has as they are. */
function sourcesOf({ op, operands }: Value): readonly Value[] {
  if (op.kind === "layout" || op.kind === "piecewise" || op === copyOp || extremes.has(op)) return operands;
  if (op.kind === "gather") return operands.slice(0, 1);
  return op === selectOp ? operands.slice(1) : [];
}
