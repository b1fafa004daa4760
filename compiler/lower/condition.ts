/// Conditions on indices: where an element of a padding or a concatenation exists. What is always so costs nothing.
import type { Dim } from "../../ir/dim.ts";
import type { ConditionAlgebra } from "../../ir/value.ts";
import { indexAlgebra, indexKey, laneAccess, rangeOf, type Index } from "./index.ts";

/** One question about an index. */
export interface Conjunct {
  readonly tag: "within" | "multiple";
  readonly index: Index;
  /** The extent that the index is below, or what divides it. */
  readonly by: Dim;
}

/** All of them hold; none are asked where the answer is known. */
export type Condition = boolean | readonly Conjunct[];

/** Index arithmetic with conditions, simplified as far as ranges tell. */
export const conditionAlgebra: ConditionAlgebra<Index, Condition> = {
  ...indexAlgebra,
  within(index, by) {
    const { least, most } = rangeOf(index);
    if (typeof by === "number") {
      if (least !== undefined && most !== undefined && least >= 0 && most < by) return true;
      if ((least !== undefined && least >= by) || (most !== undefined && most < 0)) return false;
    }
    return [{ tag: "within", index, by }];
  },
  isMultiple(index, by) {
    if (by === 1) return true;
    const rest = indexAlgebra.remainder(index, by);
    if (rest.terms.length === 0) return rest.constant === 0;
    return [{ tag: "multiple", index, by }];
  },
  and(a, b) {
    if (typeof a === "boolean") return a && b;
    if (typeof b === "boolean") return b && a;
    const known = new Set(a.map(conjunctKey));
    return [...a, ...b.filter((each) => !known.has(conjunctKey(each)))];
  },
};

function conjunctKey({ tag, index, by }: Conjunct): string {
  return `${tag} ${indexKey(index)} ${by}`;
}

/** True when four steps of the lane variable give one answer. */
export function isUniformAlong(condition: Condition, lane: string): boolean {
  if (typeof condition === "boolean") return true;
  return condition.every(({ tag, index, by }) => {
    const access = laneAccess(index, lane);
    // Four neighbours that begin at a multiple of 4 lie on one side of an end that is a multiple of 4.
    const aligned = access === "contiguous" && tag === "within" && typeof by === "number" && by % 4 === 0;
    return access === "uniform" || aligned;
  });
}
