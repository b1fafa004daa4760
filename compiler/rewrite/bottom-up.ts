/// Walking a graph from operands to users without the call stack.
import { withOperands, type Value } from "../../ir/value.ts";

/**
 * Maps a value after its operands, each value once: what `done` has stays, the rest is `map` of the value and its mapped
 * operands. Uses a stack of its own, since graphs are deeper than the call stack.
 */
export function bottomUp(
  root: Value,
  done: Map<Value, Value>,
  map: (value: Value, operands: readonly Value[]) => Value,
): Value {
  const stack = [root];
  for (let value = stack.at(-1); value; value = stack.at(-1)) {
    if (done.has(value)) {
      stack.pop();
      continue;
    }
    const waiting = value.operands.filter((operand) => !done.has(operand));
    if (waiting.length > 0) {
      stack.push(...waiting.reverse());
      continue;
    }
    stack.pop();
    done.set(
      value,
      map(
        value,
        value.operands.map((operand) => done.get(operand)!),
      ),
    );
  }
  return done.get(root)!;
}

/** A function that rebuilds values with some of them replaced, each value once. */
export function substitution(replacements: ReadonlyMap<Value, Value>): (value: Value) => Value {
  const rebuilt = new Map(replacements);
  return (root) => bottomUp(root, rebuilt, (value, operands) => withOperands(value, operands));
}
