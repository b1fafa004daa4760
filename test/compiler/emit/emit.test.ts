import { format } from "prettier";
import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { emitModule, type ModuleFacts } from "../../../compiler/emit/index.ts";
import { printLiteral, templateLiteral } from "../../../compiler/emit/literal.ts";
import { pascalCase } from "../../../compiler/emit/names.ts";
import { abiVersion, type Program } from "../../../runtime/abi.ts";
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

/** Kernels begin on a line of their own in the module. */
function withoutOuterBreaks(program: Program): Program {
  return { ...program, kernels: program.kernels.map((kernel) => ({ ...kernel, wgsl: kernel.wgsl.trim() })) };
}

describe.each([doubling, training])("the module of $name", (program) => {
  const text = emitModule(program, facts);

  test("reads as expected", async () => {
    await expect(text).toMatchFileSnapshot(`fixtures/${program.name}.gen.ts`);
  });

  test("holds the program", () => {
    expect(withoutOuterBreaks(evaluateProgram(text) as Program)).toEqual(withoutOuterBreaks(program));
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
  expect(withoutOuterBreaks(evaluateProgram(text) as Program)).toEqual(withoutOuterBreaks(program));
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
  expect(templateLiteral("a`b${c}\\d").verbatim).toBe("/* wgsl */ `\na\\`b\\${c}\\\\d\n`");
});
