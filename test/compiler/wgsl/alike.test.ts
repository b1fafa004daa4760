/// Functions of a module that differ in numbers alone are one function.
import { describe, expect, it } from "vitest";
import {
  adam,
  broadcastTo,
  dense,
  input,
  model,
  mul,
  param,
  relu,
  softmaxCrossEntropy,
  sum,
  takeAlongAxis,
  transpose,
  type Graph,
  type Tensor,
} from "chainrule";
import { compile } from "../../../compiler/compile.ts";
import { familiesOf, type PartText } from "../../../compiler/wgsl/alike.ts";
import { createModuleNamer } from "../../../compiler/wgsl/names.ts";
import { expectRight } from "../agree.ts";

/** A perceptron with hidden layers of these widths. */
const perceptron = (widths: readonly number[]): Graph =>
  model("perceptron", () => {
    let hidden: Tensor<"f32", readonly ["batch", number]> = input("x", "f32", ["batch", widths[0]]);
    widths.forEach((width, i) => (hidden = relu(dense(hidden, width, { name: `layer${i}` }))));
    const loss = softmaxCrossEntropy(dense(hidden, 3), input("label", "i32", ["batch"]));
    return { train: { loss, update: adam(loss) } };
  });

/** Names of the functions that update weights and biases of layers, in all kernels. */
const updatesOf = (graph: Graph, batch: number): readonly string[] =>
  compile(graph, { dims: { batch } }).kernels.flatMap(({ wgsl }) =>
    [...wgsl.matchAll(/^fn (update_layer\w+)\(/gm)].map(([, name]) => name),
  );

const part = (name: string, text: string): PartText => ({
  kernel: { name, workgroupSize: [64, 1, 1] } as unknown as PartText["kernel"],
  ...{ header: () => [], lines: () => [text], grid: [1, 1, 1], idle: undefined, workgroups: 1 },
});

const families = (...texts: readonly string[]): readonly (readonly string[])[] =>
  familiesOf(
    texts.map((text, i) => part(`f${i}`, text)),
    new Set(["p", "q", "r", "s"]),
  ).map((family) => family.write(createModuleNamer()).lines);

describe("functions that are alike", () => {
  it("are one for layers of one size, which reads where its tensors begin", () => {
    // The first layer reads the input, which lies in a buffer of its own; its bias is like the others.
    expect(updatesOf(perceptron([8, 8, 8, 8, 8]), 4)).toEqual([
      "update_layer0_weight",
      "update_layer0_bias",
      "update_layer1_weight",
    ]);
  });

  it("are one for layers of several sizes, and right", async () => {
    const graph = perceptron([8, 16, 24, 8]);
    expect(updatesOf(graph, 4).length).toBeLessThan(8);
    await expectRight(graph, { batch: 4 });
  });

  it("are right where sizes leave edges", () => expectRight(perceptron([5, 9, 13, 9, 13, 5]), { batch: 3 }));

  it("keep what they have in common, and take each difference once", () => {
    const [lines, ...others] = families("let a = x[p + 3u * 8u + 8u];", "let b = x[q + 3u * 4u + 4u];");
    expect(others).toEqual([]);
    expect(lines.join("\n")).toBe(
      [
        "const f0_parts = array(",
        "  array(p, 8u),",
        "  array(q, 4u),",
        ");",
        "",
        "// Likewise f1.",
        "fn f0(group: vec3u, local: vec3u, part: u32) {",
        "  let p = f0_parts[part][0];",
        "  let size0 = f0_parts[part][1];",
        "let a = x[p + 3u * size0 + size0];",
        "}",
        "",
      ].join("\n"),
    );
  });

  it("are one where they have other grids and numbers of threads", () => {
    const [flat, high] = [part("flat", "let a = x[p];"), part("high", "let a = x[q];")];
    const [family, ...others] = familiesOf(
      [
        { ...flat, grid: [1, 6, 1], idle: undefined, workgroups: 6 },
        { ...high, grid: [4, 2, 1], idle: undefined, workgroups: 8 },
      ],
      new Set(["p", "q"]),
    ).map((each) => each.write(createModuleNamer()));
    expect(others).toEqual([]);
    expect(family.call).toBe("flat(vec3u(own % flat_parts[part][1], own / flat_parts[part][1], 0u), local, part);");
    expect(family.idle).toBeUndefined();
    const few = { ...high, kernel: { ...high.kernel, workgroupSize: [16, 1, 1] as const }, idle: 16 };
    const mixed = familiesOf([flat, few], new Set(["p", "q"]))[0].write(createModuleNamer());
    expect(mixed.idle).toBe("flat_parts[part][1]");
    expect(mixed.lines.slice(1, 3)).toEqual(["  array(p, 64u),", "  array(q, 16u),"]);
  });

  it("are apart where they do something else, or with other numbers than sizes", () => {
    expect(families("let a = x[p] + 1.5;", "let a = x[q] + 2.5;")).toHaveLength(2);
    expect(families("let a = x[p];", "let a = y[q];")).toHaveLength(2);
    expect(families("let a = x[p]; let b = a;", "let a = x[q]; let b = c;")).toHaveLength(2);
    expect(families("let a = x[p].x;", "let a = x[q].y;")).toHaveLength(2);
  });

  it("are apart where they read other variables, also where a name is declared twice", () => {
    const text = (formula: string): string =>
      `for (let j = 0u;;) { let e = x[p + j]; } let j = 1u; let d = x[p]; let e = 2.5; y[q] = ${formula};`;
    expect(families(text("e - d"), text("d - e"))).toHaveLength(2);
    expect(families(text("e - d"), text("e - d"))).toHaveLength(1);
  });

  it("are apart where they read a table along its rows and along its columns", async () => {
    const graph = model("pieces", () => {
      const i = input("i", "i32", [1, 67]);
      const piece = (flip: boolean) => {
        const [x, table] = [param([3, 67]), param([67, 67])];
        const picked = takeAlongAxis(flip ? transpose(table) : table, i, 0);
        return mul(broadcastTo(picked, [3, 67]), sum(mul(x, x), { axis: 1, keepAxes: true }));
      };
      return { run: { a: piece(false), b: piece(true), c: piece(false), d: piece(true) } };
    });
    await expectRight(graph);
  });

  it("are apart where one tensor of the first has two parts in the second", () => {
    expect(families("let a = x[p] + x[p];", "let a = x[q] + x[r];")).toHaveLength(2);
    expect(families("let a = x[p] + x[p];", "let a = x[q] + x[p];")).toHaveLength(2);
    expect(families("let a = x[p] + x[r];", "let a = x[q] + x[q];")).toHaveLength(1);
  });
});
