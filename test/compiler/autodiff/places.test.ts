/// The derivative with respect to a value comes from the line of that value, whichever way is walked first.
import { expect, test } from "vitest";
import { loadModel } from "../../../compiler/load/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { graphValues } from "../../../ir/graph.ts";

test("on two ways from a loss every derivative has the place of its value", async () => {
  const graph = await loadModel("test/compiler/autodiff/fixtures/two-ways.ts", { typeCheck: false });
  const derived = derive(graph);
  const notes = [...derived.notes];
  const placeOf = (name: string) => notes.find(([, note]) => note.name === name)?.[1].place;
  const alive = new Set(graphValues(derived));
  const derivatives = notes.flatMap(([value, { name }]) =>
    alive.has(value) && name?.startsWith("∂loss/∂") ? [name] : [],
  );
  expect(derivatives).toEqual(expect.arrayContaining(["∂loss/∂decoded", "∂loss/∂z", "∂loss/∂spread"]));
  for (const name of derivatives) expect(placeOf(name), name).toEqual(placeOf(name.slice("∂loss/∂".length)));
});
