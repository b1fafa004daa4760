/// How much work a value is, where nothing keeps it: what is small is computed again by every reader.
import { elementCount } from "../../ir/type.ts";
import { descend } from "./descend.ts";
import { postorder, underLayouts, type Value } from "../../ir/value.ts";

/** A piecewise value of more operands than this is written to memory. */
const mostPieces = 6;

/** Chains over leaves alone of at most this many ops are recomputed by every user. */
export const cheapChain = 12;

/** How large a value is as an expression, where no cluster computes it. */
export interface Size {
  readonly ops: number;
  /** Operands of a piecewise value, counted through those that are piecewise expressions in their turn. */
  readonly pieces: number;
}

/** Accumulators of a reduction; none of any other value. */
export function accumulatorCount({ op, operands }: Value): number {
  return op.kind === "reduction" ? op.accumulators(operands[0].type.dtype).length : 0;
}

/** The size of a value from those of its operands, which are known. */
export function measure(value: Value, sizes: Map<Value, Size>, home: ReadonlyMap<Value, unknown>): Size {
  let [ops, pieces] = [1, 0];
  for (const operand of value.operands) {
    const base = underLayouts(operand);
    const inner = home.has(base) ? undefined : sizes.get(base);
    ops += inner?.ops ?? 0;
    pieces += base.op.kind === "piecewise" ? (inner?.pieces ?? 1) : 1;
  }
  const size = { ops, pieces };
  sizes.set(value, size);
  return size;
}

/** True for a piecewise value that is an expression wherever it is read. */
export function hasFewPieces({ ops, pieces }: Size): boolean {
  return pieces <= mostPieces && ops <= cheapChain * (mostPieces + 1);
}

/** A contraction reads an operand many times: recomputing pays only for a few cheap ops that read no more bytes. */
export function isCostly(value: Value): boolean {
  const under = postorder([value]);
  const chain = under.flatMap(({ op }) => (op.kind === "elementwise" ? [op] : []));
  const count = elementCount(value.type.shape);
  const loads = under.filter(
    (each) => each.op.kind === "leaf" && !each.constant && elementCount(each.type.shape) === count,
  );
  return (
    under.some((each) => each.op.kind === "gather") ||
    chain.length > 4 ||
    loads.length > 1 ||
    chain.some((op) => (op.helpers?.length ?? 0) > 0)
  );
}

/** True for a piecewise value of elements that cost a contraction more than to read them; every piece is computed. */
export function hasCostlyPieces(value: Value, home: ReadonlyMap<Value, unknown>, cheap: ReadonlySet<Value>): boolean {
  let found = false;
  descend(value.operands, (each) => {
    if (found || home.has(each) || cheap.has(each) || each.op.kind === "leaf") return false;
    found = (each.op.kind === "elementwise" || each.op.kind === "gather") && isCostly(each);
    return !found && (each.op.kind === "piecewise" || each.op.kind === "layout");
  });
  return found;
}
