/// Names are for reading. Whichever values of a model have one, the same program comes out: values, kernels and their cost.
import {
  add,
  adam,
  attention,
  conv2d,
  dense,
  div,
  exp,
  grad,
  input,
  layerNorm,
  log,
  maxPool,
  mean,
  model,
  mul,
  neg,
  param,
  relu,
  scan,
  softmaxCrossEntropy,
  sub,
  sum,
  tanh,
  transpose,
  where,
  greater,
  matmul,
  type Graph,
  type Value,
} from "chainrule";
import { describe, expect, it } from "vitest";
import { compileWithFacts } from "../../compiler/compile.ts";
import { derive } from "../../compiler/passes/all.ts";
import { deriveReading, stopAt, valueNamed } from "../../compiler/passes/stop-at.ts";
import { report } from "../../compiler/report.ts";
import { graphRoots, livingValues, type Note } from "../../ir/graph.ts";
import { bodyResults, scanBody, scanOp, withBodies } from "../../ir/ops/scan.ts";
import { printGraph } from "../../ir/print.ts";
import { loadSample, samples } from "./passes/corpus.ts";
import { binary } from "./stability/spellings/binary.ts";
import { distributions, labels } from "./stability/spellings/categorical.ts";
import type { Family } from "./stability/spellings/family.ts";

type Dims = Readonly<Record<string, number>>;

/** The graph with a name for every value that is computed, or for none of them. */
function renamed(graph: Graph, nameOf: (count: number) => string | undefined): Graph {
  const notes = new Map<Value, Note>(graph.notes);
  let count = 0;
  for (const value of livingValues(graph)) {
    if (value.op.kind === "leaf") continue;
    notes.set(value, { ...notes.get(value), name: nameOf(count++) });
  }
  return { ...graph, notes };
}

/** What a model costs, kernel by kernel; what kernels are called is not compared. */
function costOf(graph: Graph, dims: Dims) {
  const { entryPoints } = report(compileWithFacts(graph, { dims }));
  return Object.values(entryPoints).map(({ kernels, residuals, wgslBytes: _, ...figures }) => ({
    ...figures,
    kernels: kernels.map(({ dispatch, flops, bytes }) => ({ dispatch, flops, bytes })),
    residuals: residuals.map(({ shape, bytes }) => ({ shape, bytes })),
  }));
}

/** Ops and who reads whom: the bodies of loops are new objects each time. */
const outline = (graph: Graph): string => {
  const values = withBodies(graphRoots(graph));
  const places = new Map(values.map((value, place) => [value, place]));
  return values
    .map(({ op, operands }) => `${op.name}(${operands.map((each) => places.get(each)).join(" ")})`)
    .join("\n");
};

function expectSameProgram(graph: Graph, dims: Dims): void {
  const [all, none] = [renamed(graph, (count) => `value${count}`), renamed(graph, () => undefined)];
  expect(outline(derive(all))).toBe(outline(derive(none)));
  expect(outline(derive(all))).toBe(outline(derive(graph)));
  expect(costOf(all, dims)).toEqual(costOf(none, dims));
}

function lossOf({ leaves }: Family, spelling: Family["canonical"]): Graph {
  return model("spelling", () => {
    const made = leaves();
    const loss = spelling(made);
    return { run: { loss, gradient: grad(loss as never, made.z as never) } };
  });
}

const recurrent = (): Graph =>
  model("recurrent", () => {
    const x = input("x", "f32", [5, 2, 3]);
    const w = param([3, 3], { name: "w" });
    const start = input("start", "f32", [2, 3]);
    const {
      carry: [last],
    } = scan(([h], [each]) => ({ carry: [tanh(add(matmul(h, w), each))] }), { initial: [start], sequences: [x] });
    const loss = mean(mul(last, last));
    return { train: { loss, update: adam(loss) } };
  });

const picture = (): Graph =>
  model("picture", () => {
    const image = input("image", "f32", [2, 1, 8, 8]);
    const pooled = maxPool(relu(conv2d(image, 3, 3)), 2);
    const loss = mean(mul(pooled, pooled));
    return { train: { loss, update: adam(loss) } };
  });

const sentence = (): Graph =>
  model("sentence", () => {
    const words = input("words", "f32", [2, 4, 8]);
    const stream = add(words, attention(layerNorm(words), 2));
    const loss = softmaxCrossEntropy(dense(layerNorm(stream), 5), input("next", "i32", [2, 4]));
    return { train: { loss, update: adam(loss) } };
  });

/** Each holds a value whose readers decide whether a rule applies. */
const decided: Readonly<Record<string, (x: Value, y: Value) => Value>> = {
  "a sum of a sum": (x) => sum(sum(x as never, { axis: 1 }) as never),
  "a transposed product": (x, y) => sum(mul(transpose(matmul(x as never, y as never)), y as never) as never),
  "terms that cancel": (x, y) => sum(sub(mul(x, add(y, 1)), mul(x, y)) as never),
  "a selection": (x, y) => sum(where(greater(x as never, 0), div(x as never, y as never), 0) as never),
  "selections of one condition": (x, y) =>
    sum(add(where(greater(x as never, 0), x as never, 0), where(greater(x as never, 0), y as never, 0)) as never),
  "a sum of exponentials": (x) => sum(neg(log(sum(exp(x as never), { axis: 1 }))) as never),
};

describe("the same program, whatever has names", () => {
  it.each(samples)("sample $name", async ({ name, dims }) => expectSameProgram(await loadSample(name), dims));

  it.each([
    ["a loop", recurrent],
    ["convolution and pooling", picture],
    ["attention and normalization", sentence],
  ])("%s", (_, make) => expectSameProgram(make(), {}));

  it.each(Object.keys(decided))("%s", (name) => {
    const graph = model("decided", () => {
      const [x, y] = [input("x", "f32", [4, 4]), input("y", "f32", [4, 4])];
      const loss = decided[name](x, y);
      return { run: { loss, dx: grad(loss as never, x) } };
    });
    expectSameProgram(graph, {});
  });

  const spelt = [binary, distributions, labels].flatMap((family) =>
    Object.entries(family.spellings).map(([name, spelling]) => [`${family.name}, ${name}`, family, spelling] as const),
  );
  it.each(spelt.filter((_, place) => place % 8 === 0))("%s", (_, family, spelling) =>
    expectSameProgram(lossOf(family, spelling), {}),
  );
});

describe("a name that somebody asks for", () => {
  const graph = model("named", () => {
    const x = input("x", "f32", [4, 4]);
    const inner = sum(x, { axis: 1 });
    const loss = sum(inner);
    return { run: { loss } };
  });
  const [loss] = graphRoots(graph);
  const named = { ...graph, notes: new Map([...graph.notes, [loss.operands[0], { name: "inner" }]]) };

  it("is gone with its value", () => {
    expect(printGraph(derive(named))).not.toContain("inner");
    expect(() => valueNamed(derive(named), "inner")).toThrow("inner");
  });

  it("stays where the graph is cut at it", () => {
    const text = printGraph(stopAt(deriveReading(named, ["inner"], derive), ["inner"]));
    expect(text).toContain("letter inner: f32[4]");
    expect(text).toContain("output loss = sum(inner)");
  });

  it("stays inside of loops as long as its value does", () => {
    const derived = derive(renamed(recurrent(), (count) => `value${count}`));
    const loops = [...livingValues(derived)].filter(({ op }) => op === scanOp);
    const inner = loops.flatMap(({ attrs }) => bodyResults(scanBody(attrs)));
    expect(inner.some((value) => derived.notes.get(value)?.name?.startsWith("value"))).toBe(true);
  });
});
