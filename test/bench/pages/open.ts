/// Pages that the benchmark opens: one workload with one contender, in a browser of its own.
import { dirname } from "node:path";
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

/** A module that exports `open`, a `PageContender`: that of chainrule is the one that users get, with a line more. */
function contenderModule(contender: PageContenderName, { name, graph }: Workload): string {
  if (contender === "jax-js") return 'export { open } from "../peers/jax-page.ts";';
  const facts = { version: "", model: name, hash: "", command: "npm run bench -- --page" };
  const module = emitModule(compile(graph), facts);
  const [, create] = /^export function (create\w+)\(/m.exec(module)!;
  const how = contender === "chainrule" ? "withNumbers" : "withSeed";
  return `${module}\nimport { ${how} } from "./chainrule.ts";\nexport const open = ${how}(${create});\n`;
}

/** A script for browsers, as users would serve it. */
async function bundle(contents: string, format: "iife" | "esm"): Promise<string> {
  const bundled = await build({
    stdin: { contents, resolveDir: folder, loader: "ts" },
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
  const scripts = {
    script: await bundle('import { measure } from "./page.ts"; globalThis.measure = measure;', "iife"),
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
