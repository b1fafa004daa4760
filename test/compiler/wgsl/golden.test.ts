/// The kernels of the samples as files, so that a change of the compiler shows as a diff of WGSL. To accept a change:
/// `npx vitest run test/compiler/wgsl/golden.test.ts --update`; delete the files of kernels that are gone.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { testDevice } from "../../gpu.ts";

const samples = [
  ["digits", { batch: 64, pixels: 256 }],
  ["xor", {}],
] as const;

describe.each(samples)("the kernels of %s", async (sample, dims) => {
  const graph = await loadModel(`samples/${sample}/model.ts`, { typeCheck: false });
  const { kernels } = compile(graph, { dims });
  const folder = fileURLToPath(new URL(`golden/${sample}/`, import.meta.url));

  it.each(kernels)("$name reads as it did", async ({ name, wgsl }) => {
    await expect(wgsl).toMatchFileSnapshot(`${folder}${name}.wgsl`);
  });

  it("are all that the folder holds", () => {
    expect(readdirSync(folder).sort()).toEqual(kernels.map(({ name }) => `${name}.wgsl`).sort());
  });

  it("are valid, without a warning, under a header within 120 columns", async () => {
    const device = await testDevice();
    for (const { name, wgsl } of kernels) {
      const { messages } = await device.createShaderModule({ code: wgsl }).getCompilationInfo();
      expect(messages.map(({ message }) => `${name}: ${message}`)).toEqual([]);
      const comments = wgsl.split("\n").filter((line) => line.startsWith("//"));
      expect(comments.length).toBeGreaterThanOrEqual(2);
      for (const line of comments) expect(line.length).toBeLessThanOrEqual(120);
    }
  });
});
