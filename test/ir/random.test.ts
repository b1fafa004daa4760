// Random numbers as the interpreter draws them: known bits, and moments that a seed settles once and for all.
import { describe, expect, test } from "vitest";
import { evaluateValues } from "../../ir/evaluate.ts";
import {
  add,
  bernoulli,
  cast,
  constant,
  dense,
  dropout,
  dropoutMask,
  evaluate,
  foldIn,
  input,
  model,
  randomBits,
  randomKey,
  randomNormal,
  randomUniform,
  scan,
  sgd,
  state,
  sum,
  training,
  where,
  type Graph,
  type Tensor,
  type Value,
} from "../../ir/index.ts";
import { threefry, threefryWords, type Words } from "../../ir/ops/random.ts";
import { verifyGraph } from "../../ir/verify.ts";
import * as runtime from "../../runtime/random.ts";

const u32 = (number: number): Tensor<"u32", readonly []> => constant(number, "u32");
const drawOf = (number: number) => ({ seed: 7, draw: u32(number) });
const numbersOf = (value: Value): Float64Array => evaluateValues([value], new Map()).get(value)!;

describe("Threefry-2x32, 20 rounds", () => {
  // Random123, tests/kat_vectors: counter, key, result.
  test.each<[Words, Words, Words]>([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x243f6a88, 0x85a308d3],
      [0x13198a2e, 0x03707344],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])("of counter %o and key %o is %o", (counter, key, words) => {
    expect(threefryWords(key, counter)).toEqual(words);
    const [keys, counters] = [key, counter].map((pair) => [u32(pair[0]), u32(pair[1])] as const);
    expect([0, 1].map((word) => [...numbersOf(threefry(word as 0 | 1, keys, counters))])).toEqual(
      words.map((w) => [w]),
    );
  });
  test("the runtime draws initial values from the same function", () => {
    for (let i = 0; i < 50; i++) {
      const [key, counter] = [threefryWords([i, 1], [2, 3]), threefryWords([i, 4], [5, 6])];
      expect(runtime.threefry(key, counter)).toEqual(threefryWords(key, counter));
    }
    const seed = 2 ** 40 + 12345;
    const [low] = numbersOf(randomBits(randomKey({ seed, draw: u32(0) }), []));
    const [first, second] = runtime.seedKey(seed);
    expect(low).toBe(threefryWords([first, (second + 0x9e3779b9) >>> 0], [0, 0])[0]);
  });
});

const count = 1 << 15;
const mean = (numbers: ArrayLike<number>): number => Array.from(numbers).reduce((a, b) => a + b, 0) / numbers.length;
const moment = (numbers: Float64Array, order: number): number => {
  const center = mean(numbers);
  return mean(numbers.map((each) => (each - center) ** order));
};
/** Of N independent pairs it has a standard deviation of 1/√N. */
const correlation = (a: Float64Array, b: Float64Array): number => {
  const [ma, mb] = [mean(a), mean(b)];
  return mean(a.map((each, i) => (each - ma) * (b[i] - mb))) / Math.sqrt(moment(a, 2) * moment(b, 2));
};
const fourDeviations = 4 / Math.sqrt(count);

describe("distributions", () => {
  const drawn = numbersOf(randomUniform(randomKey(drawOf(0)), [count]));
  test("uniform numbers fill [0, 1) evenly", () => {
    expect(mean(drawn)).toBeCloseTo(0.5, 2);
    expect(moment(drawn, 2)).toBeCloseTo(1 / 12, 2);
    const bins = new Array<number>(16).fill(0);
    for (const each of drawn) bins[Math.floor(each * 16)]++;
    // χ² of 15 degrees of freedom stays below 37.7 in 999 of 1000 draws.
    const expected = count / 16;
    expect(bins.reduce((total, found) => total + (found - expected) ** 2 / expected, 0)).toBeLessThan(37.7);
  });
  test("uniform numbers of other ranges stay below their end", () => {
    const numbers = numbersOf(randomUniform(randomKey(drawOf(0)), [count], { low: -2, high: 3 }));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...numbers)).toBeLessThan(3);
    expect(mean(numbers)).toBeCloseTo(0.5, 1);
  });
  test("normal numbers have the moments of a normal distribution", () => {
    const numbers = numbersOf(randomNormal(randomKey(drawOf(0)), [count], { mean: 1, deviation: 2 }));
    expect(Math.abs(mean(numbers) - 1)).toBeLessThan(2 * fourDeviations);
    expect(moment(numbers, 2) / 4).toBeCloseTo(1, 1);
    expect(Math.abs(moment(numbers, 3) / 8)).toBeLessThan(0.1);
    expect(moment(numbers, 4) / 16).toBeCloseTo(3, 0);
  });
  test("masks hold as often as they should", () => {
    const key = randomKey(drawOf(0));
    const near = (mask: Value, share: number): void =>
      expect(Math.abs(mean(numbersOf(mask)) - share)).toBeLessThan(0.4 * fourDeviations);
    near(bernoulli(key, 0.2, [count]), 0.2);
    near(dropoutMask(key, 0.2, [count]), 0.8);
  });
  test("neighbours, draws, keys and words have nothing to do with each other", () => {
    const key = randomKey(drawOf(0));
    const others = [
      drawn.map((_, i) => drawn[(i + 1) % count]),
      numbersOf(randomUniform(randomKey(drawOf(1)), [count])),
      numbersOf(randomUniform(randomKey({ seed: 8, draw: u32(0) }), [count])),
      numbersOf(randomUniform(foldIn(key, 0), [count])),
      numbersOf(randomUniform(foldIn(key, 1), [count])),
      numbersOf(randomNormal(key, [count])),
    ];
    // Normals share their first word with uniforms of the same key: only their signs are free of it.
    const all = [drawn, ...others.slice(0, -1)];
    all.forEach((a, i) =>
      all.slice(0, i).forEach((b) => expect(Math.abs(correlation(a, b))).toBeLessThan(fourDeviations)),
    );
  });
});

/** Two dropouts, a training and a plain entry point. */
function dropped(rate = 0.5): Graph {
  return model("dropped", () => {
    const x = input("x", "f32", ["batch", 64]);
    const first = dropout(x, rate);
    const second = dropout(x, rate);
    const total = sum(dense(add(first, second), 1));
    return { predict: { first, second, total }, train: { first, second, total, update: sgd(total) } };
  });
}

const ones = new Float64Array(64).fill(1);
const states = (draw: number) => ({ "dense_0.weight": ones, "dense_0.bias": [0], key: [5, 0], "random.draw": [draw] });
function trained(graph: Graph, draw: number) {
  const update = [...graph.entryPoints[1].updates];
  const outputs = graph.entryPoints[1].outputs;
  // Gradients are no part of this test.
  const kept = update.filter(({ state }) => state.type.dtype === "u32");
  const entryPoints = [graph.entryPoints[0], { name: "train", outputs, updates: kept }];
  return evaluate({ ...graph, entryPoints }, { x: ones, ...states(draw) }, { entry: "train" });
}

describe("dropout", () => {
  test("leaves inputs alone where nothing trains, and reads no random numbers there", () => {
    const graph = dropped();
    const { outputs } = evaluate(graph, { x: ones, "dense_0.weight": ones, "dense_0.bias": [0] }, { entry: "predict" });
    expect([...outputs.first]).toEqual([...ones]);
    verifyGraph(graph);
  });
  test("drops and scales in training, differently at each place and each step, the same for the same state", () => {
    const graph = dropped();
    const [a, b, again] = [0, 1, 0].map((draw) => trained(graph, draw));
    expect(new Set(a.outputs.first)).toEqual(new Set([0, 2]));
    expect(a.outputs.first).not.toEqual(a.outputs.second);
    expect(a.outputs.first).not.toEqual(b.outputs.first);
    expect(again.outputs).toEqual(a.outputs);
    expect([a, b].map(({ states }) => states["random.draw"][0])).toEqual([1, 2]);
  });
  test("keeps names unique: the form without it is marked", () => {
    const graph = dropped();
    const names = [...graph.notes.values()].flatMap(({ name }) => name ?? []);
    expect(names).toContain("total");
    const marked = names.filter((name) => name.endsWith(".inference"));
    expect(marked.sort()).toEqual(["dense_0.linear.inference", "total.inference"]);
  });
});

describe("training()", () => {
  test("is the answer of each entry point, and only what was chosen is left", () => {
    const graph = model("modes", () => {
      const [x, seen] = [input("x", "f32", [2]), state([2], { name: "seen" })];
      const y = where(training(), add(x, 1), x);
      return { use: { y, mode: training() }, learn: { y, mode: training(), update: [{ state: seen, value: y }] } };
    });
    const at = (entry: string) => evaluate(graph, { x: [1, 2] }, { entry }).outputs;
    expect([...at("use").y, ...at("use").mode]).toEqual([1, 2, 0]);
    expect([...at("learn").y, ...at("learn").mode]).toEqual([2, 3, 1]);
  });
});

describe("training() in the body of a loop", () => {
  test("is answered there as well, and a key for each place draws anew", () => {
    const graph = model("loop", () => {
      const kept = state([4], { name: "kept" });
      const key = randomKey();
      const { outputs } = scan(
        ([h]: readonly Value[], _: readonly Value[], position) => {
          const own = foldIn(key, cast(position, "u32") as Tensor<"u32", readonly []>);
          return { carry: [h], outputs: [dropout(h, 0.5, { key: own })] };
        },
        { initial: [constant(1, "f32", [16])] as readonly Value[], length: 3 },
      );
      return { use: { rows: outputs[0] }, learn: { rows: outputs[0], update: [{ state: kept, value: kept }] } };
    });
    const at = (entry: string) => [
      ...evaluate(graph, { key: [5, 0], "random.draw": [0], kept: [0, 0, 0, 0] }, { entry }).outputs.rows,
    ];
    expect(at("use")).toEqual(new Array(48).fill(1));
    const rows = at("learn");
    expect(new Set(rows)).toEqual(new Set([0, 2]));
    expect(rows.slice(0, 16)).not.toEqual(rows.slice(16, 32));
    expect(graph.entryPoints[1].updates.map((update) => graph.notes.get(update.state)!.name)).toContain("random.draw");
  });
});

describe("the counter of draws", () => {
  const updates = (graph: Graph): readonly (readonly string[])[] =>
    graph.entryPoints.map((entry) => entry.updates.map(({ state }) => graph.notes.get(state)!.name!));
  test("goes on in training entry points that draw, and in no others", () => {
    const graph = model("counts", () => {
      const kept = state([], { name: "kept" });
      const noise = randomNormal(randomKey(), []);
      return {
        sample: { noise },
        draws: { noise, update: [{ state: kept, value: noise }] },
        rests: { update: [{ state: kept, value: add(kept, 1) }] },
      };
    });
    expect(updates(graph)).toEqual([[], ["kept", "random.draw"], ["kept"]]);
    expect(graph.states.map((each) => graph.notes.get(each)!.name)).toEqual(["kept", "random.draw", "key"]);
  });
  test("is no part of models that draw nothing, or draw by counters of their own", () => {
    const names = (graph: Graph) => graph.states.map((each) => graph.notes.get(each)!.name);
    const own = model("own", () => {
      const step = input("step", "u32", []);
      return { sample: { noise: randomUniform(randomKey({ seed: 3, draw: step }), [2]) } };
    });
    expect(names(own)).toEqual([]);
    expect(names(model("none", () => ({ keep: { w: add(state([], { name: "w" }), 1) } })))).toEqual(["w", "key"]);
  });
});
