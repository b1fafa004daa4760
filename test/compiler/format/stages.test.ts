/// What is printed of a graph: as a pass leaves it, or as far as some names.
import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { formatLatex } from "../../../compiler/format/latex.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { graphAtStage, stages } from "../../../compiler/passes/stages.ts";
import { stopAt } from "../../../compiler/passes/stop-at.ts";
import { parseGraph } from "../../../ir/parse.ts";
import { printGraph } from "../../../ir/print.ts";
import { sameGraph, verifyGraph } from "../../../ir/verify.ts";
import { expectJson } from "./expect-json.ts";
import { classifier, trained } from "./models.ts";

describe("stages", () => {
  test("every stage prints a graph that reads back, and the last is the derived one", () => {
    for (const { name } of stages()) {
      for (const stage of name === "forward" ? [name] : [name, `${name}:before`]) {
        const graph = graphAtStage(trained, stage);
        const text = printGraph(graph);
        expect(printGraph(parseGraph(text)), stage).toBe(text);
      }
    }
    expect(printGraph(graphAtStage(trained, stages().at(-1)!.name))).toBe(printGraph(derive(trained)));
    expect(new Set(stages().map(({ name }) => name)).size).toBe(stages().length);
  });
});

describe("stopping at names", () => {
  test("a letter stands for what is not shown", () => {
    const cut = stopAt(derive(classifier), ["z2", "h1"]);
    const text = printGraph(verifyGraph(cut));
    expect(text).toContain("letter h1: f32[batch, 4]");
    expect(text).not.toContain("@ W1");
    expect(text).not.toContain("parameter W1");
    expect(text).toContain("∂L/∂z2 = ŷ - y");
    expect(sameGraph(cut, parseGraph(text))).toBe(true);
    expectJson(cut);
    expect(formatDot(cut)).toContain('style="filled,dashed"');
    expect(formatLatex(cut)).toContain("\\sigma\\left(z_{2}\\right)");
  });

  test("a letter that nothing reads is not there, and a leaf stays what it is", () => {
    const text = printGraph(stopAt(derive(classifier), ["L", "x"]));
    expect(text).toContain("letter L: f32");
    expect(text).toContain("input x: f32[batch, 3]");
    expect(printGraph(stopAt(classifier, ["x"]))).toBe(printGraph(classifier));
  });
});
