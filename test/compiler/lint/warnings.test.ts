import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { warningKinds } from "../../../docs/catalogue.ts";
import { named } from "../../../ir/traced.ts";
import { asin, grad, input, model, mul, sum, tanh, type Graph } from "../../../ir/index.ts";
import { renderDiagnostic } from "../../../ir/diagnostic.ts";

// One model for every code, beside the text that `compile` writes about it.
const folder = "test/fixtures/warnings";
const dims = { batch: 4 };

test.each((await warningKinds()).map(({ code }) => code))("%s", async (code) => {
  const path = `${folder}/${code}.ts`;
  expect(existsSync(path), `no model for ${code}: add ${path}`).toBe(true);
  const source = readFileSync(path, "utf8");
  const graph = await loadModel(path, { typeCheck: false });
  const { warnings } = compileWithFacts(graph, { dims: source.includes('"batch"') ? dims : {} });
  expect(warnings.map((warning) => warning.code)).toEqual([code]);
  const text = warnings.map((warning) => renderDiagnostic("warning", warning, source)).join("\n");
  await expect(`${text}\n`).toMatchFileSnapshot(`../../fixtures/warnings/${code}.txt`);
});

test.each((await warningKinds()).map(({ code }) => code))(
  "%s is said of a graph without source as well",
  async (code) => {
    const path = `${folder}/${code}.ts`;
    const graph = await loadModel(path, { typeCheck: false });
    const notes = new Map([...graph.notes].map(([value, note]) => [value, { ...note, place: undefined }] as const));
    const options = { dims: readFileSync(path, "utf8").includes('"batch"') ? dims : {} };
    const messages = (each: Graph): readonly string[] =>
      compileWithFacts(each, options).warnings.map(({ code: kind, message }) => `${kind}: ${message}`);
    expect(messages({ ...graph, notes }).toSorted()).toEqual(messages(graph).toSorted());
  },
);

test("a derivative that fails is warned of where its cause is written", () => {
  const line = (number: number) => ({ file: "model.ts", line: number, column: 1 });
  const build = (isPlaced: boolean): Graph =>
    model("cause", () => {
      const at = <T>(number: number, name: string, make: () => T): T =>
        isPlaced ? named(name, line(number), make) : named(name, undefined as never, make);
      const x = input("x", "f32", [4]);
      const scaled = at(3, "scaled", () => mul(x, 2));
      const kept = at(4, "kept", () => tanh(scaled));
      const angle = at(5, "angle", () => asin(kept));
      const loss = at(6, "loss", () => sum(angle));
      return { run: { loss, dx: grad(loss, x) } };
    });
  const [placed, bare] = [true, false].map((isPlaced) => compileWithFacts(build(isPlaced)).warnings);
  expect(placed.map(({ code, place }) => [code, place?.line])).toEqual([["division-by-zero", 4]]);
  expect(placed[0].message).toMatch(/^in the derivative, /);
  expect(bare.map(({ message }) => message)).toEqual(placed.map(({ message }) => message));
});

test("the page quotes a warning as it is", () => {
  expect(readFileSync("README.md", "utf8")).toContain(readFileSync(`${folder}/log-of-zero.txt`, "utf8"));
});
