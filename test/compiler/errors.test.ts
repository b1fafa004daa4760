import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CompileError, renderError } from "../../ir/diagnostic.ts";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { errorKinds } from "../../docs/catalogue.ts";
import { runtimeErrors } from "../../runtime/errors.ts";
import { triggers } from "./error-triggers.ts";

// One program for every code: a model file beside the expected text, or a call in error-triggers.ts.
const folder = "test/fixtures/errors";
const codes = [...(await errorKinds("ir")), ...(await errorKinds("compiler"))].map((each) => each.code);

test.each([...codes, ...Object.keys(runtimeErrors)])("%s", async (code) => {
  const model = `${folder}/${code}.ts`;
  const trigger = triggers[code] ?? (existsSync(model) ? () => compileFile(model, code) : undefined);
  expect(trigger, `no program for ${code}: add ${model}, or a call to error-triggers.ts`).toBeDefined();
  const error = await failure(trigger!);
  expect(error).toMatchObject({ code });
  await expect(`${rendered(error)}\n`).toMatchFileSnapshot(`../fixtures/errors/${code}.txt`);
});

test("codes are unique", () => {
  const all = [...codes, ...Object.keys(runtimeErrors)];
  expect(all.filter((code, position) => all.indexOf(code) !== position)).toEqual([]);
});

/** Types would catch many of these mistakes first, so only the code for that is checked with types. */
async function compileFile(model: string, code: string): Promise<unknown> {
  return compile(await loadModel(model, { typeCheck: code === "model-type-error" }));
}

async function failure(trigger: () => unknown): Promise<unknown> {
  try {
    await trigger();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** As the command line shows it. The runtime's errors carry their code and help in the message. */
function rendered(error: unknown): string {
  if (!(error instanceof CompileError)) return (error as Error).message;
  const file = error.place?.file;
  return renderError(error, file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : undefined);
}
