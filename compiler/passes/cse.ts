/// Common subexpressions: equal values become one object, also constants and sums whose operands are swapped.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { iotaOp } from "../../ir/ops/leaf.ts";
import { sameAttrs, withExactly, withOperands, type Op, type Value } from "../../ir/value.ts";
import { rebuildGraph } from "./replace.ts";

/** Why a log says that a value gave way to an equal one, perhaps with swapped operands. */
const merging = { name: "equal values are one", identity: "x * y = y * x", contract: "exact" } as const;

/** Makes the pass; `log` notes what was merged. The first spelling wins. */
export function cseWith(log?: DerivationLog): Pass {
  return {
    name: "cse",
    doc: "Equal values are one object.",
    run(graph) {
      const merge = merger();
      const observe = log?.phase("cse");
      // Numbers are written where they are read; masks and other tables made of counting indices are shared.
      const counting = new Set<Value>();
      const counts = (value: Value): boolean => {
        if (!value.constant) return false;
        const found = value.op === iotaOp || value.operands.some((each) => counting.has(each));
        if (found) counting.add(value);
        return found;
      };
      return rebuildGraph(graph, (value, operands) => {
        const rebuilt = (operands.some(counts) ? withExactly : withOperands)(value, operands);
        // What is built on another spelling of a table is another object as well: a log that kept that to itself would
        // lose sight of the value.
        const unmerged = observe && rebuilt !== value ? withOwnConstants(value, operands) : rebuilt;
        if (unmerged !== rebuilt) observe?.(merging, unmerged, rebuilt);
        const merged = merge(rebuilt);
        if (merged !== rebuilt) observe?.(merging, rebuilt, merged);
        return merged;
      });
    },
  };
}

/** What a replay of the log has: constants give way to equal ones only together with what is built on them. */
function withOwnConstants(value: Value, operands: readonly Value[]): Value {
  return withOperands(
    value,
    operands.map((operand, place) => (operand.constant ? value.operands[place] : operand)),
  );
}

/** Merges equal values. The first spelling wins. */
export const cse: Pass = cseWith();

function merger(): (value: Value) => Value {
  const numbers = new Map<Value | Op, number>();
  const numberOf = (thing: Value | Op): number => {
    let number = numbers.get(thing);
    if (number === undefined) numbers.set(thing, (number = numbers.size));
    return number;
  };
  /** Values of one key differ in their attributes alone. */
  const keyOf = ({ op, operands, attrs }: Value): string => {
    if (operands.length === 0) return `${numberOf(op)},${JSON.stringify(attrs)}`;
    if (op.kind !== "elementwise" || !op.commutative) {
      let key = `${numberOf(op)}`;
      for (let i = 0; i < operands.length; i++) key += `,${numberOf(operands[i])}`;
      return key;
    }
    const sorted = operands.map(numberOf).sort((a, b) => a - b);
    return `${numberOf(op)},${sorted.join()}`;
  };
  const firsts = new Map<string, Value[]>();
  return (value) => {
    if (value.op.kind === "leaf" && !value.op.structural) return value;
    const key = keyOf(value);
    const candidates = firsts.get(key);
    if (!candidates) firsts.set(key, [value]);
    const known = candidates?.find((candidate) => sameAttrs(candidate.attrs, value.attrs));
    if (!known) candidates?.push(value);
    return known ?? value;
  };
}
