import { build } from "esbuild";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// The child is bundled into a folder with the packages that a case wants it to see.
const folder = mkdtempSync(join(tmpdir(), "chainrule-test-"));
const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** A folder with the child program that sees only the given packages. */
function place(name: string, packages: readonly string[]): string {
  const at = join(folder, name);
  mkdirSync(join(at, "node_modules/@sparticuz"), { recursive: true });
  for (const each of packages) symlinkSync(join(modules, each), join(at, "node_modules", each));
  return at;
}

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

async function bundle(at: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL("fixtures/child.ts", import.meta.url))],
    outfile: join(at, "child.mjs"),
    ...{ bundle: true, platform: "node", format: "esm", conditions: ["chainrule-source"], external: ["webgpu"] },
  });
}

function run(at: string, how: string, variables: Readonly<Record<string, string | undefined>> = {}): Promise<Outcome> {
  const env = { ...process.env, ...variables };
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete env[name];
  const start = performance.now();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(at, "child.mjs"), how],
      { cwd: at, env, timeout: 30_000 },
      (error, stdout, stderr) => {
        const code = error ? Number(error.code ?? -1) : 0;
        resolve({ code, output: stdout + stderr, seconds: (performance.now() - start) / 1000 });
      },
    );
  });
}

let complete: string;
beforeAll(async () => {
  complete = place("complete", ["webgpu", "@sparticuz/chromium"]);
  await bundle(complete);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a process with a module", () => {
  test.each(["destroy", "pending destroy", "lost", "pending lost", "pending", "leave"])(
    "exits by itself: %s",
    async (how) => {
      const { code, output, seconds } = await run(complete, how);
      expect(output).toContain("total 8\n");
      expect(code).toBe(0);
      expect(seconds).toBeLessThan(10);
    },
  );

  test("initial values are the same in every process", async () => {
    const runs = await Promise.all([run(complete, "destroy"), run(complete, "destroy")]);
    const noise = runs.map(({ output }) => /noise .*/.exec(output)?.[0]);
    expect(noise[0]).toMatch(/noise -?\d/);
    expect(noise[1]).toBe(noise[0]);
  });
});

// What the software adapter needs; elsewhere the system's driver is used and these say nothing.
describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("the software adapter", () => {
  const none = { VK_ICD_FILENAMES: undefined, VK_DRIVER_FILES: undefined };

  test("processes that unpack it at once all get it, and leave one private folder", async () => {
    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    const variables = { ...none, TMPDIR: temporary, HOME: "", XDG_RUNTIME_DIR: undefined };
    const first = await Promise.all([1, 2, 3].map(() => run(complete, "destroy", variables)));
    expect(first.map(({ code }) => code)).toEqual([0, 0, 0]);
    if (!first[0]!.output.includes("SwiftShader")) return;
    expect(first[0]!.output).toMatch(/adapter .*software/);
    const left = readdirSync(temporary).filter((name) => name.startsWith("chainrule-"));
    expect(left).toHaveLength(1);
    expect(statSync(join(temporary, left[0]!)).mode & 0o077).toBe(0);
    rmSync(join(temporary, left[0]!, "libvulkan.so.1"));
    expect((await run(complete, "destroy", variables)).code).toBe(0);
    expect(readdirSync(temporary).filter((name) => name.startsWith("chainrule-"))).toEqual(left);
  });

  test("drivers that the user chose are left alone: with none of them, the error says what to install", async () => {
    const { code, output } = await run(complete, "destroy", { ...none, VK_ICD_FILENAMES: join(folder, "none.json") });
    expect(code).toBe(3);
    expect(output).toContain("ChainruleError: error[no-adapter]: ");
    expect(output).toContain("npm i -D @sparticuz/chromium");
  });

  test("without the package", async () => {
    const at = place("plain", ["webgpu"]);
    await bundle(at);
    const { code, output } = await run(at, "destroy", none);
    if (code === 0) expect(output).not.toContain("SwiftShader");
    else expect(output).toContain("error[no-adapter]");
  });

  test("without Dawn", async () => {
    const at = place("bare", []);
    await bundle(at);
    const { code, output } = await run(at, "destroy", none);
    expect(code).toBe(3);
    expect(output).toContain("error[no-webgpu]");
    expect(output).toContain("help: ");
  });

  test("a folder of another user's is not trusted", async () => {
    if (process.getuid?.() !== 0) return;
    const temporary = join(folder, "foreign");
    mkdirSync(temporary);
    chmodSync(temporary, 0o777);
    const variables = { ...none, TMPDIR: temporary };
    if (!(await run(complete, "destroy", variables)).output.includes("SwiftShader")) return;
    const [name] = readdirSync(temporary);
    const { chownSync } = await import("node:fs");
    chownSync(join(temporary, name!), 12345, 12345);
    writeFileSync(join(temporary, name!, "libvulkan.so.1"), "not a library");
    expect((await run(complete, "destroy", variables)).code).toBe(0);
  });
});
