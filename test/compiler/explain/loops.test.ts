import { describe, expect, test } from "vitest";
import { derivationAsWritten } from "../../../compiler/explain/by-hand.ts";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { explainValue, valueDocument } from "../../../compiler/explain/value.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import type { Graph } from "../../../ir/graph.ts";
import { parseGraph } from "../../../ir/parse.ts";
import {
  add,
  constant,
  cos,
  div,
  exp,
  grad,
  input,
  jvp,
  matmul,
  model,
  mul,
  neg,
  param,
  reshape,
  scan,
  sub,
  sum,
  tanh,
  transpose,
  type Tensor,
} from "../../../ir/index.ts";
import { layOutPage } from "../../../ir/print/page.ts";
import { printGraph } from "../../../ir/print.ts";
import { sameGraph } from "../../../ir/verify.ts";
import type { Value } from "../../../ir/value.ts";
import { as, expectCentralDifferences, randomFeeds } from "../symbolic.ts";
import { expectTrueSteps } from "./true-steps.ts";

const recurrent = await loadModel("test/compiler/explain/fixtures/recurrent.ts", { typeCheck: false });

/** A pendulum: each step takes the derivative of its energy. */
const swinging = model("swinging", () => {
  const [start, length] = [input("start", "f32", ["n"]), input("length", "f32", [])];
  const {
    carry: [angle],
  } = scan(
    ([q, p]) => {
      const force = grad(neg(sum(mul(length, cos(q)))) as Tensor<"f32", readonly []>, q);
      const moved = sub(p, mul(0.1, force)) as Tensor<"f32", readonly ["n"]>;
      return { carry: [add(q, mul(0.1, moved)) as Tensor<"f32", readonly ["n"]>, moved] };
    },
    { initial: [start, constant(0, "f32", ["n"])], length: 10 },
  );
  const total = as("total", () => sum(angle));
  return { run: { total, slope: grad(total, start), slope2: grad(total, length) } };
});

describe("the step of a loop", () => {
  const explained = (name: string): string => explanationText(valueDocument(explainValue(recurrent, name)));

  test("is printed under the names of the model, forward and backward, and reads back", () => {
    const derived = derive(recurrent);
    const text = printGraph(derived);
    expect(text).toContain("  carry h: f32[batch, 8]\n  element x: f32[batch, 4]\n  capture W: f32[4, 8]\n");
    expect(text).toContain("  z = x @ W + h @ U\n  next = tanh(z)\n  ∂loss/∂z = ∂loss/∂next · (1 - next²)\n");
    // Sums over the steps are called what they come to.
    expect(text).toContain("  carry ∂loss/∂W: f32[4, 8]\n  carry ∂loss/∂U: f32[8, 8]\n");
    expect(text).toContain("  next ∂loss/∂W ← ∂loss/∂W + xᵀ @ ∂loss/∂z\n");
    const back = parseGraph(text);
    expect(sameGraph(derived, back)).toBe(true);
    expect(printGraph(back)).toBe(text);
  });

  test("has explanations of its values and of their derivatives", () => {
    expect(explained("z")).toMatch(
      /^z: f32\[batch, 8\], in each step of a loop \(.*:\d+:17\)\n {2}z = x @ W \+ h @ U\n$/,
    );
    expect(explained("h")).toMatch(
      /h: f32\[batch, 8\],\s+what a step of a loop hands to the next: at first start,\s+then next/,
    );
    expect(explained("x")).toMatch(/x: f32\[batch, 4\],\s+a place of what a loop walks along: words/);
    expect(explained("∂loss/∂z")).toContain("operand 1 of tanh(z): G ↦ G · (1 - next²)");
    expect(explained("∂loss/∂z")).toContain("∂loss/∂z = ∂loss/∂next · (1 - next²)");
    expect(explained("∂loss/∂h")).toContain("operand 1 of h @ U: G ↦ G @ Uᵀ");
    expect(explained("∂loss/∂next")).toContain("A step gets it from the step that came after");
  });

  test("stands below the model in the derivation of a gradient", () => {
    const text = explanationText(gradientDocument(explainGradient(recurrent, "loss", "W")!));
    expect(text).toMatch(
      /\n\nA step of the loop over .*\n {2}z = x @ W \+ h @ U\n {2}next = tanh\(z\)\n {2}h′ = next {2}# what the place after finds\n\n/,
    );
  });

  test("goes back as backpropagation through time is written, of the parameter that is asked for alone", () => {
    const text = explanationText(gradientDocument(explainGradient(recurrent, "loss", "U")!));
    expect(text).toContain("  ∂last/∂U: G ↦ back through the loop, step by step\n");
    expect(text).toMatch(
      /\nA step of the way back over .*, from the last place to the first\n {2}∂loss\/∂z = ∂loss\/∂next · \(1 - next²\)\n/,
    );
    expect(text).toMatch(/\n {2}∂loss\/∂next′ = ∂loss\/∂z @ Uᵀ +# what the place before finds\n/);
    expect(text).toMatch(/\n {2}∂loss\/∂U = hᵀ @ ∂loss\/∂z +# summed over .*\n\n/);
    expect(text).not.toContain("∂loss/∂W");
  });

  test.each([
    ["a recurrent network", recurrent],
    ["a loop that takes a derivative at every step", swinging],
  ])("every name that is printed of %s has an explanation", (_, graph) => {
    const { plan, names, automatic, loops, inputs, states } = layOutPage(derive(graph));
    const shown = [...plan.lines, ...inputs, ...states].flatMap(
      (value) => names.get(value) ?? automatic.get(value) ?? [],
    );
    for (const name of new Set([...shown, ...[...loops.values()].flatMap((body) => [...body.names.values()])])) {
      expect(explanationText(valueDocument(explainValue(graph, name))), name).toContain(name);
    }
  });

  test("is part of the derivatives around the loop", () => {
    const text = explained("∂loss/∂W");
    expect(text).toContain("  last = scan(start, words, W, U, result=final h)\n");
    expect(text).toContain("  ∂last/∂W: G ↦ back through the loop, step by step\n");
    expect(text).toContain("∂loss/∂W = scan(∂loss/∂last, 0, 0, every h, words, W, U, result=final ∂loss/∂W)\n");
    expect(explained("W")).toContain("W′ = W - learningRate · (adam.m.W′ / adam.m.norm");
  });

  test("a value without a name goes by that of the printed page, and an output by its own", () => {
    expect(printGraph(derive(recurrent))).toContain("v2 = guess - target\n");
    const text = explanationText(valueDocument(explainValue(recurrent, "v2")));
    expect(text).toMatch(/^v2: f32\[batch, 1\] \(.*recurrent\.ts:\d+:\d+\)\n {2}v2 = guess - target\n$/);
  });

  test.each(["train_product_1", "product", "total", "sum_and_1_more", "updates", "cumulative"])(
    "a kernel that is called after what it does is no value: %s",
    (name) => {
      expect(() => explained(name)).toThrow(expect.objectContaining({ code: "value-unknown" }));
    },
  );
});

test("a letter stands for one thing on a page, within the steps of loops and around them", () => {
  const twice = model("twice", () => {
    const [x, W] = [input("x", "f32", [5, 4]), param([4, 4], { name: "W" })];
    const {
      outputs: [h],
    } = scan(
      ([c], [row]) => {
        const part = tanh(matmul(reshape(add(c, row), [1, 4]), W));
        const next = reshape(mul(part, part), [4]) as Tensor<"f32", readonly [4]>;
        return { carry: [next], outputs: [next] };
      },
      { initial: [constant(0, "f32", [4])], sequences: [x] },
    );
    const s = as("s", () => sum(mul(tanh(matmul(h, W)), tanh(matmul(h, W)))));
    return { run: { s, d: grad(s, W) } };
  });
  const sections = gradientDocument(explainGradient(twice, "s", "W")!);
  const numbered = sections.map(({ title, rows }) => {
    const names = rows.flatMap(({ left }) => (left !== undefined && /^v\d+$/.test(left) ? [left] : []));
    return { isStep: title.startsWith("A step"), names };
  });
  const inSteps = new Set(numbered.flatMap(({ isStep, names }) => (isStep ? names : [])));
  const around = new Set(numbered.flatMap(({ isStep, names }) => (isStep ? [] : names)));
  expect(inSteps.size).toBeGreaterThan(0);
  expect(around.size).toBeGreaterThan(0);
  expect([...around].filter((name) => inSteps.has(name))).toEqual([]);
});

test("a zero that a loop starts from does not stand for a derivative that is zero", () => {
  const graph = model("start", () => {
    const [x, W] = [input("x", "f32", [5, 4]), param([4], { name: "W" })];
    const zero = as("zero", () => constant(0, "f32", [4]));
    const { outputs } = scan(
      ([c], [row]) => {
        const next = tanh(mul(add(c, row), W)) as Tensor<"f32", readonly [4]>;
        return { carry: [next], outputs: [next] };
      },
      { initial: [zero], sequences: [x] },
    );
    const s = as("s", () => sum(tanh(outputs[0])));
    return { run: { s, d: grad(s, W) } };
  });
  const text = explanationText(gradientDocument(explainGradient(graph, "s", "W")!));
  expect(text).toMatch(/^The model\n[^]*?\bzero\b/);
  expect(text.slice(text.indexOf("The gradient, as it is compiled"))).not.toMatch(/\bzero\b/);
});

describe("a loss after a loop whose step is made safe before it is differentiated", () => {
  type Square = Tensor<"f32", readonly [4, 4]>;
  const after = (step: (h: Square, turned: Square) => Square): Graph =>
    model("after", () => {
      const [x, h0] = [input("x", "f32", [5, 4, 4]), input("h0", "f32", [4, 4])];
      const turned = as("turned", () => transpose(param([4, 4], { name: "W" })));
      const { outputs } = scan(
        ([h], [row]) => {
          const next = add(step(h as Square, turned as Square), row) as Square;
          return { carry: [next], outputs: [next] };
        },
        { initial: [h0], sequences: [x] },
      );
      const loss = as("loss", () => sum(mul(outputs[0], outputs[0])));
      return { train: { loss } };
    });

  test.each([
    ["a parameter that is turned round", (h: Square, turned: Square) => matmul(h, turned), "@ W"],
    ["a sigmoid spelled out", (h: Square, turned: Square) => div(1, add(1, exp(neg(mul(h, turned))))), "sigmoid"],
  ])("depends on what the step reads: %s", (_, step, word) => {
    const graph = after(step as never);
    const explained = explainGradient(graph, "loss", "W")!;
    const text = explanationText(gradientDocument(explained));
    expect(text).toContain(word);
    expect(text).toContain("A step of the way back over 5");
    expectTrueSteps(explained.steps);
    const { value } = explained.compiled;
    const loss = explained.chain.loss.value;
    expectCentralDifferences(loss, explained.chain.target.value, value, randomFeeds([loss, value], 5));
  });

  test("has its chain as it is written where nothing else leads to what is compiled", () => {
    const graph = after((h, turned) => matmul(h, turned) as Square);
    const valueOf = (name: string): Value => [...graph.notes].find(([, note]) => note.name === name)![0];
    const { chain, backward } = derivationAsWritten(graph, valueOf("loss"), valueOf("W"))!;
    expect(chain.stations.map(({ name }) => name)).toEqual(["loss", "W"]);
    expect([...backward.start.keys()]).toContain("∂loss/∂W");
    expect(derivationAsWritten(graph, valueOf("W"), valueOf("loss"))).toBeUndefined();
  });
});

test("forward mode through a loop is explained by its step, in which tangents have names", () => {
  const graph = model("forward", () => {
    const [start, direction] = [input("start", "f32", [3]), input("direction", "f32", [3])];
    const [x, W] = [input("x", "f32", ["time", 3]), input("W", "f32", [3, 3])];
    const { carry } = scan(
      ([h], [word]) => {
        const carried = as("h", () => h);
        return { carry: [tanh(add(matmul(carried, W), word)) as Tensor<"f32", readonly [3]>] };
      },
      { initial: [start], sequences: [x] },
    );
    const loss = as("loss", () => sum(tanh(carry[0])));
    return { run: { loss, speed: as("speed", () => jvp(loss, start, direction)) } };
  });
  const text = explanationText(valueDocument(explainValue(graph, "speed")));
  expect(text).toMatch(/\nA step of the loop over time\n[^]*\n {2}h\.tangent′ = h\.tangent @ W · /);
  expect(text).toContain("result=final h.tangent");
  expect(printGraph(derive(graph))).toContain("  carry h.tangent: f32[3]\n");
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
