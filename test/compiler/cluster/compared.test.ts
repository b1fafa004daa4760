/// What is compared with elements of its own is computed once: two kernels may round the same formula differently.
import { describe, expect, it } from "vitest";
import {
  add,
  dense,
  div,
  equal,
  gelu,
  grad,
  greaterEqual,
  input,
  max,
  mean,
  min,
  model,
  mul,
  or,
  pad,
  scan,
  sigmoid,
  slice,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  topK,
  where,
  windows,
  type Graph,
  type Value,
} from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { descend } from "../../../compiler/cluster/descend.ts";
import { elementCount } from "../../../ir/type.ts";
import { expectRight } from "../agree.ts";

const never = (value: Value): never => value as never;

/** A chain of nothing but cheap functions, which every kernel that reads it would compute. */
const chain = (x: Value): Value => sqrt(add(0.2137, mul(0.57, sigmoid(never(x)))));

/** A loss of what is selected from a chain, with its gradient. */
const selecting = (select: (y: Value, x: Value) => Value, of = chain): Graph =>
  model("selecting", () => {
    const x = input("x", "f32", [64, 32]);
    const loss = mean(square(never(select(of(x), x))));
    return { run: { loss, slope: grad(loss, x) } };
  });

const windowsOf = (y: Value): Value => windows(pad(never(y), [[1, 1], [0, 0]]), { axis: 0, size: 3 }); // prettier-ignore

const peaksOf = (y: Value): never => never(max(never(windowsOf(y)), { axis: 1 }));

const models: Readonly<Record<string, Graph>> = {
  "the largest of windows": selecting(peaksOf),
  "the smallest of windows": selecting((y) => min(never(windowsOf(y)), { axis: 1 })),
  "the largest of rows, less that of columns": selecting((y) =>
    sub(max(never(y), { axis: 1, keepAxes: true }), max(never(y), { axis: 0, keepAxes: true })),
  ),
  "the largest two of rows": selecting((y) =>
    where(greaterEqual(never(y), slice(topK(never(y), 2).values, [null, [1, 2]])) as never, tanh(never(y)), 0),
  ),
  "what is 0 less than the largest of its row, or the whole of that of its column": selecting((y) => {
    const [ofRow, ofColumn] = [1, 0].map((axis) => never(max(never(y), { axis, keepAxes: true })));
    const kept = or(equal(sub(never(y), ofRow), 0), greaterEqual(div(never(y), ofColumn), 1));
    return where(kept, tanh(never(y)), 0);
  }),
  "the largest of units": selecting(
    (y) => max(never(y), { axis: 0 }),
    (x) => gelu(dense(never(x), 24)),
  ),
  "the largest of windows in a loop": selecting((y) => {
    const { outputs } = scan(
      ([h], [row]) => {
        const padded = pad(never(chain(add(h!, row!))), [[1, 1]]);
        const largest = max(never(windows(padded, { axis: 0, size: 3 })), { axis: 1 });
        return { carry: [largest], outputs: [largest] };
      },
      { initial: [mean(never(y), { axis: 0 })] as readonly Value[], sequences: [y] as readonly Value[] },
    );
    return outputs[0]!;
  }),
};

const planned = (graph: Graph) => compileWithFacts(graph).entries[0].plan.steps.map(({ traffic }) => traffic);

/** In how many kernels a function is computed. */
const timesOf = (graph: Graph, name: string): number =>
  planned(graph).filter(({ stores, loads }) => {
    const loaded = new Set(loads);
    let found = false;
    descend(stores, (value) => {
      found ||= value.op.name === name && !loaded.has(value);
      return !loaded.has(value);
    });
    return found;
  }).length;

describe.each(Object.entries(models))("%s", (_, graph) => {
  it("have the right gradient", () => expectRight(graph));
});

describe("what is compared with elements of its own", () => {
  it("is computed by one kernel", () => {
    for (const name of [
      "the largest of windows",
      "the largest of rows, less that of columns",
      "the largest two of rows",
    ])
      expect(timesOf(models[name], "sqrt"), name).toBe(1);
  });

  it("is computed again where all round it alike: a sum of inputs", () => {
    const graph = model("tropical", () => {
      const [a, b] = [input("a", "f32", [64, 1]), input("b", "f32", [32])];
      const largest = max(add(a, b), { axis: 0 });
      const loss = mean(square(div(largest, sum(largest))));
      return { run: { loss, slope: grad(loss, a) } };
    });
    expect(timesOf(graph, "equal")).toBeGreaterThan(0);
    const counts = planned(graph).flatMap(({ stores }) => stores.map(({ type }) => elementCount(type.shape)));
    expect(Math.max(...(counts as number[]))).toBeLessThanOrEqual(64);
  });
});
