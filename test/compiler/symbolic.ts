/// What the tests of the symbolic engine share: graphs from a few lines, their printed lines, and numbers.
import { expect } from "vitest";
import { named } from "../../ir/traced.ts";
import { evaluateValues } from "../../ir/evaluate.ts";
import { graphRoots, type Graph } from "../../ir/graph.ts";
import { model, type EntryPointRecord } from "../../ir/model.ts";
import { printGraph } from "../../ir/print.ts";
import { elementCount } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { derive } from "../../compiler/passes/all.ts";

const nowhere = { file: "test.ts", line: 1, column: 1 };

/** `const name = make()` of a model file. */
export function as(name: string, make: () => Value): Value {
  return named(name, nowhere, make);
}

/** A graph with one entry point. */
export function graphOf(define: () => EntryPointRecord): Graph {
  return model("test", () => ({ run: define() }));
}

/** The lines of the printed derived graph without types, `name = formula`. */
export function printed(define: () => EntryPointRecord): readonly string[] {
  return printGraph(derive(graphOf(define)))
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim());
}

/** What stands after `name = ` in printed lines. */
export function formula(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.replace(/^output /, "").startsWith(`${name} = `))?.replace(/^.*? = /, "");
}

/** Numbers in (−1, 1) that look random, the same every time. */
export function noise(seed: number): () => number {
  let state = seed * 2654435761 + 12345;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0;
    return ((state >>> 0) / 2 ** 32) * 2 - 1;
  };
}

/** Data for every input, state and setting below the values. */
export function randomFeeds(values: readonly Value[], seed = 1): Map<Value, number[]> {
  const next = noise(seed);
  const feeds = new Map<Value, number[]>();
  for (const leaf of postorder(values)) {
    if (leaf.op.kind !== "leaf" || leaf.op.structural) continue;
    const count = elementCount(leaf.type.shape) as number;
    const draw = leaf.type.dtype === "f32" ? next : () => Math.floor((next() + 1) * 1.5);
    feeds.set(leaf, Array.from({ length: count }, draw));
  }
  return feeds;
}

/** The numbers of one value. */
export function numbers(value: Value, feeds: ReadonlyMap<Value, ArrayLike<number>>): readonly number[] {
  return [...evaluateValues([value], feeds).get(value)!];
}

/** Compares a gradient with central differences of its loss, entry by entry. */
export function expectCentralDifferences(
  loss: Value,
  target: Value,
  gradient: Value,
  feeds: ReadonlyMap<Value, readonly number[]>,
  tolerance = 1e-6,
): void {
  const found = numbers(gradient, feeds);
  const at = feeds.get(target)!;
  const step = 1e-5;
  at.forEach((x, entry) => {
    const [up, down] = [x + step, x - step].map((moved) => {
      const shifted = at.map((each, position) => (position === entry ? moved : each));
      return numbers(loss, new Map([...feeds, [target, shifted]]))[0];
    });
    const expected = (up - down) / (2 * step);
    const scale = Math.max(1, Math.abs(expected));
    expect(
      Math.abs(found[entry] - expected) / scale,
      `entry ${entry}: ${found[entry]}, expected ${expected}`,
    ).toBeLessThan(tolerance);
  });
}

/** The value of an output. */
export function output(graph: Graph, name: string): Value {
  return graph.entryPoints.flatMap((entry) => entry.outputs).find((each) => each.name === name)!.value;
}

/** Names of the ops that a graph computes with. */
export function opNames(graph: Graph): ReadonlySet<string> {
  return new Set(postorder(graphRoots(graph)).map((value) => value.op.name));
}
