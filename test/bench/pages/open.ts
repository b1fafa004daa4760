/// Pages that the benchmark opens: one workload with one contender, in a browser of its own.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { compile } from "chainrule/compiler";
import { emitModule } from "../../../compiler/emit/index.ts";
import { withScripts, type Browser } from "../../runtime/browser.ts";
import { prepareTask } from "../prepare.ts";
import type { Workload } from "../workloads.ts";
import type { measure, PageEffort, PageFigures } from "./page.ts";
import { tracing, type LongestTask } from "./trace.ts";

const folder = dirname(fileURLToPath(import.meta.url));

/** Names of the contenders in a page. */
export const pageContenders = ["chainrule", "chainrule, seeded", "jax-js"] as const;

/** One of them. */
export type PageContenderName = (typeof pageContenders)[number];

/** Generated modules lie below the package's folder, where they find `chainrule/runtime`. */
const generatedFolder = join(folder, "../dist");

/** Writes the module that users would get of a workload; gives the name by which its neighbours import it. */
function generate({ name, graph }: Workload): string {
  const facts = { version: "", model: name, hash: "", command: "npm run bench -- --page" };
  mkdirSync(generatedFolder, { recursive: true });
  writeFileSync(join(generatedFolder, `${name}.gen.ts`), emitModule(compile(graph), facts));
  return `./${name}.gen.ts`;
}

/** A module that exports `open`, a `PageContender`. */
function contenderModule(contender: PageContenderName, workload: Workload): string {
  if (contender === "jax-js") return 'export { open } from "../peers/jax-page.ts";';
  const how = contender === "chainrule" ? "withNumbers" : "withSeed";
  return [
    `import * as module from ${JSON.stringify(generate(workload))};`,
    `import { ${how} } from "../pages/chainrule.ts";`,
    'const [, create] = Object.entries(module).find(([name]) => name.startsWith("create"));',
    `export const open = ${how}(create);`,
  ].join("\n");
}

/** A script for browsers, as users would serve it. */
async function bundle(contents: string, format: "iife" | "esm"): Promise<string> {
  const bundled = await build({
    stdin: { contents, resolveDir: generatedFolder, loader: "ts" },
    ...{ bundle: true, minify: true, write: false, format, logLevel: "warning" },
    ...{ platform: "browser", target: "es2022" },
  });
  return bundled.outputFiles[0].text;
}

const parts = ["idle", "loading", "training"] as const;

/** What a page noticed, in which browser, and what the browser says of its tasks. */
export interface Opened extends PageFigures {
  readonly browser: string;
  readonly tasks: Readonly<Record<(typeof parts)[number], LongestTask>>;
}

/** Measures a workload with a contender, in a browser that has not seen it before. */
export async function measureInPage(
  contender: PageContenderName,
  workload: Workload,
  effort: PageEffort,
  browser: Browser | undefined,
): Promise<Opened> {
  mkdirSync(generatedFolder, { recursive: true });
  const scripts = {
    script: await bundle('import { measure } from "../pages/page.ts"; globalThis.measure = measure;', "iife"),
    modules: { "/contender.js": await bundle(contenderModule(contender, workload), "esm") },
  };
  const given = ["/contender.js", prepareTask(workload), effort] as const;
  const use = async (page: Page): Promise<Opened> => {
    const run = (values: typeof given) => (globalThis as unknown as { measure: typeof measure }).measure(...values);
    const { result, longest } = await tracing(page, parts, () => page.evaluate(run, given));
    return { ...result, tasks: longest, browser: `Chromium ${page.context().browser()!.version()}` };
  };
  return withScripts(scripts, use, browser);
}
