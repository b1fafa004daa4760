import { format } from "prettier";
import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { emitModule, type ModuleFacts } from "../../../compiler/emit/index.ts";
import { printLiteral, templateText } from "../../../compiler/emit/literal.ts";
import { pascalCase } from "../../../compiler/emit/names.ts";
import { abiVersion, type Kernel, type Program } from "../../../runtime/abi.ts";
import { doubling, training } from "../../runtime/programs.ts";
import type { createTraining } from "./fixtures/training.gen.ts";

const facts: ModuleFacts = {
  version: "0.1.0",
  model: "model.ts",
  hash: "00",
  command: "npx chainrule compile model.ts --out model.gen.ts",
};

/** The value of `program` in the text of a module. */
function evaluateProgram(text: string): unknown {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  const exports: { program?: unknown } = {};
  new Function("exports", "require", outputText)(exports, () => ({}));
  return exports.program;
}

/** In the module kernels begin on a line of their own, and comments on kernels, functions and tensors stand before them. */
function withoutComments(program: Program): Program {
  const plain = (wgsl: string): string => wgsl.replace(/^ *\/\/ .*\n| \/\/ .*$/gm, "").trim();
  return { ...program, kernels: program.kernels.map((kernel) => ({ ...kernel, wgsl: plain(kernel.wgsl) })) };
}

describe.each([doubling, training])("the module of $name", (program) => {
  const text = emitModule(program, facts);

  test("reads as expected", async () => {
    await expect(text).toMatchFileSnapshot(`fixtures/${program.name}.gen.ts`);
  });

  test("holds the program", () => {
    expect(withoutComments(evaluateProgram(text) as Program)).toEqual(withoutComments(program));
  });

  test("is laid out as prettier would", async () => {
    expect(await format(text, { parser: "typescript", printWidth: 120 })).toBe(text);
  });

  test("imports the runtime and nothing else", () => {
    expect([...new Set([...text.matchAll(/from "(.*)"/g)].map(([, specifier]) => specifier))]).toEqual([
      "chainrule/runtime",
    ]);
  });
});

test("given weights are checked by their names", () => {
  type Params = NonNullable<Parameters<typeof createTraining>[0]>["params"];
  const given: Params = { weight: [1, 2, 3, 4] };
  // @ts-expect-error: the program has no parameter of this name.
  const misspelt: Params = { wieght: [1, 2, 3, 4] };
  // @ts-expect-error: weights are numbers.
  const text: Params = { weight: "1, 2" };
  expect([given, misspelt, text]).toHaveLength(3);
});

test("awkward names", async () => {
  const program: Program = {
    ...doubling,
    name: "program",
    kernels: [{ ...doubling.kernels[0], name: "kernel `${1}` \\ */" }],
    entryPoints: {
      "double-it": { ...doubling.entryPoints.double, outputs: [], settings: [{ name: "a b", value: 1 }] },
    },
  };
  const text = emitModule(program, facts);
  expect(text).toContain("export interface Program2 extends LoadedModule<Program2Params>");
  expect(text).toContain("export function createProgram2(");
  expect(text).toContain(
    '"double-it"(inputs: DoubleItInputs, settings?: DoubleItSettings): Result<Record<never, never>>;',
  );
  expect(withoutComments(evaluateProgram(text) as Program)).toEqual(withoutComments(program));
  expect(await format(text, { parser: "typescript", printWidth: 120 })).toBe(text);
});

test("functions that several kernels declare are written once, under names of their own", async () => {
  const load = "fn load(x: f32) -> f32 {\n  // What comes.\n  return x;\n}";
  const twice = "fn twice_of(x: f32) -> f32 {\n  return load(x) + load(x);\n}";
  const main = "@compute @workgroup_size(1)\nfn main() {\n}\n";
  const kernel = (name: string, functions: readonly string[]): Kernel => ({
    ...{ name, bindings: [], wgsl: `// ${name}\n\n${[...functions, main].join("\n\n")}` },
  });
  const program: Program = {
    ...doubling,
    kernels: [kernel("a", [load, twice]), kernel("b", [load]), kernel("c", [load, twice.replaceAll("+", "-")])],
  };
  const text = emitModule(program, facts);
  expect(text.split("fn load(")).toHaveLength(2);
  expect(text).toContain("// What comes.\nconst load2 = /* wgsl */ `fn load(x: f32) -> f32 {\n  return x;");
  expect(text).toContain("\n// a\nconst aKernel: Kernel");
  // Of one name and two texts, so that each stays where it is.
  expect(text.split("fn twice_of(")).toHaveLength(3);
  expect(withoutComments(evaluateProgram(text) as Program)).toEqual(withoutComments(program));
  expect(await format(text, { parser: "typescript", printWidth: 120 })).toBe(text);
});

test("an empty program", () => {
  const program: Program = {
    abi: abiVersion,
    name: "3d",
    buffers: [],
    states: [],
    kernels: [],
    entryPoints: {},
    limits: {},
  };
  expect(evaluateProgram(emitModule(program, facts))).toEqual(program);
  expect(pascalCase("3d")).toBe("Model3d");
});

test("literals", () => {
  expect(printLiteral({ a: 1, "b-c": [1e-7, -0, 1e21], d: 'say "no"' })).toBe(
    `{ a: 1, "b-c": [1e-7, -0, 1e21], d: 'say "no"' }`,
  );
  const numbers = Array.from({ length: 40 }, (_, index) => index / 3);
  expect(
    printLiteral(numbers)
      .split("\n")
      .every((line) => line.length <= 120),
  ).toBe(true);
  expect(templateText("a`b${c}\\d")).toBe("a\\`b\\${c}\\\\d");
});
