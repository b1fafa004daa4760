/// What a page loads to train the digits network. Exponentials and logarithms that are right on every adapter took 1 kB of
/// it; sharing what kernels have in common is to bring it back to 12 kB.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("module and runtime of the digits sample are at most 13.1 kB, minified and compressed", async () => {
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
  expect(gzipSync(bundled.outputFiles[0].contents, { level: 9 }).length).toBeLessThanOrEqual(13_100);
});
