/// A loop with several results is printed once, and reads back.
import { expect, test } from "vitest";
import { derive } from "../../compiler/passes/all.ts";
import {
  broadcastTo,
  constant,
  grad,
  input,
  matmul,
  model,
  param,
  reshape,
  scan,
  tanh,
  transpose,
  type Tensor,
} from "../../ir/index.ts";
import { add, mul } from "../../ir/ops/arithmetic.ts";
import { sum } from "../../ir/ops/sum.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import { sameGraph } from "../../ir/verify.ts";
import { as } from "../compiler/symbolic.ts";

/** A recurrent network whose hidden state is kept at every place. */
const recurrent = model("recurrent", () => {
  const x = input("x", "f32", ["time", 2, 3]);
  const [W, U] = [param([3, 4], { name: "W" }), param([4, 4], { name: "U" })];
  const {
    carry: [last],
    outputs: [all],
  } = scan(
    ([h], [word]) => {
      const next = tanh(add(matmul(word, W), matmul(h, U))) as Tensor<"f32", readonly [2, 4]>;
      return { carry: [next], outputs: [add(next, h)] };
    },
    { initial: [constant(0, "f32", [2, 4])], sequences: [x] },
  );
  const loss = add(sum(last as Tensor), sum(all as Tensor)) as Tensor;
  return { run: { loss, dW: grad(loss, W), dU: grad(loss, U), dx: grad(loss, x) } };
});

test("the results of one loop are bound by one line, forward and backward", () => {
  const derived = derive(recurrent);
  const text = printGraph(derived);
  const loops = text.match(/= scan\(/g) ?? [];
  expect(loops).toHaveLength(2);
  expect(text).toContain(
    "  v3, v4, v5 = scan(0, x, W, U, body=step1, results=[final carry1, output 1, every carry1])\n",
  );
  expect(text).toMatch(/results=\[[^\]]*final ∂loss\/∂W, final ∂loss\/∂U, output 1\]/);
  const back = parseGraph(text);
  expect(sameGraph(derived, back)).toBe(true);
  expect(printGraph(back)).toBe(text);
});

test("derivatives add up from 0, and not from what the model calls its start", () => {
  const graph = model("recurrent", () => {
    const x = input("x", "f32", ["time", 4, 4]);
    const U = param([4, 4], { name: "U" });
    const start = as("start", () => constant(0, "f32", [4, 4]));
    const step = (h: Tensor<"f32">, word: Tensor<"f32">) => ({
      carry: [tanh(add(word, matmul(h, U))) as Tensor<"f32">],
    });
    const { carry } = scan(([h], [word]) => step(h as never, word as never) as never, {
      initial: [start],
      sequences: [x],
    });
    const loss = as("loss", () => sum(carry[0] as Tensor));
    return { run: { loss, dU: grad(loss as never, U) } } as never;
  });
  const derived = derive(graph);
  const text = printGraph(derived);
  expect(text).toContain(" = scan(start, x, U, body=step1");
  expect(text).toMatch(/∂loss\/∂U = scan\([^]*?, 0, /);
  expect(text.match(/start/g)).toHaveLength(2);
  expect(sameGraph(derived, parseGraph(text))).toBe(true);
});

test("a line names as many results as it asks for, and only those that the body has", () => {
  const page = (line: string): string =>
    `graph g\ninput s: f32\ninput x: f32[n]\n\nbody b over n\n  carry c: f32\n  element e: f32\n  next c ← c + e\n\nentry run\n  ${line}\n  output y = c1\n`;
  const line = "c1, c2 = scan(s, x, body=b, results=[final c, every c])";
  expect(parseGraph(page(line)).entryPoints[0].outputs).toHaveLength(1);
  for (const wrong of [
    "c1, c2 = scan(s, x, body=b, results=[final c])",
    "c1 = scan(s, x, body=b, results=[final c, every c])",
    "c1 = scan(s, x, body=b, result=final e)",
    "c1 = scan(s, x, body=b, result=output 1)",
    "c1, c2 = s + s",
  ]) {
    expect(() => parseGraph(page(wrong)), wrong).toThrow(expect.objectContaining({ code: "graph-syntax" }));
  }
  expect(() => parseGraph(page(line).replace("next c ←", "next d ←"))).toThrow(
    expect.objectContaining({ code: "graph-syntax" }),
  );
});

/** Names that a page gives to values: left of `=`, and those of letters and declarations. */
function givenNames(page: string): readonly string[] {
  return page.split("\n").flatMap((line) => {
    const letter = /^(?:input|parameter|state| {2}(?:carry|element|capture|position)) ([^:]+):/u.exec(line)?.[1];
    return (letter ?? /^ *(?:output )?([^=]+?) = /u.exec(line)?.[1] ?? "").split(", ").filter((name) => name !== "");
  });
}

test("no two values share a name that the page makes up, in a body or outside", () => {
  const made = givenNames(printGraph(derive(recurrent))).filter((name) =>
    /^(?:v|carry|element|capture)\d+$/.test(name),
  );
  expect(made.length).toBeGreaterThan(5);
  expect(new Set(made).size).toBe(made.length);
});

test("a loop captures what is repeated and turned round in it, and its derivative adds up in that shape", () => {
  const graph = model("recurrent", () => {
    const x = input("x", "f32", ["time", "batch", 3]);
    const [W, b, first] = [param([4, 3], { name: "W" }), param([4], { name: "b" }), param([4], { name: "first" })];
    const start = as("start", () => broadcastTo(first, ["batch", 4]));
    const step = (h: Tensor<"f32">, word: Tensor<"f32">) => ({
      carry: [tanh(add(add(matmul(word, transpose(W)), mul(h, start)), b)) as Tensor<"f32">],
    });
    const { carry } = scan(([h], [word]) => step(h as never, word as never) as never, {
      initial: [start],
      sequences: [x],
    });
    const loss = as("loss", () => sum(carry[0] as Tensor));
    return { run: { loss, db: grad(loss as never, b), dW: grad(loss as never, W) } } as never;
  });
  const text = printGraph(derive(graph));
  for (const line of ["capture W: f32[4, 3]", "capture b: f32[4]", "capture first: f32[4]"]) {
    expect(text).toContain(`  ${line}\n`);
  }
  expect(text).toContain("  next carry1 ← tanh(x @ Wᵀ + carry1 · first + b)\n");
  expect(text).toContain("  carry ∂loss/∂b: f32[4]\n");
  expect(text).toContain("  carry ∂loss/∂W: f32[4, 3]\n");
  // The loss is the sum of the last carry, and not the carry.
  expect(givenNames(text).filter((name) => name === "loss")).toHaveLength(1);
  expect(sameGraph(derive(graph), parseGraph(text))).toBe(true);
});

test("what a step turns round or reshapes is called what that is called outside", () => {
  const graph = model("called", () => {
    const [x, h0] = [input("x", "f32", [5, 3, 4]), input("h0", "f32", [3, 4])];
    const [W, s] = [param([4, 4], { name: "W" }), param([2, 2], { name: "s" })];
    const turned = as("turned", () => transpose(W));
    const flat = as("flat", () => reshape(s, [4]));
    const wide = as("wide", () => broadcastTo(flat as Tensor, [3, 4]));
    const { carry } = scan(
      ([h], [row]) => ({ carry: [add(matmul(h, turned as never), mul(row, wide)) as Tensor<"f32", readonly [3, 4]>] }),
      { initial: [h0], sequences: [x] },
    );
    const loss = as("loss", () => sum(carry[0] as Tensor));
    return { run: { loss, ds: grad(loss as never, s) } };
  });
  expect(printGraph(graph)).toContain(
    "  turned = Wᵀ\n  flat = reshape(s, [4])\n  next carry1 ← carry1 @ turned + x · flat\n",
  );
  for (const each of [graph, derive(graph)]) {
    const text = printGraph(each);
    const back = parseGraph(text);
    expect(printGraph(back)).toBe(text);
  }
  const derived = derive(graph);
  expect(sameGraph(derived, parseGraph(printGraph(derived)))).toBe(true);
});
