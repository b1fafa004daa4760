/// How many values read each value, kept true while rules replace values: what a rewrite frees, and what others need still.
import type { Value } from "../../ir/value.ts";

/** The operands, each once. */
export function distinctOperands({ operands }: Value): Iterable<Value> {
  if (operands.length < 2 || (operands.length === 2 && operands[0] !== operands[1])) return operands;
  return new Set(operands);
}

/** Counts of readers that follow the rewriting. */
export interface Reads {
  /** How many values read it, entry points included. */
  of(value: Value): number;
  /** All that read the one reads the other from now on. */
  replace(before: Value, after: Value): void;
}

/** Without counts to begin with, everything is read once. */
const once: Reads = { of: () => 1, replace: () => undefined };

/**
 * Counts from those of a graph. A value that nothing reads any more no longer reads its operands, and one that comes into
 * being begins to (as in DAG-aware rewriting, Mishchenko, Chatterjee, Brayton 2006). `settled` tells what became of values.
 */
export function makeReads(initial: ReadonlyMap<Value, number> | undefined, settled: ReadonlyMap<Value, Value>): Reads {
  if (!initial) return once;
  const counts = new Map(initial);
  const current = (value: Value): Value => settled.get(value) ?? value;
  const countOf = (value: Value): number => counts.get(value) ?? 0;

  /** Adds readers to a value; where it has its first or loses its last, so do its operands. */
  function change(root: Value, by: number): void {
    const turned = add(root, by) ? [root] : [];
    // All under a value that turns take its direction.
    const step = Math.sign(by);
    for (let value = turned.pop(); value; value = turned.pop()) {
      for (const operand of distinctOperands(value)) {
        const now = current(operand);
        if (add(now, step)) turned.push(now);
      }
    }
  }

  /** True when the value has its first reader by that, or loses its last. */
  function add(value: Value, more: number): boolean {
    const before = countOf(value);
    const after = Math.max(0, before + more);
    counts.set(value, after);
    return before > 0 !== after > 0;
  }

  return {
    of: (value) => Math.max(1, countOf(value)),
    replace(before, after) {
      if (before === after) return;
      const count = Math.max(1, countOf(before));
      // The new one first: what both read keeps its readers.
      change(after, count);
      change(before, -count);
    },
  };
}
