/// Which values have elements of which others as they are: a largest element, a slice, what is sorted or gathered.
import { copyOp, selectOp } from "../../ir/ops/choose.ts";
import { cummaxOp, cumminOp } from "../../ir/ops/cumulative.ts";
import { maximum, minimum } from "../../ir/ops/functions.ts";
import { maxOp, minOp } from "../../ir/ops/reduce.ts";
import type { Op, Value } from "../../ir/value.ts";

const extremes: ReadonlySet<Op> = new Set<Op>([maxOp, minOp, cummaxOp, cumminOp, maximum.op, minimum.op]);

/** A value, and all values whose elements it has as they are. */
export function selectedFrom(root: Value): ReadonlySet<Value> {
  const found = new Set([root]);
  for (const value of found) for (const source of sourcesOf(value)) found.add(source);
  return found;
}

/** What two values both have elements of; numbers do not count. */
export function selectedFromBoth(a: Value, b: Value): readonly Value[] {
  const [left, right] = [a, b].map(selectedFrom);
  return [...left].filter((each) => right.has(each) && !each.constant);
}

/** The operands whose elements a value has as they are. */
export function sourcesOf({ op, operands }: Value): readonly Value[] {
  if (op.kind === "layout" || op.kind === "piecewise" || op === copyOp || extremes.has(op)) return operands;
  if (op.kind === "gather") return operands.slice(0, 1);
  return op === selectOp ? operands.slice(1) : [];
}
