/// `npm run test:full`: all tests and thousands of random graphs, on every software adapter that can be found, or on
/// SwiftShader and the drivers that `VK_DRIVER_FILES` names.
import { spawnSync } from "node:child_process";
import { findSoftware } from "../runtime/node.ts";
import { findDrivers, type Driver } from "./drivers.ts";

/** lavapipe compiles a large kernel for seconds, and a test may have dozens of them. */
const patience = "--testTimeout=600000";

const graphs = process.env.CHAINRULE_RANDOM_RUNS ?? "3000";

function run(
  what: string,
  { name, file }: Driver,
  files: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): boolean {
  console.log(`\n${what} on ${name}`);
  const { CHAINRULE_RANDOM_RUNS: _, ...environment } = process.env;
  const { status } = spawnSync("npx", ["vitest", "run", patience, ...files], {
    stdio: "inherit",
    env: { ...environment, VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file, ...variables },
  });
  return status === 0;
}

const drivers = findDrivers(process.env, (await findSoftware())?.driver);
for (const name of ["SwiftShader", "lavapipe"]) {
  if (!drivers.some((driver) => driver.name === name)) console.log(`\nskipped: ${name} is not installed`);
}
const suites = drivers.map((driver) => run("all tests", driver));
const random = drivers.map((driver) =>
  run(`${graphs} random graphs`, driver, ["test/compiler/random-graphs.test.ts"], { CHAINRULE_RANDOM_RUNS: graphs }),
);
process.exitCode = drivers.length > 0 && [...suites, ...random].every(Boolean) ? 0 : 1;
