import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { warningKinds } from "../../../docs/catalogue.ts";
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

test("the page quotes a warning as it is", () => {
  expect(readFileSync("README.md", "utf8")).toContain(readFileSync(`${folder}/log-of-zero.txt`, "utf8"));
});
