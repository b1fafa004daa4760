/// What must not be rounded by itself under `--storage f16`: a tensor that is compared with elements of its own, as in
/// x ≥ its kth largest element, or x = its maximum. One of the two rounded alone lies above the other, or below.
import { copyOp, selectOp } from "../ir/ops/choose.ts";
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from "../ir/ops/compare.ts";
import { cummaxOp, cumminOp } from "../ir/ops/cumulative.ts";
import { maximum, minimum } from "../ir/ops/functions.ts";
import { maxOp, minOp } from "../ir/ops/reduce.ts";
import { isFloat } from "../ir/type.ts";
import type { Op, Value } from "../ir/value.ts";
import { descend } from "./cluster/descend.ts";

const comparisons: ReadonlySet<Op> = new Set(
  [equal, notEqual, less, lessEqual, greater, greaterEqual].map(({ op }) => op),
);

const extremes: ReadonlySet<Op> = new Set<Op>([maxOp, minOp, cummaxOp, cumminOp, maximum.op, minimum.op]);

/** The tensors from which the sides of such comparisons are made; `isTensor` says which values lie in memory. */
export function comparedWithOwn(values: readonly Value[], isTensor: (value: Value) => boolean): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const { op, operands } of values) {
    if (!comparisons.has(op) || !operands.every(({ type, constant }) => isFloat(type.dtype) && !constant)) continue;
    const [left, right] = operands.map(selectedFrom);
    const shared = [...left].filter((value) => right.has(value) && !value.constant);
    if (shared.length === 0) continue;
    for (const value of [...left, ...right]) if (isTensor(value)) found.add(value);
    // What is computed again for each side is made of the same numbers.
    descend(shared, (value) => {
      if (!isTensor(value)) return true;
      found.add(value);
      return false;
    });
  }
  return found;
}

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
