/// docs/stability.md is what the scoreboard comes to now; `npm run docs` writes it anew.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { expect, it } from "vitest";
import { root } from "../../docs/catalogue.ts";
import { stabilityPage } from "../../docs/stability.ts";

it("docs/stability.md is up to date", { timeout: 240_000 }, async () => {
  const page = await format(await stabilityPage(), { parser: "markdown", printWidth: 120 });
  expect(readFileSync(join(root, "docs/stability.md"), "utf8").replaceAll("\r\n", "\n")).toBe(page);
});
