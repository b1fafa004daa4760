/// The lines of the model that `report` names beside kernels.
import { expect, test } from "vitest";
import { compileWithFacts } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { shownValues } from "../../compiler/lower/header.ts";
import { report } from "../../compiler/report.ts";
import { placeText } from "../../ir/diagnostic.ts";

const compiled = compileWithFacts(await loadModel("test/compiler/fixtures/normalized.ts", { typeCheck: false }));
const { kernels, residuals } = report(compiled).entryPoints.train;

test("are among those that the comment of the kernel tells, where it tells any", () => {
  const { notes } = compiled.planned;
  const { launches } = compiled.entries.find(({ name }) => name === "train")!;
  launches.forEach(({ steps: [{ traffic }] }, at) => {
    const told = shownValues(traffic, notes).flatMap((value) => notes.get(value)?.place ?? []);
    if (told.length > 0) expect(told.map(placeText)).toContain(placeText(kernels[at].place!));
  });
});

test("of products are those of the values that they are under another shape, whatever else reads them", () => {
  const products = residuals.filter(({ name }) => name.startsWith("product of "));
  const lines = products.map(({ place }) => place?.line);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toBe(lines[0]! + 2);
  const places = products.map(({ place }) => placeText(place!));
  const { launches } = compiled.entries.find(({ name }) => name === "train")!;
  const contracts = kernels.filter((_, at) => launches[at].steps[0].traffic.cluster.kind === "contract");
  expect(contracts.slice(0, 2).map(({ place }) => placeText(place!))).toEqual(places);
});

test("of what loops begin with are those of the kernels that read it", async () => {
  const recurrent = compileWithFacts(await loadModel("test/compiler/fixtures/recurrent.ts", { typeCheck: false }));
  const { kernels } = report(recurrent).entryPoints.train;
  expect(kernels.filter(({ place }) => !place).map(({ name }) => name)).toEqual([]);
});
