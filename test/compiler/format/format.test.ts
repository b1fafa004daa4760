import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { latexName } from "../../../compiler/format/latex-names.ts";
import { formatLatex } from "../../../compiler/format/latex.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { adam, binaryCrossEntropy, dense, grad, input, matmul, mean, model } from "../../../ir/index.ts";
import { param, sigmoid, square } from "../../../ir/index.ts";
import { named } from "../../../ir/traced.ts";
import type { Graph } from "../../../ir/graph.ts";
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { greater, lessEqual } from "../../../ir/ops/compare.ts";
import { contract } from "../../../ir/ops/contract.ts";
import { iota } from "../../../ir/ops/leaf.ts";
import { exp, log } from "../../../ir/ops/functions.ts";
import { expectBalanced } from "./balance.ts";
import { as } from "../symbolic.ts";
import { elementwiseSamples, graphOf, leaf, weight } from "../../ir/graphs.ts";

function classifier(): Graph {
  const place = { file: "model.ts", line: 1, column: 1 };
  return model("classifier", () => {
    const x = input("x", "f32", ["batch", 3]);
    const y = input("y", "f32", ["batch", 1]);
    const first = param([3, 4], { name: "W1" });
    const second = param([4, 1], { name: "W2" });
    const h = named("h1", place, () => sigmoid(matmul(x, first)));
    const p = named("ŷ", place, () => sigmoid(matmul(h, second)));
    const loss = named("L", place, () => binaryCrossEntropy(p, y, { reduction: "sum" }));
    return { predict: { p }, train: { L: loss, weight: grad(loss, second) } };
  });
}

test.each([
  ["x", "x"],
  ["x1", "x_{1}"],
  ["z₁", "z_{1}"],
  ["ŷ", "\\hat{y}"],
  ["hidden", "\\mathrm{hidden}"],
  ["dense_0", "\\mathrm{dense}_{0}"],
  ["alpha", "\\alpha"],
  ["hidden.weight", "W_{\\mathrm{hidden}}"],
  ["hidden.bias", "b_{\\mathrm{hidden}}"],
  ["h.0.normalized", "\\mathrm{normalized}_{h, 0}"],
  ["slow.m.norm", "{m^{\\mathrm{slow}}}_{\\mathrm{norm}}"],
  ["adam.step", "\\mathrm{step}_{\\mathrm{adam}}"],
  ["adam.m.hidden.weight", "m_{W_{\\mathrm{hidden}}}"],
  ["x.attended_0.normalized", "\\mathrm{normalized}_{x, \\mathrm{attended}_{0}}"],
  ["x.attended_1.0.normalized", "\\mathrm{normalized}_{x, \\mathrm{attended}_{1}, 0}"],
  ["x.wide_1.weight", "W_{x, \\mathrm{wide}_{1}}"],
  ["x.attended_1", "\\mathrm{attended}_{x, 1}"],
  ["key.0", "\\mathrm{key}_{0}"],
  ["adam.v.W′", "{v_{W}}'"],
  ["∂L/∂hidden.weight", "\\frac{\\partial L}{\\partial W_{\\mathrm{hidden}}}"],
  ["100 % & more_{x}", "\\text{100 \\% \\& more\\_\\{x\\}}"],
])("the name %s is %s", (name, latex) => expect(latexName(name)).toBe(latex));

describe("LaTeX", () => {
  test("of the classifier", () => {
    const rows = formatLatex(derive(classifier()));
    expect(rows).toMatch(/^\\begin\{aligned\}\n[\s\S]*\n\\end\{aligned\}\n$/);
    expect(rows).toContain("h_{1} &= \\sigma\\left(x \\, W_{1}\\right) \\\\");
    expect(rows).toContain("\\frac{\\partial L}{\\partial W_{2}} &= ");
    expect(rows).toContain("{h_{1}}^{\\top}");
  });

  test("of fractions, powers and cases", () => {
    const [x, y] = [leaf("x", [2]), leaf("y", [2])];
    const value = mul(div(add(x, y), exp(sub(x, 1))), where(greater(x, 0), log(sub(x, y)), 0.5));
    expect(formatLatex(graphOf({ r: value }))).toBe(
      String.raw`\begin{aligned}
  &\text{run:} \\
  r &= \frac{x + y}{e^{x - 1}} \odot \left(\begin{cases} \ln \left(x - y\right) & \text{if } x > 0 \\ 0.5 & \text{otherwise} \end{cases}\right)
\end{aligned}
`,
    );
  });

  test.each([...elementwiseSamples()])("braces and brackets balance: %s", (_, value) => {
    expectBalanced(formatLatex(graphOf({ value })));
  });

  test("of names with spaces, which math mode would swallow", () => {
    expect(latexName("the input")).toBe("\\text{the input}");
    expect(latexName("∂loss/∂the input")).toBe("\\frac{\\partial \\mathrm{loss}}{\\partial \\text{the input}}");
  });

  test("updates that are the same for several parameters stand once, for θ", () => {
    const trained = model("trained", () => {
      const hidden = as("hidden", () => dense(input("x", "f32", [4, 3]), 2));
      const loss = as("loss", () => mean(square(hidden as never)));
      return { train: { loss, update: adam(loss as never) } } as never;
    });
    const latex = formatLatex(derive(trained));
    expect(latex).toContain(
      "&\\text{for } \\theta \\text{ in } W_{\\mathrm{hidden}},\\; b_{\\mathrm{hidden}}\\text{:}",
    );
    expect(latex).toContain("\\quad m_{\\theta} &\\leftarrow 0.9 \\, m_{\\theta}");
    expect(latex.match(/\\leftarrow/g)).toHaveLength(4);
    expectBalanced(latex);
  });

  test("contractions are sums over indices, whose letters are the axes of the result", () => {
    const [q, k] = [leaf("q", [2, 8, 4, 16]), leaf("k", [2, 8, 4, 16])];
    const scores = contract(q, k, {
      batch: [
        [0, 0],
        [2, 2],
      ],
      contracted: [[3, 3]],
    });
    // k is a value.
    expect(formatLatex(graphOf({ scores }))).toContain("\\sum_{n} {q}_{i,l,j,n} \\, {k}_{i,m,j,n}");
    const causal = lessEqual(iota([3, 5], 1), iota([3, 5], 0));
    expect(formatLatex(graphOf({ causal }))).toContain(
      "\\left(j\\right)_{3 \\times 5} \\le \\left(i\\right)_{3 \\times 5}",
    );
  });

  test("braces balance in updates", () => {
    const w = weight("odd {name", [2]);
    expectBalanced(formatLatex(graphOf({ r: exp(w) }, {}, [{ state: w, value: mul(add(w, 1), add(w, 1)) }])));
    expectBalanced(formatLatex(derive(classifier())));
  });
});

describe("DOT", () => {
  const text = formatDot(derive(classifier()));

  test("leaves are boxes, operations stand in clusters under the user's names", () => {
    expect(text).toMatch(/^digraph "classifier" \{/);
    expect(text).toMatch(/<B>W1<\/B>.*f32\[3, 4\].*shape="box"/);
    expect(text).toMatch(/cluster_forward[\s\S]*<B>ŷ<\/B>[\s\S]*cluster_backward[\s\S]*<B>∂L\/∂W2<\/B>/);
    expect(formatDot(classifier(), { entry: "predict" })).not.toContain("cluster_backward");
  });

  test("every edge joins nodes that exist", () => {
    const nodes = new Set([...text.matchAll(/^\s*(n\d+) \[label/gm)].map(([, id]) => id));
    const ends = [...text.matchAll(/(n\d+) -> (n\d+)/g)].flatMap(([, from, to]) => [from, to]);
    expect(ends.length).toBeGreaterThan(10);
    expect(ends.filter((id) => !nodes.has(id))).toEqual([]);
  });

  test("quotes and angle brackets in names are escaped", () => {
    const odd = { ...graphOf({ r: greater(leaf('a"<b>&', [2]), 0) }), name: 'say "hi" \\' };
    const drawn = formatDot(odd);
    expect(drawn).toContain('digraph "say \\"hi\\" \\\\" {');
    expect(drawn).toContain("a&quot;&lt;b&gt;&amp;");
  });
});
