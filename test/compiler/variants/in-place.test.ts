/// Squares of a contraction write where an operand of what follows lies, as any other kernel does.
import { expect, it, vi } from "vitest";
import { add, input, matmul, model, tanh } from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { expectSquares } from "./squares.ts";

// A card would take so few squares in another way; many, and more than one kernel of them, take other devices long.
vi.mock(import("../../../compiler/lower/contraction/tile.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  squaresOf: ({ length }) => (length === 8 ? [64] : []),
  sharedNumbers: 512,
}));

it("a result takes the place of an operand in squares as a card runs them", async () => {
  const graph = model("squares", () => {
    const [a, b] = [input("a", "f32", [128, 16]), input("b", "f32", [16, 64])];
    const other = tanh(matmul(input("c", "f32", [128, 8]), input("d", "f32", [8, 64])));
    return { run: { y: matmul(add(matmul(a, b), other), input("e", "f32", [64, 4])) } };
  });
  const { program } = compileWithFacts(graph);
  expect(program.variants!.map(({ wgsl }) => wgsl.includes("total takes the place of product"))).toContain(true);
  await expectSquares(graph, 64);
});
