import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CompileError } from "../../../ir/diagnostic.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { runModel } from "../../../compiler/load/run.ts";
import { transpile } from "../../../compiler/load/transpile.ts";

const fixture = (name: string): string => `test/compiler/load/fixtures/${name}.ts`;

describe("names and places", () => {
  test("values are named after the variables of the model file", async () => {
    const graph = await loadModel(fixture("names"));
    const names = [...graph.notes.values()].flatMap((note) => note.name ?? []);
    expect(names).toEqual(
      expect.arrayContaining([
        "image",
        "hidden",
        "hidden_1",
        "first",
        "twice",
        "threefold",
        "left",
        "right",
        "optional",
      ]),
    );
    const states = graph.states.map((state) => graph.notes.get(state)?.name);
    expect(states.filter((name) => name !== "key")).toEqual([
      ...["hidden.weight", "hidden.bias", "hidden_1.weight", "hidden_1.bias", "hidden_2.weight", "hidden_2.bias"],
      "first.weight",
    ]);
  });

  test("values know file, line and columns, in imported files as well", async () => {
    const { notes } = await loadModel(fixture("names"), { typeCheck: false });
    const placeOf = (name: string) => [...notes.values()].find((note) => note.name === name)?.place;
    expect(placeOf("image")).toEqual({ file: fixture("names"), line: 5, column: 17, endColumn: 52 });
    expect(placeOf("twice")).toEqual({ file: fixture("blocks"), line: 11, column: 19, endColumn: 28 });
  });

  test("the same file loads twice, each time as a graph of its own", async () => {
    const [first, second] = [await loadModel(fixture("names")), await loadModel(fixture("names"))];
    expect(first.states[0]).not.toBe(second.states[0]);
  });
});

test("instrumenting changes nothing but names and places", async () => {
  const { exports } = await runModel(resolve(fixture("semantics")));
  expect(exports.seen).toEqual({
    twice: [1, 2],
    generated: [1, 5],
    optional: undefined,
    awaited: 7,
    variadic: 3,
    object: { value: 5 },
    name: "named",
    url: true,
  });
});

test("the instrumented source reads as the docs say", () => {
  const source = "const hidden = relu(x);\nlet a = 1;\nconst f = () => g(a);\nconst g = () => ({ a, ...b });\n";
  const { code } = transpile(source, "model.ts", true);
  expect(code.split("\n").slice(1)).toEqual([
    'const chainruleTrace = require("chainrule:trace").traceIn("model.ts");',
    'const hidden = chainruleTrace.named("hidden", 1, 16, 23, () => relu(x));',
    "let a = 1;",
    "const f = () => chainruleTrace.placed(3, 17, 21, () => g(a));",
    'const g = () => (chainruleTrace.keyed({ a, ...b }, [["a", 4, 20, 21]]));',
    "",
  ]);
});

test("a model that does not type-check is refused only when asked to check", async () => {
  const path = "test/fixtures/errors/model-type-error.ts";
  await expect(loadModel(path)).rejects.toThrow(CompileError);
  await expect(loadModel(path, { typeCheck: false })).resolves.toMatchObject({ name: "tiny" });
});

test("a shape that does not fit is told by the language, with the names of the values", async () => {
  await expect(loadModel(fixture("shapes"))).rejects.toMatchObject({
    code: "contraction-extent",
    message: expect.stringContaining("axis 1 is 784"),
    place: { file: fixture("shapes"), line: 6, column: 23, endColumn: 40 },
  });
});

test("what a model returns is refused by the language, at its key, and not as a type of a function", async () => {
  const path = "test/fixtures/errors/entry-point-record.ts";
  await expect(loadModel(path)).rejects.toMatchObject({ code: "entry-point-record", place: { line: 5, column: 12 } });
});

test("a model in which a variable is not what its type says is not run", async () => {
  await expect(loadModel(fixture("retyped"))).rejects.toMatchObject({ code: "model-type-error" });
  expect(globalThis).not.toHaveProperty("ranRetyped");
});

test("operators on tensors are refused with the functions that are meant", async () => {
  await expect(loadModel("test/compiler/load/fixtures/operator.ts")).rejects.toMatchObject({
    code: "model-type-error",
    place: { line: 5, column: 31 },
    help: expect.stringContaining("add(x, 1)") as string,
  });
});

test("a function with a derivative of its own is called what the variable is called that holds it", async () => {
  const { entryPoints } = await loadModel(fixture("derivative"), { typeCheck: false });
  expect(entryPoints[0].outputs[0].value.attrs.identity).toMatchObject({ name: "twice" });
});

test("a script that is no model is told so before it runs, with the model beside it", async () => {
  await expect(loadModel(fixture("script/main"))).rejects.toMatchObject({
    code: "model-no-default-export",
    message: "test/compiler/load/fixtures/script/main.ts must export a model by default: found none",
    help: expect.stringContaining("did you mean test/compiler/load/fixtures/script/model.ts?") as string,
  });
  expect((await loadModel(fixture("script/model"))).name).toBe("network");
});

describe("default exports", () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-load-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const load = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return loadModel(join(folder, name));
  };
  const made = 'model("m", () => ({ run: { y: relu(input("x", "f32", [4])) } }))';

  test.each([
    ["an assignment within a declaration", `var _default = exports.default = ${made};`],
    [
      "a getter",
      `Object.defineProperty(exports, "default", { enumerable: true, get: () => _default });\nconst _default = ${made};`,
    ],
    ["a copied record", `Object.assign(exports, { default: ${made} });`],
    ["a branch", `if (true) module.exports = ${made};`],
    ["an element", `module["exports"] = ${made};`],
  ])("a CommonJS model is what it exports when it has run: %s", async (_, text) => {
    const head = 'const { model, input, relu } = require("chainrule");\n';
    expect(await load("network.cjs", head + text)).toMatchObject({ name: "m" });
    expect(await load("network.js", head + text)).toMatchObject({ name: "m" });
  });

  test("a name space exported by default is an export by default, though no model", async () => {
    writeFileSync(join(folder, "sizes.ts"), "export const width = 4;\n");
    await expect(load("space.ts", 'export * as default from "./sizes.ts";\n')).rejects.toMatchObject({
      message: expect.stringMatching(/found an object$/),
    });
  });

  test.each([
    ["train.ts", 'import "node:path";\n'],
    ["train.js", "export {};\n"],
    ["train.mjs", ""],
  ])("an ES module without one is not run: %s", async (name, head) => {
    const text = `${head}throw new Error("this trains for hours");\n`;
    await expect(load(name, text)).rejects.toMatchObject({ code: "model-no-default-export" });
  });

  test("a file of a package of modules is one, unless its name says otherwise", async () => {
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const text = 'throw new Error("this trains for hours");\n';
    await expect(load("package.js", text)).rejects.toMatchObject({ code: "model-no-default-export" });
    await expect(load("package.cjs", text)).rejects.toMatchObject({ code: "model-throws" });
    rmSync(join(folder, "package.json"));
    await expect(load("package.js", text)).rejects.toMatchObject({ code: "model-throws" });
  });
});
