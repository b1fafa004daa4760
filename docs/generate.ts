/// `npm run docs` writes the generated pages; `npm run docs -- --check` fails when they are stale.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./catalogue.ts";
import { generatedPages } from "./pages.ts";

const check = process.argv.includes("--check");
for (const [path, text] of Object.entries(await generatedPages())) {
  const file = join(root, path);
  const current = existsSync(file) && readFileSync(file, "utf8").replaceAll("\r\n", "\n") === text;
  if (check && !current) {
    console.error(`${path} is stale\n  help: npm run docs`);
    process.exitCode = 1;
  } else if (!current) {
    writeFileSync(file, text);
    console.log(path);
  }
}
