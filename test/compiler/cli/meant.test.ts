/// Names and sizes on the command line: what is missing is told at once, and what is misspelt says what was meant.
import { expect, test } from "vitest";
import { run } from "../../../compiler/cli/run.ts";
import { bindSizes } from "../../../compiler/passes/bind-sizes.ts";
import { parseGraph } from "../../../ir/parse.ts";

const model = "samples/digits/model.ts";

async function warned(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const warn = (text: string) => void lines.push(text);
  await run(args, { print: () => undefined, warn, style: (_, text) => text });
  return lines.join("\n");
}

test("all sizes without a number are named, with the options that give them one", async () => {
  const text = await warned("report", model);
  expect(text).toContain('"batch", "pixels" of entry points "predict", "train" have none');
  expect(text).toContain("help: --dim batch=64 --dim pixels=64, or");
});

test("sizes without a number are named with the entry points that use them", () => {
  const graph = parseGraph(
    "graph two\ninput w: f32[places]\ninput x: f32[batch]\n\nentry predict\n  output y = sum(w)\n\nentry show\n  output z = sum(x)\n",
  );
  expect(() => bindSizes(graph, {})).toThrow(
    'must have a number: "places" of entry point "predict" has none; "batch" of entry point "show" has none',
  );
});

test("a size of one entry point that is misspelt", async () => {
  expect(await warned("report", model, "--dim", "tran.batch=4")).toContain("help: did you mean train.batch?");
});

test("an entry point that is misspelt", async () => {
  expect(await warned("print", model, "--entry", "trian")).toContain("found trian; did you mean train?");
});

test.each([
  ["a folder", "samples/classifier", "samples/classifier/model.ts"],
  ["a folder that is misspelt", "samples/clasifier/model.ts", "samples/classifier/model.ts"],
  ["a file that is misspelt", "samples/classifier/modle.ts", "samples/classifier/model.ts"],
])("%s in the place of a model file", async (_, path, meant) => {
  expect(await warned("print", path)).toContain(`help: did you mean ${meant}?`);
});

test("a folder without a model", async () => {
  const text = await warned("print", "test/compiler");
  expect(text).toContain("found none at test/compiler");
  expect(text).not.toContain("did you mean");
});

test("a value that is no scalar, and a parameter that it is made from", async () => {
  const text = await warned("explain", "test/compiler/cli/fixtures/temperature.ts", "scaled", "temperature");
  expect(text).toContain("error[loss-not-scalar]: a gradient is taken of a scalar float: scaled is f32[");
  expect(text).toContain("help: reduce it with mean(scaled) or sum(scaled)");
  expect(text).not.toContain("did you mean");
});

test("a loss and a parameter the other way round", async () => {
  expect(await warned("explain", "samples/classifier/model.ts", "W1", "L")).toContain("did you mean L W1?");
});

test("what a command lacks is told by the help of that command", async () => {
  expect(await warned("explain", model)).toContain("help: chainrule explain --help");
});

test("the beginning of a name is enough to be understood", async () => {
  expect(await warned("print", model, "--stage", "grad")).toContain("help: did you mean gradient?");
});
