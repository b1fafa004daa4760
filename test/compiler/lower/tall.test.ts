/// Row kernels take four neighbouring rows at a time where their elements lie side by side.
import { describe, expect, it } from "vitest";
import { adam, add, input, max, mean, model, mul, param, reshape, square, sub, sum, type Graph } from "chainrule";
import { compile } from "../../../compiler/compile.ts";
import { expectRight } from "../agree.ts";

const takesFour = (graph: Graph): boolean =>
  compile(graph).kernels.some(({ wgsl }) => /var \w+ = vec4f\(0\.0\);/.test(wgsl));

/** A result of x, with its gradient. */
const of = (make: (x: ReturnType<typeof table>) => Parameters<typeof sum>[0], rows = 70, columns = 12): Graph =>
  model("columns", () => {
    const x = table(rows, columns);
    const scale = param([rows, columns], { name: "scale" });
    const loss = sum(square(make(mul(x, scale) as never) as never));
    return { train: { loss, update: adam(loss as never) } };
  });
const table = (rows: number, columns: number) => input("x", "f32", [rows, columns]);

describe("rows that lie side by side", () => {
  it("are taken by fours: sums over columns of a table", async () => {
    const graph = of((x) => sum(x, { axes: [0] }));
    expect(takesFour(graph)).toBe(true);
    await expectRight(graph, {});
  });

  it("are taken by fours where threads share a column", () =>
    expectRight(
      of((x) => sum(x, { axes: [0] }), 600, 8),
      {},
    ));

  it("are taken by fours where threads are left over", () =>
    expectRight(
      of((x) => sum(x, { axes: [0] }), 40, 324),
      {},
    ));

  it("keep what each element becomes", async () => {
    const graph = of((x) => sub(x, mean(x, { axes: [0], keepAxes: true })));
    expect(takesFour(graph)).toBe(true);
    await expectRight(graph, {});
  });

  it("are taken by fours between other axes", () =>
    expectRight(
      of((x) => sum(reshape(x, [5, 14, 12]), { axes: [1] })),
      {},
    ));

  it("are taken one by one where they do not come in fours, are far apart, or are compared", async () => {
    for (const make of [
      (): Graph => of((x) => sum(x, { axes: [0] }), 70, 13),
      (): Graph => of((x) => add(max(x, { axes: [0] }), 1)),
    ]) {
      const graph = make();
      expect(takesFour(graph)).toBe(false);
      await expectRight(graph, {});
    }
    expect(takesFour(model("row", () => ({ run: { y: sum(table(64, 64), { axes: [1] }) } })))).toBe(false);
  });
});
