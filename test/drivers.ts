/// Which Vulkan drivers `npm run test:full` runs the tests on.

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

/** A driver by a name for people, and the file that describes it to Vulkan. */
export interface Driver {
  readonly name: string;
  readonly file: string;
}

/** Where distributions put descriptions of drivers. */
const systemFolders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Where a user says which drivers Vulkan may take: files and folders. The first counts where both are there. */
const variables = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

const isLavapipe = (file: string): boolean => /lvp.*\.json$/.test(basename(file));

function descriptionsIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => join(path, file));
}

/**
 * SwiftShader where its description is given, and the drivers that the environment names; where it names none, lavapipe
 * if the system has it.
 */
export function findDrivers(
  environment: Readonly<Record<string, string | undefined>>,
  swiftShader: string | undefined,
  folders: readonly string[] = systemFolders,
): readonly Driver[] {
  const chosen = variables.map((name) => environment[name]).find(Boolean);
  const files = chosen
    ? chosen.split(delimiter).filter(Boolean).flatMap(descriptionsIn)
    : folders.flatMap(descriptionsIn).filter(isLavapipe).slice(0, 1);
  return [
    ...(swiftShader ? [{ name: "SwiftShader", file: swiftShader }] : []),
    ...files
      .filter((file) => file !== swiftShader)
      .map((file) => ({ name: isLavapipe(file) ? "lavapipe" : basename(file, ".json"), file })),
  ];
}
