import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { findDrivers } from "./drivers.ts";

const root = mkdtempSync(join(tmpdir(), "chainrule-drivers-"));

/** A folder with these files, by their paths. */
function folder(name: string, files: readonly string[]): readonly string[] {
  mkdirSync(join(root, name));
  return files.map((file) => {
    const path = join(root, name, file);
    writeFileSync(path, "{}");
    return path;
  });
}

describe("the drivers that all tests run on", () => {
  const [lavapipe] = folder("system", ["lvp_icd.x86_64.json", "radeon_icd.x86_64.json"]);
  const [own, card] = folder("own", ["lvp.json", "card.json", "notes.txt"]);
  const folders = [join(root, "missing"), join(root, "system")];
  const swift = { name: "SwiftShader", file: "swift.json" };

  test("are SwiftShader, and lavapipe where the system has it", () => {
    expect(findDrivers({}, swift.file, folders)).toEqual([swift, { name: "lavapipe", file: lavapipe }]);
    expect(findDrivers({}, swift.file, folders.slice(0, 1))).toEqual([swift]);
    expect(findDrivers({}, undefined, folders)).toEqual([{ name: "lavapipe", file: lavapipe }]);
  });

  test.each(["VK_DRIVER_FILES", "VK_ICD_FILENAMES"])("are those that %s names", (variable) => {
    const found = [swift, { name: "lavapipe", file: own }];
    expect(findDrivers({ [variable]: own }, swift.file, folders)).toEqual(found);
    const files = [join(root, "none.json"), swift.file, own, card].join(delimiter);
    expect(findDrivers({ [variable]: files }, swift.file, folders)).toEqual([...found, { name: "card", file: card }]);
    expect(findDrivers({ [variable]: join(root, "own") }, undefined, folders).map(({ name }) => name)).toEqual([
      "card",
      "lavapipe",
    ]);
  });

  test("are those of VK_DRIVER_FILES where both are there, as for Vulkan", () => {
    const environment = { VK_DRIVER_FILES: card, VK_ICD_FILENAMES: own };
    expect(findDrivers(environment, undefined, folders)).toEqual([{ name: "card", file: card }]);
  });
});
