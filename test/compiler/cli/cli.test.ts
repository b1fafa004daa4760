import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../../../compiler/cli/run.ts";
import { compact, compactBytes, table } from "../../../compiler/cli/terminal.ts";
import { packageInfo } from "../../../compiler/load/package.ts";
import type { Report } from "../../../compiler/report.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
afterAll(() => rmSync(folder, { recursive: true }));

const model = "samples/digits/model.ts";

/** Runs a command line; gives its exit code and what it wrote. */
async function chainrule(...args: readonly string[]) {
  const [printed, warned]: [string[], string[]] = [[], []];
  const code = await run(args, {
    print: (text) => printed.push(text),
    warn: (text) => warned.push(text),
    style: (_, text) => text,
  });
  return { code, printed: printed.join("\n"), warned: warned.join("\n") };
}

describe("usage", () => {
  test.each([
    [["frob"], "there is no command frob"],
    [["complie"], "help: did you mean compile? chainrule --help"],
    [["print", model, "--gradeint"], "help: did you mean --gradient? chainrule print --help"],
    [["print", model, "--stopat", "x"], "help: did you mean --stop-at? chainrule print --help"],
    [["print", model, "--memory-budget", "4MB"], "help: --memory-budget is an option of compile, report and bench. c"],
    [[], "a command is missing"],
    [["compile"], "missing required args for command `compile <model>`"],
    [["compile", model], "--out FILE is missing"],
    [["compile", model, "--out"], "option `--out <file>` value is missing"],
    [["compile", model, "--out", "x.ts", "--dim", "batch"], "--dim takes name=size with a positive integer"],
    [["compile", model, "--out", "x.ts", "--dim", "batch size=2"], "--dim names a size by letters A to Z"],
    [["compile", model, "--out", "x.ts", "--dim", "batch=0"], "found batch=0"],
    [["compile", model, "--out", "x.ts", "--dim", "batch=1", "--dim", "batch=2"], "found batch twice"],
    [["compile", model, "more.ts", "--out", "x.ts"], "Unused args: `more.ts`"],
    [["print", model, "--format", "yaml"], "--format takes text, latex, dot, mermaid, json: found yaml"],
    [["print", model, "--entry", "test"], "--entry takes an entry point of the model, predict, train: found test"],
    [["report", model, "--verbose"], "Unknown option `--verbose`"],
    [["check", model, "--seed", "x"], "--seed takes a non-negative integer: found x"],
  ])("%j", async (args, message) => {
    const { code, warned } = await chainrule(...args);
    expect(code).toBe(2);
    expect(warned).toContain(message);
  });
});

test("version", () => {
  expect(packageInfo().version).toBe((JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version);
});

test("what does not parse is no mistake of types, and options that there are not are refused", async () => {
  const [broken, misspelt] = ["broken", "misspelt"].map((name) => join(folder, `${name}.ts`));
  writeFileSync(broken, 'import { model } from "chainrule";\nexport default model("m", () => ({ run: { } };\n');
  expect((await chainrule("print", broken)).warned).toContain(
    "error[model-syntax]: a model file must be valid TypeScript",
  );
  const lines = [
    'import { adam, dense, input, mean, model } from "chainrule";',
    'export default model("m", () => {',
    '  const loss = mean(dense(input("x", "f32", [2, 3]), 2));',
    "  return { train: { loss, update: adam(loss, { learningrate: 0.1 } as never) } };",
    "});",
  ];
  writeFileSync(misspelt, lines.join("\n"));
  const { code, warned } = await chainrule("print", misspelt);
  expect(code).toBe(1);
  expect(warned).toContain("error[unknown-option]: an option of adam must be among");
  expect(warned).toContain("help: did you mean learningRate?");
});

test("compile warns, and makes the module all the same", async () => {
  const [path, out] = ["test/fixtures/warnings/log-of-zero.ts", join(folder, "entropy.gen.ts")];
  const { code, printed, warned } = await chainrule("compile", path, "--out", out, "--dim", "batch=4");
  expect({ code, printed }).toEqual({ code: 0, printed: expect.stringContaining("entropy.gen.ts") });
  expect(warned).toBe(readFileSync("test/fixtures/warnings/log-of-zero.txt", "utf8").trimEnd());
});

describe("compile", () => {
  const out = join(folder, "deep", "digits.gen.ts");
  const args = ["compile", model, "--out", out, "--dim", "batch=64", "--dim", "pixels=256"];

  test("writes a module, the same bytes each time, and says whether it is stale", async () => {
    expect(await chainrule(...args, "--check")).toMatchObject({ code: 1, warned: expect.stringContaining("is stale") });
    expect(await chainrule(...args)).toMatchObject({ code: 0 });
    const text = readFileSync(out, "utf8");
    expect(await chainrule(...args)).toMatchObject({ code: 0, printed: expect.stringContaining("(unchanged)") });
    expect(readFileSync(out, "utf8")).toBe(text);
    expect(await chainrule(...args, "--check")).toMatchObject({ code: 0 });
    writeFileSync(out, text.replaceAll("\n", "\r\n"));
    expect(await chainrule(...args, "--check")).toMatchObject({ code: 0 });
    writeFileSync(out, `${text}// edited\n`);
    expect(await chainrule(...args, "--check")).toMatchObject({ code: 1 });
  });

  test("activations in half precision are another module, made by another command", async () => {
    const half = join(folder, "half", "digits.gen.ts");
    const halves = ["compile", model, "--out", half, "--dim", "batch=64", "--dim", "pixels=256", "--storage"];
    expect(await chainrule(...halves, "f16")).toMatchObject({ code: 0 });
    const text = readFileSync(half, "utf8");
    expect(text).toMatch(/^\/\/ To generate it again: .* --storage f16$/m);
    expect(text).toContain("f32[64, 128] in half precision");
    expect(await chainrule(...halves, "f16", "--check")).toMatchObject({ code: 0 });
    expect(await chainrule(...halves, "f32", "--check")).toMatchObject({ code: 1 });
    expect(await chainrule(...halves, "f8")).toMatchObject({
      code: 2,
      warned: expect.stringContaining("--storage takes f32, f16: found f8"),
    });
  });

  test("a memory budget makes another module, by another command", async () => {
    const small = join(folder, "small", "digits.gen.ts");
    const budgets = ["compile", model, "--out", small, "--dim", "batch=64", "--dim", "pixels=256", "--memory-budget"];
    expect(await chainrule(...budgets, "96KiB")).toMatchObject({ code: 0 });
    expect(readFileSync(small, "utf8")).toMatch(/^\/\/ To generate it again: .* --memory-budget 98304$/m);
    expect(await chainrule(...budgets, "98304", "--check")).toMatchObject({ code: 0 });
    expect(await chainrule(...budgets, "96kB", "--check")).toMatchObject({ code: 1 });
    for (const wrong of ["64XB", "0", "much", "1.5", "1.5B", "0x1000", "1e3", "-1", ""]) {
      expect(await chainrule(...budgets, wrong)).toMatchObject({
        code: 2,
        warned: expect.stringContaining(
          `--memory-budget takes a number of bytes, for example 64MB or 64MiB: found ${wrong || '""'}\n`,
        ),
      });
    }
    expect(await chainrule(...budgets, "1kB")).toMatchObject({
      code: 1,
      warned: expect.stringMatching(
        /memory budget of 1000 bytes: the smallest found for "train" has \d+[^]*hidden \[64, 128\], 32768 bytes, .*model.ts:6:18/,
      ),
    });
  });

  test("the command that makes a module again has quotes where a path has blanks", async () => {
    const spaced = join(folder, "two $words", "xor.gen.ts");
    await chainrule("compile", "samples/xor/model.ts", "--out", spaced);
    const [, command] = /^\/\/ To generate it again: (.*)$/m.exec(readFileSync(spaced, "utf8"))!;
    expect(command).toMatch(/^npx chainrule compile samples\/xor\/model\.ts --out "[^"]*two \\\$words\/xor\.gen\.ts"$/);
  });

  test("a wrong model is shown with its source", async () => {
    const { code, warned } = await chainrule("compile", "test/fixtures/errors/model-type-error.ts", "--out", out);
    expect(code).toBe(1);
    expect(`${warned}\n`).toBe(readFileSync("test/fixtures/errors/model-type-error.txt", "utf8"));
  });

  test("sizes that are missing or unknown", async () => {
    const unbound = await chainrule("compile", model, "--out", out);
    expect(unbound).toMatchObject({ code: 1, warned: expect.stringContaining("error[size-unbound]") });
    const unknown = await chainrule(...args, "--dim", "train.time=4");
    expect(unknown).toMatchObject({ code: 1, warned: expect.stringContaining("error[size-unknown]") });
    const mistyped = await chainrule(...args, "--dim", "bacth=4");
    expect(mistyped.warned).toContain("help: did you mean batch?");
  });
});

describe("print", () => {
  test("the forward graph, without updates", async () => {
    const { code, printed } = await chainrule("print", model);
    expect(code).toBe(0);
    expect(printed).toMatch(/hidden = relu\(/);
    expect(printed).not.toContain("update ");
    expect(printed).toContain("  # --gradient shows the updates of adam.step, ");
    expect(Math.max(...printed.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(printed.match(/# --gradient/g)).toHaveLength(1);
  });

  test("the gradient graph of one entry point, on a page", async () => {
    const { printed } = await chainrule("print", model, "--gradient", "--entry", "train");
    expect(printed).toContain("∂loss/∂logits");
    expect(printed).not.toContain("entry predict");
    const lines = (await chainrule("print", model, "--gradient")).printed.split("\n");
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test.each([
    ["latex", /\\frac\{\\partial/],
    ["dot", /^digraph/],
    ["mermaid", /^flowchart TB/],
    ["json", /^\{\n {2}"chainruleGraph": 1,/],
  ])("as %s", async (format, expected) => {
    const { code, printed } = await chainrule("print", model, "--gradient", "--format", format);
    expect(code).toBe(0);
    expect(printed).toMatch(expected);
  });

  test("at a stage, stopped at a name", async () => {
    expect((await chainrule("print", model, "--stage", "list")).printed).toMatch(/^forward .*\ngradient /);
    const args = ["print", model, "--stage", "simplify:before", "--entry", "train"];
    const { printed } = await chainrule(...args, "--stop-at", "hidden", "--stop-at", "logits");
    expect(printed).toContain("letter hidden: f32[batch, 128]\nletter logits: f32[batch, 10]");
    expect(printed).not.toContain("logits.bias)");
    expect((await chainrule(...args, "--stop-at", "hiden")).warned).toContain("help: did you mean hidden?");
    expect((await chainrule("print", model, "--stage", "simplfy")).warned).toContain("help: did you mean simplify?");
  });
});

describe("explain", () => {
  const classifier = "samples/classifier/model.ts";

  test("a gradient, a value, a kernel", async () => {
    const gradient = await chainrule("explain", classifier, "L", "W2");
    expect(gradient).toMatchObject({ code: 0, printed: expect.stringContaining("∂L/∂W2 = h1ᵀ @ (ŷ - y)") });
    const kernel = await chainrule("explain", classifier, "d_L_d_z2");
    expect(kernel.printed).toContain("  ∂L/∂z2 = ∂L/∂ŷ · ∂ŷ/∂z2");
  });

  test("names that there are not", async () => {
    const { code, warned } = await chainrule("explain", classifier, "L", "W3");
    expect(code).toBe(1);
    expect(warned).toContain('found none named "W3"');
    expect(warned).toContain("help: did you mean W1?");
  });
});

describe("report", () => {
  const args = ["report", model, "--dim", "batch=64", "--dim", "pixels=256"];

  test("as JSON", async () => {
    const { code, printed } = await chainrule(...args, "--json");
    expect(code).toBe(0);
    const { entryPoints, parameters } = JSON.parse(printed) as Report;
    expect(Object.keys(entryPoints)).toEqual(["predict", "train"]);
    expect(entryPoints.train).toMatchObject({ submits: 1, passes: 1 });
    expect(parameters[0]).toEqual({ name: "hidden.weight", shape: [256, 128], count: 32768 });
  });

  test("with the reasons why neighbouring kernels are two", async () => {
    const { printed } = await chainrule(...args, "--why");
    expect(printed).toMatch(
      /not one kernel +the second computes +from\n +it is a product, which reads its operands many times:\n +hidden → logits +\S+ /,
    );
    const asJson = JSON.parse((await chainrule(...args, "--why", "--json")).printed) as Report;
    expect(asJson.entryPoints.predict!.refused![0]).toMatchObject({ from: "hidden", to: "logits", reason: "starts" });
  });

  test("as tables", async () => {
    const { printed } = await chainrule(...args);
    expect(printed).not.toContain("because");
    expect(printed).toMatch(/dispatches, 1 submit, 1 pass[^]* a kernel, plus inputs, outputs and states once\)/);
    expect(printed).toContain("hidden.weight  [256, 128]  32768");
    expect(printed).toMatch(
      /kept for backward +shape +35.3 kB +from\n +hidden .*32.8 kB +samples\/digits\/model.ts:6:18/,
    );
  });
});

test("tables and numbers", () => {
  expect(
    table(
      [
        ["a", "1"],
        ["bcd", "20"],
      ],
      ["left", "right"],
    ),
  ).toEqual(["a     1", "bcd  20"]);
  expect([0.5, 9999, 10_000, 1_234_567].map(compact)).toEqual(["0.5", "9999", "10.0 k", "1.23 M"]);
  expect([512, 262_144].map(compactBytes)).toEqual(["512 B", "262 kB"]);
});

describe("report of activations in half precision", () => {
  const args = ["report", model, "--dim", "batch=64", "--dim", "pixels=256", "--storage", "f16"];

  test("says how many there are, and with --why what stays f32 and why", async () => {
    const { code, printed } = await chainrule(...args);
    expect(code).toBe(0);
    expect(printed).toMatch(/arena .*; 1 of 2 tensors in half precision/);
    expect(printed).not.toContain("stays f32");
    const { printed: why } = await chainrule(...args, "--why");
    expect(why).toMatch(/stays f32 +shape +bytes +because/);
    expect(why).toMatch(/logits +\[64, 10\] +2560 B +its kernel writes single elements, and a word holds two/);
  });
});

describe("report of a memory budget", () => {
  const args = ["report", "test/bench/models/deep.ts"];

  test("says what it took, and what is made again", async () => {
    const { printed: free } = await chainrule(...args);
    expect(free).not.toMatch(/budget|made again/);
    const { code, printed } = await chainrule(...args, "--memory-budget", "0.7MB");
    expect(code).toBe(0);
    expect(printed).toMatch(
      /budget 700 kB: arena was 1\.84 MB; \d+ dispatches more, \d+ values? made again for [\d.]+ MFLOP/,
    );
    expect(printed).toMatch(/made again +shape +flops +from/);
    const { memory } = (JSON.parse((await chainrule(...args, "--memory-budget", "0.7MB", "--json")).printed) as Report)
      .entryPoints.train;
    expect(memory!.again.length).toBeGreaterThan(0);
    const { printed: same } = await chainrule(...args, "--memory-budget", "10MB");
    expect(same).toContain("budget 10.0 MB: kept without more ado");
  });
});
