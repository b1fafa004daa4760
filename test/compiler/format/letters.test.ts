/// LaTeX: the letters of axes are no names of the page, and cases end where their brace does.
import { expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationLatex } from "../../../compiler/explain/latex.ts";
import { formatLatex } from "../../../compiler/format/latex.ts";
import { axisLettersBeside } from "../../../compiler/format/latex-names.ts";
import { greater, input, mean, model, mul, param, sub, sum, where } from "../../../ir/index.ts";
import { as } from "../symbolic.ts";

const graph = model("letters", () => {
  const [i, j, k] = [input("i", "f32", ["l", 4]), input("j", "f32", ["l", 4]), param([4], { name: "k" })];
  const centred = as("centred", () => sub(i, mean(i, { axis: 1, keepAxes: true })));
  const loss = as("loss", () => sum(mul(mul(centred, j), where(greater(i, 0), k, mul(2, k)))));
  return { train: { loss, side: sum(i, { axis: 0 }) } };
});

test("axes have letters that no name and no size of the page has", () => {
  const latex = formatLatex(graph);
  expect(latex).toContain("\\operatorname{mean}_{n}");
  expect(latex).toContain("\\sum_{m} i");
  const explained = explanationLatex(gradientDocument(explainGradient(graph, "loss", "k")!));
  expect(explained).toContain("{\\operatorname{mean}_{n}\\left(i\\right)}_{m}");
  expect(`${latex}${explained}`).not.toMatch(/_\{[ijkl]\}/);
});

test("a letter with a subscript is taken as well, one in a word is not", () => {
  const [one] = [...graph.inputs];
  expect(axisLettersBeside([[one, "j_1"]]).slice(0, 2)).toEqual(["i", "k"]);
  expect(axisLettersBeside([[one, "∂L/∂i"]]).slice(0, 2)).toEqual(["j", "k"]);
  expect(axisLettersBeside([[one, "skip"]]).slice(0, 2)).toEqual(["i", "j"]);
});

test("cases stand in parentheses beside a factor, and by themselves do not", () => {
  expect(formatLatex(graph)).toContain("\\odot \\left(\\begin{cases}");
  const alone = model("alone", () => {
    const x = input("x", "f32", [3]);
    return { run: { r: where(greater(x, 0), x, mul(2, x)) } };
  });
  expect(formatLatex(alone)).toContain("r &= \\begin{cases} x & ");
});
