/// Names that are no words go through every format, the compiler and a device; what cannot be seen is refused.
import { ts } from "ts-morph";
import { expect, test } from "vitest";
import {
  adam,
  add,
  argsort,
  attention,
  conv2d,
  cummax,
  cumsum,
  dense,
  exp,
  input,
  matmul,
  max,
  mean,
  model,
  param,
  relu,
  reshape,
  scatterAdd,
  sgd,
  softmax,
  softmaxCrossEntropy,
  sort,
  square,
  sub,
  sum as total,
  take,
  topK,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { emitModule } from "../../compiler/emit/index.ts";
import { formatDot } from "../../compiler/format/dot.ts";
import { formatJson, readGraphJson } from "../../compiler/format/json.ts";
import { formatLatex } from "../../compiler/format/latex.ts";
import { formatMermaid } from "../../compiler/format/mermaid.ts";
import { derive } from "../../compiler/passes/all.ts";
import { createNamer } from "../../compiler/wgsl/names.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import { sameGraph } from "../../ir/verify.ts";
import { expectRight } from "./agree.ts";
import { expectBalanced } from "./format/balance.ts";

function called(name: string): Graph {
  return model(name, () => {
    const x = input(name, "f32", ["batch", 3]);
    const y = input(`${name} y`, "f32", ["batch", 2]);
    const W = param([3, 2], { name: `${name}W` });
    const loss = mean(square(sub(matmul(x, W), y)));
    return { [`${name} train`]: { [`${name} loss`]: loss, update: sgd(loss, { learningRate: 0.1 }) } };
  });
}

const hostile = [
  ...["a */ b", "/* a", "// a", "a\\", 'say "a"', "it's", "`a`", "``", "${a}", "a\\n", "</script>", "<b>", "&amp;"],
  ...[
    "a#b",
    "# a",
    "%",
    "$",
    "^",
    "~",
    "{",
    "}",
    "\\end{aligned}",
    "end",
    "a b",
    " a ",
    "1a",
    "v1",
    "true",
    "nan",
    "_",
  ],
  ...[
    "θ",
    "∂a/∂b",
    "a/b",
    "a′",
    "aᵀ",
    "a²",
    "日本",
    "😀",
    "é",
    "e\u0301",
    "var",
    "fn",
    "main",
    "f32",
    "struct",
    "scan",
  ],
  ...[
    "a=b",
    "a: f32",
    "a, b",
    "[a]",
    "entry",
    "update",
    "output",
    "for",
    "in",
    "graph",
    "a..b",
    ".a",
    "a.",
    "constructor2",
  ],
];

test.each(hostile)("%j is printed in every format, and reads back", (name) => {
  const derived = derive(called(name));
  const text = printGraph(derived);
  expect(sameGraph(derived, parseGraph(text))).toBe(true);
  expect(printGraph(parseGraph(text))).toBe(text);
  expect(sameGraph(derived, readGraphJson(formatJson(derived)))).toBe(true);
  expectBalanced(formatLatex(derived));
  for (const line of formatMermaid(derived).split("\n")) expect(line.split('"').length % 2).toBe(1);
  expect(
    formatDot(derived)
      .replace(/\\[\\"]/g, "")
      .split('"').length % 2,
  ).toBe(1);
  const facts = { version: "1", model: "model.ts", command: "chainrule compile model.ts", hash: "0" };
  const module = emitModule(compile(called(name), { dims: { batch: 4 } }), facts);
  expect(ts.transpileModule(module, { reportDiagnostics: true }).diagnostics).toEqual([]);
});

test("no kernel calls what a value may be called", () => {
  const models = [called("x"), called("y")];
  const images = model("images", () => {
    const image = input("image", "f32", ["batch", 2, 9, 9]);
    const hidden = relu(conv2d(image, 8, 3));
    const loss = softmaxCrossEntropy(dense(reshape(hidden, ["batch", 392]), 18), input("label", "i32", ["batch"]));
    return { train: { loss, update: adam(loss) } };
  });
  const namer = createNamer();
  for (const { wgsl } of [...models, images].flatMap((each) => compile(each, { dims: { batch: 6 } }).kernels)) {
    const own = new Set([...wgsl.matchAll(/\bfn (\w+)/g)].map(([, name]) => name));
    const calls = [...wgsl.replace(/\/\/.*/g, "").matchAll(/(?<![@\w])([A-Za-z_]\w*)[(<]/g)].map(([, name]) => name);
    for (const name of calls) if (!own.has(name)) expect(namer(name), name).not.toBe(name);
  }
});

/** Kernels of every kind, that read a tensor. */
const kinds: Readonly<Record<string, (x: Tensor<"f32", [16, 16]>) => Value>> = {
  sort: (x) => sort(x, { axis: 1 }),
  "sort of long rows": (x) => sort(reshape(matmul(reshape(x, [256, 1]), reshape(x, [1, 256])), [65536])),
  "sort of whole numbers": (x) => argsort(argsort(x, { axis: 0 }), { axis: 0 }),
  topK: (x) => topK(x, 3).values,
  "running sum": (x) => cumsum(x, 1),
  "running maximum": (x) => cummax(x, 0),
  take: (x) => take(x, argsort(x), 0),
  scatter: (x) => scatterAdd(x, argsort(total(x, { axes: [1] })), exp(x)),
  attention: (x) => attention(x, 2),
  rows: (x) => softmax(x, 1),
  columns: (x) => add(x, max(x, { axes: [0] })),
  total: (x) => mean(square(x)),
  product: (x) => exp(matmul(exp(x), x)),
};

/** Variables of kernels, and those of them that are read as tensors where they are declared. */
function variablesIn(graph: Graph): { readonly all: ReadonlySet<string>; readonly hidden: readonly string[] } {
  const functions = compile(graph).kernels.flatMap(({ wgsl }) => {
    const tensors = new Set([...wgsl.matchAll(/^@group.* (\w+): /gm)].map(([, name]) => name));
    return wgsl.split(/^(?=@compute|fn )/m).map((text) => ({ text, tensors }));
  });
  const [all, hidden] = [new Set<string>(), new Array<string>()];
  for (const { text, tensors } of functions) {
    for (const [, name] of text.matchAll(/^\s.*?\b(?:let|var) (\w+)/gm)) {
      all.add(name);
      if (tensors.has(name) && new RegExp(`\\b${name}\\[`).test(text)) hidden.push(name);
    }
  }
  return { all, hidden };
}

test.each(Object.entries(kinds))("no variable of a kernel hides a tensor: %s", (_, build) => {
  const reading = (name: string): Graph => model("m", () => ({ run: { y: build(input(name, "f32", [16, 16])) } }));
  const { all } = variablesIn(reading("x"));
  expect(all.size).toBeGreaterThan(0);
  for (const name of [...all, "order"]) expect(variablesIn(reading(name)).hidden, name).toEqual([]);
});

test("a device sorts what is called as a sort calls its own", async () => {
  for (const name of ["b", "a_key", "order", "size"]) {
    await expectRight(
      model("m", () => {
        const x = input(name, "f32", [5, 12]);
        const named = input("low", "f32", [5, 12]);
        const { values } = topK(add(x, named), 3);
        return { run: { sorted: sort(x, { axis: 1 }), values, counted: cumsum(named, 1) } };
      }),
    );
  }
});

test("a device computes under them", async () => {
  for (const name of ["a */ b", 'say "a"', "`a`", "// a", "😀", "var", "_", "\\", "transpose", "mat4x4f", "quads"]) {
    await expectRight(called(name), { batch: 4 });
  }
});

test.each(["batch size", "batch-", "größe", "a b", "2 3", "a/b", "a\nb", '"', ""])(
  "%j is no name of a size",
  (size) => {
    const build = (): unknown => model("m", () => ({ run: { r: square(input("x", "f32", [size, 2])) } }));
    expect(build).toThrow(expect.objectContaining({ code: "size-syntax" }));
  },
);

const unseen = [
  "\u200b",
  "\u00ad",
  "\u2060",
  "\u3164",
  "\u2800",
  "\u{e0041}",
  "a\u200e",
  "a\u200fb",
  "a\u061cb",
  "\u200d",
];

test.each(["a\nb", "a\rb", "a\0b", "a\u2028b", "a\u2029b", "", " ", "\u202eab", "\ud800", "\u0085", ...unseen])(
  "%j is refused where it stands",
  (name) => {
    expect(() => called(name)).toThrow(expect.objectContaining({ code: "name-characters" }));
    const asInput = (): unknown => model("m", () => ({ run: { r: square(input(name, "f32", [2])) } }));
    expect(asInput).toThrow(expect.objectContaining({ code: "name-characters" }));
    const asOutput = (): unknown => model("m", () => ({ run: { [name]: square(input("x", "f32", [2])) } }));
    expect(asOutput).toThrow(expect.objectContaining({ code: "name-characters" }));
  },
);
