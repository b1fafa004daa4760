/// What is compared with elements of its own is computed once: two kernels may round the same formula differently.
import { describe, expect, it } from "vitest";
import {
  acos,
  add,
  ceil,
  dense,
  div,
  equal,
  exp,
  floor,
  gelu,
  grad,
  greater,
  greaterEqual,
  input,
  log,
  max,
  maximum,
  mean,
  min,
  minimum,
  model,
  mul,
  neg,
  or,
  pad,
  pow,
  relu,
  rsqrt,
  scan,
  sigmoid,
  sign,
  slice,
  sort,
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

/** What is selected from a chain. */
const plain = (select: (y: Value) => Value): Graph =>
  model("plain", () => ({ run: { result: select(chain(input("x", "f32", [64, 32]))) } }));

const kthOf = (y: Value, k: number): never => never(slice(topK(never(y), k).values, [null, [k - 1, k]]));
const firstOf = (y: Value): never => kthOf(y, 1);
const secondOf = (y: Value): never => kthOf(y, 2);

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
  "the largest two of rows, by the signs of differences": selecting((y) =>
    mul(add(1, sign(sub(never(y), secondOf(y)))), tanh(never(y))),
  ),
  "the largest of rows, by whole numbers": selecting((y) => mul(floor(div(never(y), firstOf(y))), tanh(never(y)))),
  "the largest two of rows, by multiples": selecting((y) =>
    where(greaterEqual(mul(2, never(y)), mul(2, secondOf(y))) as never, tanh(never(y)), 0),
  ),
  "the signs of what lies beside the median": plain((y) => {
    const median = slice(sort(never(y)), [null, [16, 17]]);
    return sign(sub(never(y), never(median)));
  }),
  "how far it is to the largest of the row": plain((y) => sqrt(sub(firstOf(y), never(y)))),
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

  it("is computed by one kernel where their difference decides: at a jump or a singular point", () => {
    const deciding: Readonly<Record<string, (y: never) => Value>> = {
      "a multiple and a number beside it": (y) => greaterEqual(add(1, mul(2, sub(y, secondOf(y)))), 1),
      "a factor of what decides": (y) => greaterEqual(mul(sub(y, secondOf(y)), add(2, y)), 0),
      "a hinge": (y) => greater(relu(sub(y, secondOf(y))), 0),
      "a sign": (y) => sign(neg(sub(y, secondOf(y)))),
      "a whole number": (y) => ceil(mul(3, sub(y, secondOf(y)))),
      "a root of a share": (y) => sqrt(div(sub(firstOf(y), y), 3)),
      "a logarithm, bounded": (y) => log(maximum(sub(y, kthOf(y, 32)), 1e-6)),
      "a power": (y) => pow(sub(firstOf(y), y), 0.3),
      "a reciprocal": (y) => div(1, add(sub(firstOf(y), y), 1e-6)),
      "an inverse root": (y) => rsqrt(add(sub(firstOf(y), y), 1e-6)),
      "an angle": (y) => acos(div(y, firstOf(y))),
      "a quotient, less what it is where both are equal": (y) => ceil(sub(div(y, firstOf(y)), 1)),
    };
    const times = Object.entries(deciding).map(([name, of]) => [
      name,
      timesOf(
        plain((y) => of(never(y))),
        "sigmoid",
      ),
    ]);
    expect(times).toEqual(Object.keys(deciding).map((name) => [name, 1]));
  });

  it("is computed again where nothing jumps as they meet", () => {
    const smooth: Readonly<Record<string, (y: never) => Value>> = {
      "an exponential": (y) => exp(sub(y, firstOf(y))),
      "a difference": (y) => sub(y, firstOf(y)),
      "a square": (y) => pow(sub(y, firstOf(y)), 2),
      "a root, far from 0": (y) => sqrt(add(1, sub(firstOf(y), y))),
      "a bound, far from 0": (y) => minimum(sub(y, firstOf(y)), 80),
      "a bound, far from 0, of what is measured in something else": (y) => {
        const scaled = div(y, exp(y));
        return minimum(sub(scaled, firstOf(scaled)), 80);
      },
      "a sum": (y) => sqrt(add(y, firstOf(y))),
      "a quotient": (y) => sqrt(div(y, firstOf(y))),
      "a multiple of itself": (y) => exp(sub(maximum(y, mul(0.01, y)), firstOf(y))),
    };
    for (const [name, of] of Object.entries(smooth))
      expect(
        timesOf(
          plain((y) => of(never(y))),
          "sigmoid",
        ),
        name,
      ).toBeGreaterThan(1);
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
