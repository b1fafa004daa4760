/// Weights as products: whether they are a softmax times what does not hang on it, and what they are multiplied with.
import { selectOp } from "../../ir/ops/choose.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";

/** A value as a product of some by others, where conditions hold, and 0 elsewhere. */
export interface Factors {
  readonly over: readonly Value[];
  readonly under: readonly Value[];
  readonly conditions: readonly Value[];
}

/** A square of a square of a square has more factors than can be listed: after so many, what is left stays together. */
const mostFactors = 64;

/** The factors of a value. */
export function factorsOf(root: Value): Factors {
  const [over, under, conditions]: [Value[], Value[], Value[]] = [[], [], []];
  const pending = [root];
  for (let value = pending.pop(); value; value = pending.pop()) {
    const { op, operands } = value;
    const isMany = over.length + under.length + conditions.length + pending.length >= mostFactors;
    if (!isMany && op.name === "mul") pending.push(...operands);
    else if (!isMany && op.name === "div") {
      pending.push(operands[0]);
      under.push(operands[1]);
    } else if (!isMany && op === selectOp && constantValue(operands[2]) === 0) {
      pending.push(operands[1]);
      conditions.push(operands[0]);
    } else over.push(value);
  }
  return { over, under, conditions };
}

/** True for the weights times what does not hang on them: dividing by a total can wait for the end of the sum. */
export function isLinear(value: Value, weights: Value): boolean {
  const { over, under, conditions } = factorsOf(value);
  const others = [...over.filter((each) => each !== weights), ...under, ...conditions];
  return over.filter((each) => each === weights).length === 1 && !others.some((each) => hangsOn(each, weights));
}

/** True for what is made of the weights, element by element. */
function hangsOn(root: Value, weights: Value): boolean {
  const seen = new Set<Value>();
  const pending = [root];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (value === weights) return true;
    if (seen.has(value) || value.constant || value.op.kind !== "elementwise") continue;
    seen.add(value);
    pending.push(...value.operands);
  }
  return false;
}
