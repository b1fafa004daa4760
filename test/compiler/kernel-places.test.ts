/// The lines of the model that `report` names beside kernels.
import { describe, expect, test } from "vitest";
import { compileWithFacts } from "../../compiler/compile.ts";
import { kernelPlaces } from "../../compiler/kernel-places.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { shownValues } from "../../compiler/lower/header.ts";
import { memoryReport } from "../../compiler/memory-report.ts";
import { report } from "../../compiler/report.ts";
import { placeText } from "../../ir/diagnostic.ts";

const graph = await loadModel("test/compiler/fixtures/normalized.ts", { typeCheck: false });
const compiled = compileWithFacts(graph);
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

describe("lines of the model that stand beside values", () => {
  const unplaced = (all: readonly { readonly place?: unknown; readonly name?: string }[]) =>
    all.filter(({ place }) => !place).map(({ name }) => name);

  test("that are computed in another kernel are those of that one, if they have none", () => {
    const { refused } = report(compiled, true).entryPoints.train;
    expect(refused!.length).toBeGreaterThan(10);
    expect(unplaced(refused!)).toEqual([]);
  });

  test("that are made again are those of their kernels, if they have none", () => {
    const { plan } = compiled.entries.find(({ name }) => name === "train")!;
    const again = plan.steps.map((step) => ({ step, times: 1, flops: 1 }));
    const facts = { budget: 1, bytesBefore: 1, dispatchesBefore: 1, again };
    const { notes } = compiled.planned;
    expect(unplaced(memoryReport(facts, notes, () => undefined).again).length).toBeGreaterThan(0);
    expect(unplaced(memoryReport(facts, notes, kernelPlaces(notes, plan)).again)).toEqual([]);
  });

  test("that are alive where a budget is too small are those of what is computed from them, if they have none", () => {
    expect(() => compileWithFacts(graph, { memoryBudget: 1000 })).toThrow(
      expect.objectContaining({ help: expect.stringMatching(/(\n.* bytes, \S+\.ts:\d+:\d+)+(\n.*more)?$/) as string }),
    );
  });

  test("that stay f32 are those of what is computed from them, if they have none", () => {
    const { wide } = report(compileWithFacts(graph, { storage: "f16" })).entryPoints.train.storage!;
    expect(unplaced(wide)).toEqual([]);
  });
});
