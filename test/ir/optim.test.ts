/// Optimizers against PyTorch's recorded trajectories, by evaluating the update formulas in float64.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  adam,
  CompileError,
  evaluateValues,
  gradientDescent,
  model,
  mul,
  param,
  sgd,
  square,
  sum,
  add,
} from "chainrule";
import { input, setting, type Graph, type Tensor, type Update, type Value } from "chainrule";
import { gradOp } from "../../ir/ops/derivative.ts";
import { postorder } from "../../ir/value.ts";

interface Case {
  readonly optimizer: string;
  readonly desc: string;
  readonly kwargs: Readonly<Record<string, number | boolean | readonly number[]>>;
  readonly defaults: { readonly lr: number };
  readonly data: string;
  readonly params: readonly (readonly NestedNumbers[])[];
}
type NestedNumbers = number | readonly NestedNumbers[];
interface Recorded {
  readonly data: Record<string, { readonly init: readonly NestedNumbers[]; readonly grads: Case["params"] }>;
  readonly cases: readonly Case[];
}

const conformance = process.env.CHAINRULE_CONFORMANCE ?? "../shared/conformance";
const recordings = join(conformance, "torch-optim/cases.json");
const missing = !existsSync(recordings);

/** Options of PyTorch's that these optimizers have as well; weight decay is a penalty on the loss. */
const options = new Set(["lr", "momentum", "nesterov", "weight_decay"]);

function flat(data: NestedNumbers): number[] {
  return typeof data === "number" ? [data] : data.flatMap(flat);
}

/** A model with two parameters of the recorded shapes, trained by `optimizer`. */
function trained(optimizer: (loss: Tensor<"f32", readonly []>) => readonly Update[]): Graph {
  return model("trained", () => {
    const w = param([3, 4], { name: "w" });
    const b = param([5], { name: "b" });
    return { train: { update: optimizer(add(sum(square(w)), sum(square(b)))) } };
  });
}

/** Runs the updates of a model with given gradients, step by step; returns the parameters after each step. */
function run(graph: Graph, init: readonly number[][], grads: readonly number[][][], settings: Record<string, number>) {
  const { updates } = graph.entryPoints[0];
  const named = (name: string): Value =>
    [...graph.states, ...graph.inputs].find((leaf) => graph.notes.get(leaf)?.name === name)!;
  const parameters = [named("w"), named("b")];
  const gradients = postorder(updates.map(({ value }) => value)).filter((value) => value.op === gradOp);
  const states = new Map<Value, ArrayLike<number>>(graph.states.map((s) => [s, new Float64Array(count(s))]));
  parameters.forEach((parameter, i) => states.set(parameter, init[i]));
  return grads.map((step) => {
    const feeds = new Map<Value, ArrayLike<number>>(states);
    for (const [name, value] of Object.entries(settings)) feeds.set(named(name), [value]);
    for (const gradient of gradients) feeds.set(gradient, step[parameters.indexOf(gradient.operands[1])]);
    const results = evaluateValues(
      updates.map(({ value }) => value),
      feeds,
    );
    for (const { state, value } of updates) states.set(state, results.get(value)!);
    return parameters.map((parameter) => Array.from(states.get(parameter)!));
  });
}

function count(value: Value): number {
  return value.type.shape.reduce<number>((product, extent) => product * Number(extent), 1);
}

describe.skipIf(missing)(`PyTorch's trajectories (${missing ? `skipped: no ${recordings}` : recordings})`, () => {
  const recorded: Recorded = missing ? { data: {}, cases: [] } : JSON.parse(readFileSync(recordings, "utf8"));
  const { data } = recorded;
  const cases = recorded.cases.filter(
    ({ optimizer, kwargs }) =>
      (optimizer === "Adam" || optimizer === "SGD") &&
      Object.entries(kwargs).every(([key, value]) => options.has(key) && typeof value !== "object"),
  );
  test.each(cases)("$optimizer: $desc", ({ optimizer, kwargs, defaults, data: key, params }) => {
    const { momentum, nesterov, weight_decay: decay } = kwargs as Record<string, number>;
    const update = optimizer === "Adam" ? adam : momentum ? sgd : gradientDescent;
    const graph = trained((loss) => update(loss, (update === sgd ? { nesterov: Boolean(nesterov) } : {}) as object));
    const settings = { learningRate: (kwargs.lr as number) ?? defaults.lr, ...(momentum ? { momentum } : {}) };
    const init = data[key].init.map(flat);
    // Weight decay is a penalty on the loss here, so its gradient is part of what is fed, one step at a time.
    let weights = init;
    const grads = data[key].grads.map((step, i) => {
      if (i > 0) weights = params[i - 1].map(flat);
      return step.map((g, p) => flat(g).map((x, j) => x + (decay ?? 0) * weights[p][j]));
    });
    const found = run(graph, init, grads, settings);
    found.forEach((step, i) =>
      step.forEach((values, p) => flat(params[i][p]).forEach((wanted, j) => expect(values[j]).toBeCloseTo(wanted, 6))),
    );
  });
});

describe("formulas that PyTorch has, one parameter by hand", () => {
  const init = [new Array(12).fill(1), new Array(5).fill(0)];
  const grads = [1, 2, -1].map((g) => [new Array<number>(12).fill(g), new Array<number>(5).fill(g)]);
  const first = (graph: Graph, settings = {}) =>
    run(graph, init, grads, { learningRate: 0.1, ...settings }).map(([w]) => w[0]);

  test("momentum: v ← μv + g", () => {
    const found = first(
      trained((loss) => sgd(loss)),
      { momentum: 0.5 },
    );
    [0.9, 0.65, 0.625].forEach((wanted, i) => expect(found[i]).toBeCloseTo(wanted, 12));
  });

  test("Nesterov: w ← w − α(g + μv)", () => {
    const found = first(
      trained((loss) => sgd(loss, { nesterov: true })),
      { momentum: 0.5 },
    );
    // v = 1, 2.5, 0.25; steps 1.5, 3.25, -0.875.
    [0.85, 0.525, 0.6125].forEach((wanted, i) => expect(found[i]).toBeCloseTo(wanted, 12));
  });

  test("Adam's first step has the size of the learning rate", () => {
    expect(first(trained((loss) => adam(loss)))[0]).toBeCloseTo(0.9, 6);
  });

  test("Adam without a memory of the mean", () => {
    expect(first(trained((loss) => adam(loss, { beta1: 0, beta2: 0 })))[0]).toBeCloseTo(0.9, 6);
  });
});

describe("what is trained", () => {
  const names = (graph: Graph) => graph.entryPoints[0].updates.map(({ state }) => graph.notes.get(state)!.name);

  test("frozen parameters are left out unless asked for", () => {
    const graph = (chosen: boolean) =>
      model("frozen", () => {
        const a = param([2], { name: "a", trainable: false });
        const b = param([2], { name: "b" });
        return { train: { update: gradientDescent(sum(mul(a, b)), chosen ? { parameters: a } : {}) } };
      });
    expect(names(graph(false))).toEqual(["b"]);
    expect(names(graph(true))).toEqual(["a"]);
  });

  test("parameters come in order of creation, not of use", () => {
    const graph = model("order", () => {
      const a = param([2], { name: "a" });
      const b = param([2], { name: "b" });
      return { train: { update: gradientDescent(sum(mul(b, a))) } };
    });
    expect(names(graph)).toEqual(["a", "b"]);
  });

  test("a parameter given twice is trained once", () => {
    const graph = model("twice", () => {
      const a = param([2], { name: "a" });
      return { train: { update: gradientDescent(sum(a), { parameters: [a, a] }) } };
    });
    expect(names(graph)).toEqual(["a"]);
  });

  test("moments are named after the optimizer and the parameter; two optimizers count up", () => {
    const graph = model("two", () => {
      const a = param([2], { name: "a" });
      const b = param([2], { name: "b" });
      const update = [adam(sum(a)), adam(sum(b)), sgd(sum(square(param([1], { name: "c" }))), { name: "third" })];
      return { train: { update } };
    });
    expect(graph.states.map((state) => graph.notes.get(state)!.name)).toEqual([
      ...["a", "b", "adam.step", "adam.m.a", "adam.v.a", "adam_1.step", "adam_1.m.b", "adam_1.v.b"],
      ...["c", "third.velocity.c", "key"],
    ]);
    expect(graph.inputs.map((leaf) => graph.notes.get(leaf)!.name)).toEqual([
      ...["adam.learningRate", "adam_1.learningRate", "third.learningRate", "momentum"],
    ]);
  });

  test("a hyperparameter may be a value", () => {
    const graph = model("schedule", () => {
      const rate = setting("warmRate", 0.5);
      return { train: { update: gradientDescent(sum(param([1], { name: "a" })), { learningRate: mul(rate, 0.5) }) } };
    });
    expect(graph.inputs.map((leaf) => graph.notes.get(leaf)!.name)).toEqual(["warmRate"]);
  });

  test.each([
    ["nothing to train", () => adam(sum(input("x", "f32", [2])))],
    ["an empty list", () => sgd(sum(param([2])), { parameters: [] })],
    ["only frozen ones", () => gradientDescent(sum(param([2], { trainable: false })))],
  ])("no-parameters: %s", (_, optimizer) => {
    const build = () => model("none", () => ({ train: { update: optimizer() } }));
    expect(build).toThrow(CompileError);
    expect(build).toThrow(/must depend on a trainable parameter: found none/);
  });
});

describe("numeric options are checked when the model is built", () => {
  const build = (train: (loss: Tensor<"f32", readonly []>) => readonly Update[]) => (): Graph =>
    model("options", () => {
      const loss = sum(square(param([2], { name: "w" })));
      return { train: { loss, update: train(loss) } };
    });
  const bad = [NaN, Infinity, -Infinity, 1e39, "0.1" as never];

  test.each(bad)("%s is no learning rate, no momentum, no decay and no epsilon", (found) => {
    const refused = (option: string): object =>
      expect.objectContaining({ code: "optimizer-option", message: expect.stringContaining(`${option} must be`) });
    expect(build((loss) => gradientDescent(loss, { learningRate: found }))).toThrow(refused("learningRate"));
    expect(build((loss) => sgd(loss, { learningRate: found }))).toThrow(refused("learningRate"));
    expect(build((loss) => sgd(loss, { momentum: found }))).toThrow(refused("momentum"));
    for (const option of ["learningRate", "beta1", "beta2", "epsilon"])
      expect(build((loss) => adam(loss, { [option]: found }))).toThrow(refused(option));
  });

  test.each([
    ["beta1", 1, "a finite number of float32 from 0 to below 1"],
    ["beta2", 0.99999999, "a finite number of float32 from 0 to below 1"],
    ["beta2", -0.5, "a finite number of float32 from 0 to below 1"],
    ["epsilon", -1e-8, "a finite number of float32 from 0"],
  ])("%s %d is out of range", (option, found, wanted) => {
    const message = `${option} must be ${wanted}: found ${found}`;
    expect(build((loss) => adam(loss, { [option]: found }))).toThrow(expect.objectContaining({ message }));
  });

  test("ends of ranges are taken, and what is computed is not looked into", () => {
    const build1 = build((loss) => adam(loss, { learningRate: 0, beta1: 0, beta2: 0, epsilon: 0 }));
    const build2 = build((loss) => sgd(loss, { learningRate: 1, momentum: mul(0.5, setting("rate", 1)) }));
    const names = (graph: Graph): readonly (string | undefined)[] =>
      graph.states.map((state) => graph.notes.get(state)?.name).filter((name) => name !== "key");
    expect(names(build1())).toEqual(["w", "adam.step", "adam.m.w", "adam.v.w"]);
    expect(names(build2())).toEqual(["w", "sgd.velocity.w"]);
  });
});
