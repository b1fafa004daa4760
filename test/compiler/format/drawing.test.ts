import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { formatMermaid } from "../../../compiler/format/mermaid.ts";
import { derive } from "../../../compiler/passes/all.ts";
import {
  adam,
  add,
  constant,
  conv2d,
  div,
  exp,
  input,
  matmul,
  mean,
  model,
  mul,
  param,
  square,
  state,
  sub,
  tanh,
} from "../../../ir/index.ts";
import { graphOf, leaf } from "../../ir/graphs.ts";
import { as } from "../symbolic.ts";

const trained = model("trained", () => {
  const [x, W] = [input("x", "f32", ["batch", 2]), param([2, 3], { name: "W" })];
  const L = as("L", () => mean(square(tanh(matmul(x, W)))));
  return { train: { L, update: adam(L) } };
});

describe("a drawing of a step of training", () => {
  test("has one node for the update of each parameter, with an arrow from its derivative alone", () => {
    const text = formatDot(derive(trained), { entry: "train" });
    expect(text).not.toContain("adam");
    const idOf = (label: string): string => new RegExp(`(n\\d+) \\[label=<<B>${label}<`).exec(text)![1];
    const update = /(n\d+) \[label=<<B>W<\/B> ←>/.exec(text)![1];
    const arrows = [...text.matchAll(new RegExp(`(n\\d+) -> ${update}\\b`, "g"))].map(([, from]) => from);
    expect(arrows).toEqual([idOf("∂L/∂W")]);
  });

  test("keeps updates that no derivative leads to where there is none", () => {
    const counted = model("counted", () => {
      const [x, total] = [input("x", "f32", [2]), state([2], { name: "total" })];
      return { run: { x: square(x), update: [{ state: total, value: add(total, x) }] } };
    });
    expect(formatDot(derive(counted))).toContain("<B>total</B> ←");
  });
});

test("operations have the names of the text, and constants their numbers", () => {
  const graph = model("picture", () => {
    const picture = as("aPictureOfManyPixels", () => input("aPictureOfManyPixels", "f32", [2, 1, 8, 8])) as never;
    const start = as("start", () => constant(7, "f32", [2, 3, 6, 6])) as never;
    const first = as("first", () => conv2d(picture, 3, 3, { bias: false })) as never;
    return { run: { result: add(start, first) as never } };
  });
  const drawn = formatDot(graph);
  expect(drawn).toMatch(/<B>first<\/B>.*>conv\(/);
  expect(drawn).toMatch(/<B>start<\/B>.*>[^<]*7[^<]*</);
  expect(drawn).not.toContain("reshape");
});

test("arrows are numbered where the formula does not tell operands apart", () => {
  const [a, b] = [leaf("a", [2, 3]), leaf("b", [2, 3])];
  const graph = graphOf({ r: div(exp(add(a, b)), exp(mul(a, b))) });
  const unnamed = formatDot(graph);
  expect(unnamed).toContain("…₁ / …₂");
  expect(unnamed.match(/headlabel="1"/g)).toHaveLength(1);
  expect(unnamed.match(/headlabel="2"/g)).toHaveLength(1);
  expect(formatMermaid(graph)).toMatch(/-->\|2\| n\d+/);
});

test("layout of a large graph is bounded", () => {
  const [x, y] = [leaf("x", [2]), leaf("y", [2])];
  let value = x;
  for (let i = 0; i < 200; i++) value = add(exp(value), y);
  expect(formatDot(graphOf({ r: value }))).toContain("nslimit");
  expect(formatDot(graphOf({ r: add(x, y) }))).not.toContain("nslimit");
});

test("a formula that is too long for a node keeps its shape, and its operands are arrows", () => {
  const [first, second] = [leaf("a.rather.long.name.of.a.value", [2, 3]), leaf("another.long.name.of.a.value", [3, 2])];
  const [taken, added] = [matmul(first, second), add(first, 1)];
  const drawn = formatDot(graphOf({ taken, difference: sub(mul(added, first), add(added, first)) }));
  expect(drawn).toContain(">…₁ @ …₂<");
  expect(drawn).not.toMatch(/label=<(?:add|mul|contract)>/);
});
