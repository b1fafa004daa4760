/// A value called ∂loss/∂x is the whole derivative: what all readers of x add up to. Checked in numbers against the
/// derivative of the model as it is written, on every model that the tests have.
import { describe, expect, it } from "vitest";
import {
  abs,
  adam,
  add,
  attention,
  conv2d,
  dense,
  div,
  exp,
  grad,
  input,
  layerNorm,
  maxPool,
  mean,
  model,
  mul,
  reshape,
  softmax,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  variance,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { derive } from "../../compiler/passes/all.ts";
import { asWritten } from "../../compiler/passes/as-written.ts";
import { bindSizes } from "../../compiler/passes/bind-sizes.ts";
import { evaluateValues } from "../../ir/evaluate.ts";
import { graphValues, type Note } from "../../ir/graph.ts";
import { isDerivative } from "../../ir/ops/derivative.ts";
import type { InputIdentity } from "../../ir/ops/leaf.ts";
import { isFloat, shapeNames } from "../../ir/type.ts";
import { postorder } from "../../ir/value.ts";
import { fixtureSizes, loadSample, passFixtures, samples } from "./passes/corpus.ts";
import { binary } from "./stability/spellings/binary.ts";
import { distributions, labels } from "./stability/spellings/categorical.ts";
import { as, randomFeeds } from "./symbolic.ts";

type Of<S extends readonly number[]> = Tensor<"f32", S>;

/** Random numbers for the leaves; rows of distributions add up to one. */
function feedsOf(values: readonly Value[]): ReadonlyMap<Value, readonly number[]> {
  const feeds = randomFeeds(values, 5);
  for (const [leaf, numbers] of feeds) {
    if (!(leaf.attrs.identity as Partial<InputIdentity> | undefined)?.distribution) continue;
    const width = leaf.type.shape.at(-1) as number;
    const sizes = numbers.map(Math.abs);
    const totals = sizes.map((_, at) => sizes.slice(at - (at % width), at - (at % width) + width));
    const rows = sizes.map((each, at) => each / totals[at].reduce((sum, one) => sum + one, 0));
    feeds.set(leaf, rows);
  }
  return feeds;
}

/** Compares all that is called ∂y/∂x in the derived graph; how many there are. */
function expectWhole(graph: Graph, dims: Readonly<Record<string, number>>): readonly string[] {
  const named = new Map([...graph.notes].flatMap(([value, { name }]) => (name === undefined ? [] : [[name, value]])));
  const derived = derive(graph);
  const found = graphValues(derived).flatMap((value) => {
    const [, y, x] = /^∂(.+)\/∂(.+)$/.exec(derived.notes.get(value)?.name ?? "") ?? [];
    const [loss, target] = [named.get(y), named.get(x)];
    const isTaken =
      loss && target && isFloat(target.type.dtype) && !isDerivative(target) && postorder([loss]).includes(target);
    return isTaken ? [{ name: `∂${y}/∂${x}`, value, whole: grad(loss as never, target as never) as Value }] : [];
  });
  const outputs = found.flatMap(({ name, value, whole }) => [
    { name, value },
    { name: `all of ${name}`, value: whole },
  ]);
  const written = asWritten({ ...graph, entryPoints: [{ name: "run", outputs, updates: [] }] });
  const used = new Set(postorder(outputs.map(({ value }) => value)).flatMap(({ type }) => shapeNames(type.shape)));
  const sizes = Object.fromEntries(Object.entries(dims).filter(([name]) => used.has(name)));
  const bound = bindSizes(written, sizes).entryPoints[0].outputs.map(({ value }) => value);
  const numbers = evaluateValues(bound, feedsOf(bound));
  found.forEach(({ name }, position) => {
    const [mine, whole] = [0, 1].map((side) => numbers.get(bound[2 * position + side])!);
    const scale = Math.max(1e-3, ...[...whole].map(Math.abs));
    const furthest = Math.max(0, ...[...mine].map((each, at) => Math.abs(each - whole[at])));
    expect(furthest / scale, `${graph.name}: ${name}`).toBeLessThan(1e-3);
  });
  return found.map(({ name }) => name);
}

/** The graph with a name for every float that is computed. */
function allNamed(graph: Graph): Graph {
  const notes = new Map<Value, Note>(graph.notes);
  let count = 0;
  for (const value of graphValues(graph)) {
    const { kind } = value.op;
    if (kind === "leaf" || kind === "derivative" || !isFloat(value.type.dtype)) continue;
    notes.set(value, { ...notes.get(value), name: `value${count++}` });
  }
  return { ...graph, notes };
}

/** A model that normalises a convolution over its batch. */
const statistics = (): Graph =>
  model("statistics", () => {
    const x = input("x", "f32", [3, 1, 4, 4]);
    const k = input("k", "f32", [3, 2, 4, 4]);
    const axes = { axes: [0, 2, 3], keepAxes: true } as const;
    const c2 = as("c2", () => conv2d(x, 2, 3, { padding: "same", bias: false })) as Of<[3, 2, 4, 4]>;
    const mu = as("mu", () => mean(c2, axes)) as Of<[1, 2, 1, 1]>;
    const n = as("n", () => div(sub(c2, mu), sqrt(add(variance(c2, axes), 1e-5)))) as Of<[3, 2, 4, 4]>;
    const loss = as("loss", () => sum(mul(k, square(n)))) as Of<readonly []>;
    return { train: { loss, update: adam(loss) } };
  });

/** Losses of z that rules rewrite past a value with a name. */
const past: Readonly<Record<string, (z: Value, y: Value) => Value>> = {
  "a sum known by its parts": (z, y) => {
    const p = as("p", () => softmax(z as never)) as Of<[3, 4]>;
    const total = as("total", () => sum(p, { axis: 1, keepAxes: true } as never)) as never;
    return sum(mul(div(p, total), y as never));
  },
  "a value that cannot be negative": (z, y) => {
    const e = as("e", () => exp(z as never)) as never;
    const a = as("a", () => abs(e)) as never;
    return sum(mul(mul(a, e), y as never));
  },
  "a layout that is undone": (z, y) => {
    const flat = as("flat", () => reshape(z as never, [12])) as never;
    const back = as("back", () => reshape(flat, [3, 4])) as never;
    return add(sum(mul(tanh(back), y as never)), sum(square(flat) as never)) as Value;
  },
  "differences of shifts": (z, y) => {
    const low = as("low", () => sub(z as never, 3)) as never;
    const p = as("p", () => softmax(low)) as never;
    return add(sum(mul(p, y as never)), sum(mul(low, y as never)));
  },
};

const picture = (): Graph =>
  model("picture", () => {
    const image = input("image", "f32", [2, 1, 8, 8]);
    const c1 = as("c1", () => conv2d(image, 3, 3)) as never;
    const pooled = as("pooled", () => maxPool(tanh(c1) as never, 2)) as never;
    const loss = as("loss", () => add(mean(mul(pooled, pooled)), mean(c1))) as Of<readonly []>;
    return { train: { loss, update: adam(loss) } };
  });

const sentence = (): Graph =>
  model("sentence", () => {
    const words = as("words", () => input("words", "f32", [2, 4, 8])) as Of<[2, 4, 8]>;
    const first = as("first", () => layerNorm(words)) as Of<[2, 4, 8]>;
    const stream = as("stream", () => add(words, attention(first, 2) as never)) as Of<[2, 4, 8]>;
    const last = as("last", () => layerNorm(stream)) as Of<[2, 4, 8]>;
    const scores = as("scores", () => dense(last, 5)) as Of<[2, 4, 5]>;
    const loss = as("loss", () => softmaxCrossEntropy(scores, input("next", "i32", [2, 4]))) as Of<readonly []>;
    return { train: { loss, update: adam(loss) } };
  });

describe("what is called a derivative is all of it", () => {
  it.each(samples)("sample $name", async ({ name, dims }) => {
    const graph = await loadSample(name);
    expect(expectWhole(graph, dims).length).toBeGreaterThan(1);
    expect(expectWhole(allNamed(graph), dims).length).toBeGreaterThan(1);
  });

  it.each(Object.entries({ statistics, picture, sentence }))("of a network: %s", (_, make) => {
    expect(expectWhole(make(), {}).length).toBeGreaterThan(1);
    expect(expectWhole(allNamed(make()), {}).length).toBeGreaterThan(1);
  });

  it("is there for a convolution whose statistics are read as well", () => {
    const names = expectWhole(statistics(), {});
    expect(names).toContain("∂loss/∂n");
    expect(names).toContain("∂loss/∂c2.weight");
    expect(names).toContain("∂loss/∂c2");
  });

  it.each(Object.keys(past))("past %s", (name) => {
    const graph = model(name, () => {
      const [z, y] = ["z", "y"].map((each) => as(each, () => input(each, "f32", [3, 4])));
      const loss = as("loss", () => past[name](z, y));
      return { run: { loss, dz: grad(loss as never, z as never) } } as never;
    });
    expect(expectWhole(graph, {}).length).toBeGreaterThan(0);
    expectWhole(allNamed(graph), {});
  });

  const families = [binary, distributions, labels];
  it.each(families.map((family) => [family.name, family] as const))("in every spelling of %s", (_, family) => {
    for (const spelling of Object.values(family.spellings)) {
      const graph = model("spelling", () => {
        const made = family.leaves();
        const loss = as("loss", () => spelling(made)) as never;
        return { run: { loss, gradient: grad(loss, made.z as never) } };
      });
      expectWhole(allNamed(graph), {});
    }
  });

  it("in every graph of a file", () => {
    const names = passFixtures().flatMap(({ graph }) => expectWhole(graph, fixtureSizes));
    // What lies below a derivative within a loss is a letter in it when it is asked for: a derivative of another function.
    const plain = passFixtures().filter(
      ({ graph }) =>
        !graphValues(graph).some((value) => isDerivative(value) && postorder(value.operands).some(isDerivative)),
    );
    for (const { graph } of plain) expectWhole(allNamed(graph), fixtureSizes);
    expect(names.length).toBeGreaterThan(9);
  });
});
