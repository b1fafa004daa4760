/// What the benchmark needs before it starts: the peers installed, the processes bundled, the programs compiled.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compile } from "chainrule/compiler";
import type { Task } from "./task.ts";
import type { Workload } from "./workloads.ts";

const folder = dirname(fileURLToPath(import.meta.url));
const peers = join(folder, "peers");

/** Names of the contenders; chainrule first. */
export const contenders = ["chainrule", "jax-js", "tensorflow"] as const;

/** One of them. */
export type ContenderName = (typeof contenders)[number];

/** Source and bundle of each process: beside what it imports, since packages are looked for from there. */
const processes: Readonly<Record<ContenderName, readonly [source: string, bundle: string]>> = {
  chainrule: [join(folder, "chainrule-worker.ts"), join(folder, "dist/chainrule.js")],
  "jax-js": [join(peers, "jax-worker.ts"), join(peers, "dist/jax.js")],
  tensorflow: [join(peers, "tensorflow-worker.ts"), join(peers, "dist/tensorflow.js")],
};

/** The file to run for a contender. */
export const processFile = (name: ContenderName): string => processes[name][1];

/** Installs the peers where they are absent, and says so. */
export function installPeers(say: (text: string) => void): void {
  if (existsSync(join(peers, "node_modules"))) return;
  say(`installing the peers in ${peers} (72 MB)`);
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: peers, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("npm could not install the peers; without them: --contender chainrule");
}

/** Bundles the processes of contenders. */
export async function bundleProcesses(names: readonly ContenderName[]): Promise<void> {
  for (const [source, bundle] of names.map((name) => processes[name])) {
    await build({
      ...{ entryPoints: [source], outfile: bundle, bundle: true, logLevel: "warning" },
      ...{ platform: "node", format: "esm", target: "node20", packages: "external" },
    });
  }
}

/** Compiles a workload, and writes down what its contenders need. */
export function prepareTask({ name, graph, entry, classes: most }: Workload): Task {
  const program = compile(graph);
  const file = join(mkdtempSync(join(tmpdir(), "chainrule-bench-")), "program.json");
  writeFileSync(file, JSON.stringify(program));
  return {
    workload: name,
    training: entry === "train",
    parameters: program.states.filter(({ parameter }) => parameter).map(({ name, shape }) => ({ name, shape })),
    inputs: program.entryPoints[entry].inputs.map(({ name, shape, dtype, classes }) => {
      return { name, shape, classes: classes ?? (dtype === "f32" ? undefined : most) };
    }),
    program: file,
  };
}
