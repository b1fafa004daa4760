import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { testDevice } from "../gpu.ts";
import { hasBrowser, withPage } from "./browser.ts";
import { createTraining } from "./modules.ts";

describe.skipIf(!hasBrowser)("in a headless browser", () => {
  test("a module trains, has the same initial values as in Node, reports a lost device, and goes on from a checkpoint", async () => {
    const entry = fileURLToPath(new URL("fixtures/page.ts", import.meta.url));
    const seen = await withPage(entry, (page) =>
      page.evaluate(() => (globalThis as unknown as { run(): Promise<Record<string, unknown>> }).run()),
    );
    const module = await createTraining({ device: await testDevice(), seed: 5 });
    const noise = [...(await module.readParams()).noise];
    module.destroy();
    expect(seen).toMatchObject({
      totals: [8, -2, -12, -22],
      noise,
      scaled: [-9, -8, -7, -6],
      afterLoss: "device-lost",
      // From bytes, on another device.
      resumed: -32,
    });
    expect(seen.adapter).toMatch(/\w/);
  });
});

test("what a browser loads of the runtime is small, and holds nothing of Node or of files", async () => {
  const bundled = await build({
    stdin: { contents: `export { load } from "./runtime/index.ts";`, resolveDir: process.cwd(), loader: "ts" },
    ...{ bundle: true, minify: true, write: false, format: "esm", metafile: true },
    ...{ platform: "browser", conditions: ["chainrule-source"] },
  });
  const [output] = Object.values(bundled.metafile.outputs);
  const used = Object.entries(output!.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
  expect(used).not.toContain("runtime/node.ts");
  expect(used.filter((path) => path.includes("train/") || path.includes("error-docs"))).toEqual([]);
  // A quarter of it are the messages of errors. What matters is this with a module: test/samples/size.test.ts.
  expect(gzipSync(bundled.outputFiles[0]!.contents).length).toBeLessThan(7_600);
});
