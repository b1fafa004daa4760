/// What a page loads to train the digits network.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("module and runtime of the digits sample are at most 12 kB, minified and compressed", async () => {
  const bundled = await build({
    stdin: {
      contents: `export { createDigits } from "./samples/digits/generated/digits.gen.ts";`,
      resolveDir: process.cwd(),
      loader: "ts",
    },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["chainrule-source"],
  });
  expect(gzipSync(bundled.outputFiles[0].contents, { level: 9 }).length).toBeLessThanOrEqual(12_000);
});
