/// One derivative by itself is explained as it is in the derivation of a gradient, with all that its page mentions.
import { describe, expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { mentioned, type Section } from "../../../compiler/explain/lines.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { explainValue, valueDocument } from "../../../compiler/explain/value.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import * as cr from "../../../ir/index.ts";
import { layOutPage } from "../../../ir/print/page.ts";
import { as } from "../symbolic.ts";

const scored = cr.model("scored", () => {
  const [z, c] = [cr.param([4, 3], { name: "z" }), cr.input("c", "f32", [4, 3])];
  const p = as("p", () => cr.softmax(z));
  const L = as("L", () => cr.sum(cr.mul(c, p)));
  return { run: { L, slope: cr.grad(L, z) } };
});

const regression = cr.model("regression", () => {
  const [x, y] = [cr.input("x", "f32", ["batch", 4]), cr.input("y", "f32", ["batch", 3])];
  const z = as("z", () => cr.matmul(x, cr.param([4, 3], { name: "W" })));
  const e = as("e", () => cr.exp(z));
  const p = as("p", () => cr.div(e, cr.sum(e, { axis: 1, keepAxes: true })));
  const L = as("L", () => cr.neg(cr.mean(cr.sum(cr.mul(y, cr.log(p)), { axis: 1 }))));
  return { run: { p }, train: { L, update: cr.sgd(L, { learningRate: 0.1 }) } };
});

const normalized = cr.model("normalized", () => {
  const [x, y] = [cr.input("x", "f32", ["batch", 6]), cr.input("y", "f32", ["batch", 8])];
  const a = as("a", () => cr.matmul(x, cr.param([6, 8], { name: "W" })));
  const mu = as("mu", () => cr.mean(a, { axis: 0 }));
  const centred = as("centred", () => cr.sub(a, mu));
  const variance = as("variance", () => cr.mean(cr.square(centred), { axis: 0 }));
  const normed = as("normed", () => cr.div(centred, cr.sqrt(cr.add(variance, 1e-5))));
  const h = as("h", () => cr.relu(cr.mul(cr.param([8], { name: "gamma", init: cr.ones() }), normed)));
  const L = as("L", () => cr.meanSquaredError(h, y));
  return { train: { L, update: cr.sgd(L, { learningRate: 0.1 }) } };
});

const cases = [
  ["a softmax", scored, "z"],
  ["a regression by hand", regression, "W"],
  ["batch statistics by hand", normalized, "W"],
] as const;

const pageOf = (graph: Graph, name: string): readonly Section[] => valueDocument(explainValue(graph, name));

/** The lines below a heading, broken lines as one. */
function under(sections: readonly Section[], title: string): string {
  const section = sections.find((each) => each.title === title);
  return section ? explanationText([section]) : "";
}

describe.each(cases)("%s", (_, graph, parameter) => {
  const derived = derive(graph);
  const alive = graphValues(derived);
  const derivatives = [...derived.notes].flatMap(([value, { name }]) =>
    name?.startsWith("∂L/∂") && alive.includes(value) ? [name] : [],
  );

  test.each(derivatives)("%s begins and ends as in the derivation of its gradient", (name) => {
    const { line } = explainValue(graph, name);
    const last = explainGradient(graph, "L", name.slice("∂L/∂".length))!.lines.at(-1)!;
    expect(explanationText([{ title: "", rows: [{ left: name, relation: "=", right: line.first }] }])).toBe(
      explanationText([{ title: "", rows: [{ left: name, relation: "=", right: last.first }] }]),
    );
    expect(line.last.value).toBe(last.last.value);
    expect(under(pageOf(graph, name), "The chain rule") + under(pageOf(graph, name), "Each factor")).not.toBe("");
  });

  test.each(derivatives)("%s has a line for each value that its page mentions", (name) => {
    const defined = new Set<string>();
    for (const { rows } of pageOf(graph, name)) {
      for (const { left, right, within = [] } of rows) {
        const formulas = [...("value" in right ? [right] : []), ...within.map(({ formula }) => formula)];
        const inner = within.map((each) => each.name);
        const used = formulas.flatMap((formula) =>
          [...mentioned(formula)].flatMap(([value, each]) => (value.op.kind === "leaf" ? [] : [each])),
        );
        // What a definition is made of has a page of its own, and so have the other derivatives.
        const isDefinition = left !== undefined && !left.startsWith("∂") && !/^v\d+$/.test(left);
        if (isDefinition) defined.add(left);
        else
          for (const each of used.filter((one) => !one.startsWith("∂L/∂") && !inner.includes(one)))
            expect(defined, each).toContain(each);
        if (left !== undefined) defined.add(left);
      }
    }
  });

  test("letters that only an explanation has count up as they are defined", () => {
    const text = explanationText(gradientDocument(explainGradient(graph, "L", parameter)!));
    const taken = new Set(layOutPage(derived).automatic.values());
    const own = [...text.matchAll(/^ {2}(v\d+) = /gm)].flatMap(([, name]) => (taken.has(name) ? [] : [name]));
    const fresh = [...new Set(own)].map((name) => Number(name.slice(1)));
    expect(fresh).toEqual(fresh.toSorted((a, b) => a - b));
  });
});

test("a softmax hands back what a person would write, and the page says what it is", () => {
  const text = explanationText(pageOf(scored, "∂L/∂z"));
  expect(text).toContain("  p = softmax(z)  # test.ts:1:1\n");
  expect(text).toContain("  ∂p/∂z: G ↦ G · p - p · sum(G · p, axis=1)[:, _]\n");
  expect(text).not.toMatch(/operand 1|logSoftmax/);
});

test("a derivation that the compiler noted begins with the factor that the chain rule has", () => {
  const sections = gradientDocument(explainGradient(regression, "L", "W")!);
  const [, factor] = /∂L\/∂z = (.*)/.exec(under(sections, "Each factor"))!;
  expect(under(sections, "Rule by rule")).toContain(`  ∂L/∂z = ${factor}\n`);
  expect(under(pageOf(regression, "∂L/∂z"), "Made safe before it is differentiated")).toContain("logSoftmax(z)");
});

test("a derivative whose readers have derivatives with names ends there", () => {
  const text = explanationText(pageOf(normalized, "∂L/∂gamma"));
  expect(text).toContain("  ∂L/∂gamma = ∂L/∂h · ∂h/∂gamma\n");
  expect(text).not.toContain("variance =");
});
