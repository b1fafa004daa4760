/// Walking a graph from operands to users without the call stack.
import { withOperands, type Value } from "../../ir/value.ts";

/** What is found of values so far. */
export interface Found<T> {
  get(value: Value): T | undefined;
  set(value: Value, found: T): void;
}

/**
 * Maps a value after its operands, each value once: what `done` has stays, the rest is `map` of the value and its mapped
 * operands. Uses a stack of its own, since graphs are deeper than the call stack.
 */
export function bottomUp<T extends object>(
  root: Value,
  done: Found<T>,
  map: (value: Value, operands: readonly T[]) => T,
): T {
  const known = done.get(root);
  if (known) return known;
  const stack = [root];
  while (stack.length > 0) {
    const value = stack[stack.length - 1];
    const { operands } = value;
    const height = stack.length;
    if (!done.get(value)) {
      const mapped = new Array<T>(operands.length);
      for (let i = operands.length - 1; i >= 0; i--) {
        const found = done.get(operands[i]);
        if (found) mapped[i] = found;
        else stack.push(operands[i]);
      }
      if (stack.length > height) continue;
      done.set(value, map(value, mapped));
    }
    stack.pop();
  }
  return done.get(root)!;
}

/** A value that reads another instead of one, directly or where it lies under layouts and edges; nothing else is looked at. */
export function readingInstead(reader: Value, one: Value, other: Value): Value {
  const moved = (operand: Value): Value => {
    if (operand === one) return other;
    const isView = operand.op.kind === "layout" || operand.op.kind === "piecewise";
    return isView ? withOperands(operand, operand.operands.map(moved)) : operand;
  };
  return withOperands(reader, reader.operands.map(moved));
}

/** A function that rebuilds values with some of them replaced, each value once. */
export function substitution(replacements: ReadonlyMap<Value, Value>): (value: Value) => Value {
  const rebuilt = new Map(replacements);
  return (root) => bottomUp(root, rebuilt, (value, operands) => withOperands(value, operands));
}
