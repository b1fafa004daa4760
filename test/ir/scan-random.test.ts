// What a step of a loop draws: other numbers at every place, unless its key comes from outside.
import { describe, expect, test } from "vitest";
import {
  add,
  cast,
  constant,
  dropout,
  evaluate,
  foldIn,
  model,
  mul,
  randomKey,
  randomUniform,
  scan,
  state,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";

describe("random numbers in a step", () => {
  const rows = (graph: Graph, entry = "learn"): readonly (readonly number[])[] => {
    const { outputs } = evaluate(graph, { key: [5, 0], "random.draw": [0], kept: [0] }, { entry });
    const drawn = [...outputs.rows];
    return [0, 1, 2].map((row) => drawn.slice(row * 16, row * 16 + 16));
  };
  const drawing = (step: (h: Tensor<"f32", readonly [16]>, position: Tensor<"i32", readonly []>) => Value) =>
    model("loop", () => {
      const kept = state([], { name: "kept" });
      const { outputs } = scan(([h], _, position) => ({ carry: [h], outputs: [step(h, position)] }), {
        initial: [constant(1, "f32", [16])],
        length: 3,
      });
      return { use: { rows: outputs[0] }, learn: { rows: outputs[0], update: [{ state: kept, value: kept }] } };
    });
  test("are others at every place where the step makes the key, as dropout does", () => {
    const graph = drawing((h) => dropout(h, 0.5));
    const [first, second, third] = rows(graph);
    expect(new Set([...first, ...second, ...third])).toEqual(new Set([0, 2]));
    for (const [a, b] of [[first, second] as const, [second, third] as const, [first, third] as const])
      expect(a).not.toEqual(b);
    expect(new Set(rows(graph, "use").flat())).toEqual(new Set([1]));
  });
  test("are the same at every place where the key is made outside: one mask for all steps", () => {
    const graph = model("loop", () => {
      const kept = state([], { name: "kept" });
      const key = randomKey();
      const { outputs } = scan(([h]) => ({ carry: [h], outputs: [dropout(h, 0.5, { key })] }), {
        initial: [constant(1, "f32", [16])],
        length: 3,
      });
      return { learn: { rows: outputs[0], update: [{ state: kept, value: kept }] } };
    });
    const [first, second, third] = rows(graph);
    expect([second, third]).toEqual([first, first]);
    expect(new Set(first)).toEqual(new Set([0, 2]));
  });
  test("differ between a loop and the loop around it, at all pairs of places", () => {
    const graph = model("nested", () => {
      const { outputs } = scan(
        () => {
          const inner = scan(() => ({ carry: [], outputs: [randomUniform(randomKey({ seed: 3 }), [])] }), {
            ...{ initial: [], length: 5 },
          });
          return { carry: [], outputs: [inner.outputs[0]] };
        },
        { initial: [], length: 4 },
      );
      return { run: { rows: outputs[0] } };
    });
    const { outputs } = evaluate(graph, { "random.draw": [0], key: [0, 0] });
    expect(new Set(outputs.rows).size).toBe(20);
  });
  test("are those of another key where it is folded in", () => {
    const graph = drawing((h, position) => {
      const key = foldIn(randomKey(), cast(position, "u32"));
      return add(randomUniform(key, [16]), mul(0, h));
    });
    const [first, second] = rows(graph, "use");
    expect(first).not.toEqual(second);
  });
});
