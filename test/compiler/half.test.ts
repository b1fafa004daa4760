/// `--storage f16`: tensors of the arena in half precision, on a device against the interpreter in float64.
import { describe, expect, it } from "vitest";
import {
  add,
  cast,
  constant,
  dense,
  div,
  equal,
  exp,
  grad,
  gradientDescent,
  greater,
  greaterEqual,
  input,
  lessEqual,
  matmul,
  max,
  maximum,
  mean,
  min,
  model,
  or,
  param,
  relu,
  reshape,
  scan,
  sign,
  slice,
  softmax,
  sort,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  topK,
  where,
  type Graph,
  type Value,
} from "chainrule";
import { checkOnDevice } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import { load } from "../../runtime/index.ts";
import gpt from "../bench/models/gpt.ts";
import { testDevice } from "../gpu.ts";
import { kinds } from "./half.ts";
import type { AnyModule } from "./planning.ts";

/** A half has eleven bits: 5e-4. Where a sum cancels, an entry is compared with a hundredth of the largest. */
const tolerance = 4e-2;

const storedOf = (graph: Graph) => compileWithFacts(graph, { storage: "f16" }).entries[0].stored!;

describe("activations in half precision", () => {
  it.each(Object.entries(kinds))("%s agrees with the interpreter", async (_, make) => {
    const graph = make();
    const halves = compile(graph, { storage: "f16" });
    const device = await testDevice();
    const { kernels } = await checkOnDevice(graph, () => openDeviceModule(halves, { device }));
    expect(kernels.filter(({ worst }) => !(worst <= tolerance))).toEqual([]);
    expect(kernels.length).toBeGreaterThan(0);
    expect(storedOf(graph).halves.size).toBeGreaterThan(0);
    // Rounded they are: in float32 the same model is much nearer.
    expect(Math.max(...kernels.map(({ worst }) => worst))).toBeGreaterThan(1e-4);
  });
});

it("attention in blocks reads and writes halves", async () => {
  const graph = kinds["a transformer"]();
  const { program, entries } = compileWithFacts(graph, { storage: "f16", blockedScores: 1 });
  expect(entries[0].plan.steps.some(({ traffic }) => traffic.cluster.kind === "attention")).toBe(true);
  // Its sums are activations; the maxima and totals of its rows are not.
  const { halves, wide } = entries[0].stored!;
  expect([...halves].some(({ op }) => op.name === "attend")).toBe(true);
  const whole = [...wide].filter(([{ op, attrs }, reason]) => op.name === "attend" && attrs.result === 1 && reason);
  expect(whole.map(([, reason]) => reason)).toContain("statistic");
  const device = await testDevice();
  const { kernels } = await checkOnDevice(graph, () => openDeviceModule(program, { device }));
  expect(kernels.filter(({ worst }) => !(worst <= tolerance))).toEqual([]);
});

/** The entry point's tensors by the names that its model gives, with the reason of each that stays f32. */
function storageOf(graph: Graph) {
  const { storage } = report(compileWithFacts(graph, { storage: "f16" })).entryPoints.train;
  return {
    halves: storage!.halves.map(({ name }) => name),
    wide: storage!.wide.map(({ name, reason }) => `${name}: ${reason}`),
  };
}

/** How many reasons there are of each kind. */
const reasons = (graph: Graph): readonly string[] => storageOf(graph).wide.map((each) => each.split(": ")[1]);

describe("the rule", () => {
  /** A hidden layer that a product reads, so that it is written. */
  const keeping = (keep: (h: Value, x: Value) => Value): Graph =>
    model("keeping", () => {
      const x = input("x", "f32", [16, 8]);
      const h = keep(matmul(x, param([8, 12], { name: "w" })), x);
      const loss = mean(square(matmul(h as never, param([12, 8], { name: "u" })) as never) as never);
      return { train: { loss, update: gradientDescent(loss as never) as never } };
    });

  it("keeps activations and slopes as halves", () => {
    const { halves, wide } = storageOf(keeping((h) => tanh(h as never)));
    expect(halves).toContain("tanh");
    expect(halves.length).toBeGreaterThan(2);
    expect(wide.filter((each) => !each.endsWith(": statistic"))).toEqual([]);
  });

  it("leaves what may be a constant beyond the largest half: a mask of −10⁹, but not of −∞", () => {
    const masked = (by: number) => (h: Value) => where(greater(h as never, 0) as never, tanh(h as never), by) as Value;
    expect(storageOf(keeping(masked(-1e9))).wide).toContain("selected: beyond");
    expect(reasons(keeping(masked(-6e4)))).not.toContain("beyond");
    expect(reasons(keeping((h) => exp(masked(-Infinity)(h) as never)))).not.toContain("beyond");
  });

  it("leaves statistics, and what follows from them and from states alone", () => {
    const deviation = (h: Value) =>
      reshape(sqrt(mean(square(h as never) as never, { axis: 1 }) as never) as never, [16, 1]);
    const { halves, wide } = storageOf(keeping((h) => div(h as never, add(deviation(h), 1) as never) as Value));
    expect(halves).toContain("quotient");
    expect(wide.length).toBeGreaterThan(0);
    expect(wide.every((each) => each.endsWith(": statistic"))).toBe(true);
  });

  it("leaves parts of long sums, and what is written element by element", () => {
    const long = model("long", () => {
      const x = input("x", "f32", [4096, 8]);
      const y = input("y", "f32", [4096, 3]);
      const loss = mean(square(sub(matmul(x, param([8, 3], { name: "w" })), y)));
      return { train: { loss, update: gradientDescent(loss) } };
    });
    expect(reasons(long)).toContain("summed");
    expect(reasons(long)).toContain("single");
  });

  it("leaves what is no multiple of four, and gradients that an update reads", () => {
    const lone = model("odd", () => {
      const h = tanh(matmul(input("x", "f32", [3, 4]), param([4, 5], { name: "w" })));
      return { train: { y: matmul(h, param([5, 2], { name: "u" })) } };
    });
    expect(storageOf(lone).wide).toEqual(["tanh: count"]);
    // A step whose size hangs on the gradient has to keep the gradient until that is known.
    const clipped = model("clipped", () => {
      const x = input("x", "f32", [16, 8]);
      const w = param([8, 12], { name: "w" });
      const g = grad(mean(square(tanh(matmul(x, w)))), w);
      const step = div(g, maximum(1, sqrt(sum(square(g)))));
      return { train: { y: sum(x), update: [{ state: w, value: sub(w, step) }] } };
    });
    expect(reasons(clipped)).toContain("update");
  });

  it("leaves what a loop reads", () => {
    const graph = model("loop", () => {
      const x = input("x", "f32", [6, 4, 8]);
      const w = param([8, 8], { name: "w" });
      const { carry } = scan(([h], [element]) => ({ carry: [tanh(add(matmul(h, w), element))] }), {
        initial: [constant(0, "f32", [4, 8])],
        sequences: [tanh(matmul(x, w))],
      });
      return { train: { loss: sum(carry[0]) } };
    });
    expect(reasons(graph)).toContain("loop");
  });
});

describe("elements that are compared with the tensor that they were selected from", () => {
  const routes: Readonly<Record<string, (g: Value) => Value>> = {
    "the largest two": (g) => greaterEqual(g, slice(topK(g, 2).values, [null, [1, 2]])),
    "the largest two, by the signs of differences": (g) =>
      greater(sign(sub(g, slice(topK(g, 2).values, [null, [1, 2]]))), -1),
    "the smaller two of their ranks": (g) => lessEqual(g, slice(sort(g), [null, [1, 2]])),
    "the largest two of weights": (g) => {
      const weights = softmax(g);
      return greaterEqual(weights, slice(topK(weights, 2).values, [null, [1, 2]]));
    },
    "the largest and the smallest": (g) =>
      or(equal(g, max(g, { axis: 1, keepAxes: true })), equal(g, min(g, { axis: 1, keepAxes: true }))),
  };
  /** How many are let through in each row; what is let through goes on, so that it is written. */
  const routed = (experts: number, route: (g: Value) => Value): Graph =>
    model("routed", () => {
      const g = dense(input("x", "f32", [12, 7]), experts);
      const isKept = route(g);
      const mixed = dense(where(isKept as never, g, 0) as never, 4);
      return { predict: { kept: sum(cast(isKept as never, "f32"), { axis: 1 }), mixed, plain: dense(relu(g), 4) } };
    });

  it.each(Object.entries(routes))("%s are two in each row", async (_, route) => {
    const device = await testDevice();
    const x = Float32Array.from({ length: 12 * 7 }, (_, index) => Math.sin(index * index + 1));
    for (const experts of [5, 8]) {
      const module = await load<AnyModule>(compile(routed(experts, route), { storage: "f16" }), { device, seed: 1 });
      const { kept } = await module.predict({ x });
      expect([...(kept as Float32Array)]).toEqual(Array(12).fill(2));
      module.destroy();
    }
  });
});

describe("a program without the option", () => {
  it.each(Object.entries(kinds))("%s is what it was", (_, make) => {
    const graph = make();
    expect(compile(graph, { storage: "f32" })).toEqual(compile(graph));
    expect(JSON.stringify(compile(graph))).not.toMatch(/read_half|write_halves|in half precision/);
  });
});

describe("the report", () => {
  const [whole, half] = (["f32", "f16"] as const).map(
    (storage) => report(compileWithFacts(gpt, { storage })).entryPoints.train,
  );

  it("has half the bytes of a transformer's activations", () => {
    expect(half.arenaBytes / whole.arenaBytes).toBeLessThan(0.6);
    expect(half.bytes / whole.bytes).toBeLessThan(0.6);
    expect(half.dispatches).toBe(whole.dispatches);
    const kept = (entry: typeof whole): number => entry.residuals.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(kept(half)).toBeLessThan(kept(whole));
  });

  it("says of each tensor which it is", () => {
    expect(whole.storage).toBeUndefined();
    expect(half.storage!.halves.map(({ name }) => name)).toContain("attentionNorm.normalized");
    for (const { text, shape, bytes } of half.storage!.wide) {
      expect(text).toMatch(/^\w/);
      expect(bytes).toBe(4 * shape.reduce((product, extent) => product * extent, 1));
    }
  });
});
