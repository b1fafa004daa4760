/// Options of the compiler as programs without types misspell them.
import { describe, expect, test } from "vitest";
import { input, model, relu } from "chainrule";
import { compile, compileWithFacts } from "../../compiler/index.ts";

const graph = model("m", () => ({ predict: { y: relu(input("x", "f32", ["batch", 4])) } }));
const dims = { batch: 2 };

/** What compiling with these options throws. */
function refused(options: unknown): unknown {
  try {
    compile(graph, options as never);
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("options of compile", () => {
  test.each([
    [{ dim: dims }, 'of compile must be among "dims", "strictFloat", "storage", "memoryBudget"', "did you mean dims?"],
    [{ dims, strict: true }, 'found "strict"', "did you mean strictFloat?"],
    [{ dims, memory_budget: 64 }, 'found "memory_budget"', "did you mean memoryBudget?"],
  ])("are those that it has: %o", (options, message, help) => {
    const error = refused(options);
    expect(error).toMatchObject({ code: "unknown-option", help });
    expect((error as Error).message).toContain(message);
  });

  test.each([
    [{ dims, storage: "f8" }, 'option "storage" of compile must be "f32" or "f16": found "f8"'],
    [{ dims, strictFloat: "no" }, 'option "strictFloat" of compile must be true or false: found "no"'],
    [{ dims, blockedScores: 0 }, 'option "blockedScores" of compile must be a number from 1: found 0'],
    [{ dims: 64 }, 'option "dims" of compile must be a record of sizes: found 64'],
    [64, "options of compile must be a record such as { dims: … }: found 64"],
  ])("have values that they can have: %o", (options, message) => {
    const error = refused(options);
    expect(error).toMatchObject({ code: "option-invalid" });
    expect((error as Error).message).toContain(message);
  });

  test("that are undefined are left out", () => {
    const options = { dims, storage: undefined, strictFloat: undefined, memoryBudget: undefined };
    expect(compileWithFacts(graph, options).program).toEqual(compile(graph, { dims }));
  });
});
