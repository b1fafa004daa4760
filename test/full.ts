/// `npm run test:full`: all tests, then thousands of random graphs on every software adapter that is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const graphs = process.env.CHAINRULE_RANDOM_RUNS ?? "3000";

/** Descriptions of drivers by adapter: where distributions put Mesa's, and where the runtime unpacks SwiftShader. */
function findAdapters(): readonly (readonly [name: string, driver: string])[] {
  const folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
  const unpacked = readdirSync(tmpdir()).filter((name) => /^chainrule-swiftshader-[\d.]+-\d+$/.test(name));
  const files = folders.filter(existsSync).flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  const lavapipe = files.filter((file) => /lvp_icd.*\.json$/.test(file)).slice(0, 1);
  const swiftShader = unpacked
    .map((name) => join(tmpdir(), name, "vk_swiftshader_icd.json"))
    .filter(existsSync)
    .slice(-1);
  return [
    ...swiftShader.map((driver) => ["SwiftShader", driver] as const),
    ...lavapipe.map((driver) => ["lavapipe", driver] as const),
  ];
}

function run(what: string, files: readonly string[], variables: Readonly<Record<string, string>>): boolean {
  console.log(`\n${what}`);
  const { status } = spawnSync("npx", ["vitest", "run", ...files], {
    stdio: "inherit",
    env: { ...process.env, ...variables },
  });
  return status === 0;
}

const suite = run("all tests", [], {});
// After the suite, which has unpacked SwiftShader.
const adapters = findAdapters();
for (const name of ["SwiftShader", "lavapipe"]) {
  if (!adapters.some(([found]) => found === name)) console.log(`\nskipped: ${name} is not installed`);
}
const random = adapters.map(([name, driver]) =>
  run(`${graphs} random graphs on ${name}`, ["test/compiler/random-graphs.test.ts"], {
    ...{ CHAINRULE_RANDOM_RUNS: graphs, VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver },
  }),
);
process.exitCode = suite && random.length > 0 && random.every(Boolean) ? 0 : 1;
