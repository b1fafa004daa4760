/// Where this package lies, from its sources as well as from dist/.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This package on disk. */
export interface PackageInfo {
  /** Folder that holds package.json. */
  readonly root: string;
  readonly version: string;
  /** Types of `import "chainrule"`: a source file, or its declaration in dist/. */
  readonly types: string;
}

/** Finds this package's root, version and types. */
export function packageInfo(): PackageInfo {
  const here = fileURLToPath(import.meta.url);
  const types = join(dirname(here), here.endsWith(".ts") ? "../../ir/index.ts" : "../../ir/index.d.ts");
  let root = dirname(here);
  while (!existsSync(join(root, "package.json"))) root = dirname(root);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { root, version, types };
}
