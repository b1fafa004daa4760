/// A real headless browser with WebGPU, from the package `@sparticuz/chromium`: needs nothing installed on the system.

import { build } from "esbuild";
import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import type { Page } from "playwright-core";
import { chromium } from "playwright-core";

// tar-fs has no types.
const { extract } = createRequire(import.meta.url)("tar-fs") as { extract(folder: string): NodeJS.WritableStream };

const packageFolder = fileURLToPath(new URL("../../node_modules/@sparticuz/chromium/", import.meta.url));

/** True where the browser can run. */
export const hasBrowser = process.platform === "linux" && process.arch === "x64" && existsSync(packageFolder);

/** A Chromium, and how it is started. */
export interface Browser {
  readonly executable: string;
  readonly flags?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

/** Unpacks the browser once a version, into a folder of the system's temporary one. */
async function unpackBrowser(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const folder = join(tmpdir(), `chainrule-chromium-${version}-${process.getuid?.()}`);
  if (existsSync(folder)) return folder;
  const unpacked = `${folder}-${randomUUID()}`;
  mkdirSync(unpacked, { mode: 0o700 });
  const unpack = (name: string, target: NodeJS.WritableStream) =>
    pipeline(createReadStream(join(packageFolder, "bin", name)), createBrotliDecompress(), target);
  await unpack("chromium.br", createWriteStream(join(unpacked, "chromium"), { mode: 0o755 }));
  await unpack("swiftshader.tar.br", extract(unpacked));
  await unpack("al2023.tar.br", extract(join(unpacked, "system")));
  try {
    renameSync(unpacked, folder);
  } catch {
    rmSync(unpacked, { recursive: true });
  }
  return folder;
}

/** The package's browser, on SwiftShader. */
async function ownBrowser(): Promise<Browser> {
  const folder = await unpackBrowser();
  return {
    executable: join(folder, "chromium"),
    variables: {
      LD_LIBRARY_PATH: `${join(folder, "system/lib")}:${folder}`,
      VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
    },
  };
}

/** `entry`, a TypeScript file, as one text for browsers. */
export async function bundlePage(entry: string): Promise<string> {
  const bundled = await build({
    entryPoints: [entry],
    ...{ bundle: true, write: false, platform: "browser", conditions: ["chainrule-source"] },
  });
  return bundled.outputFiles[0]!.text;
}

/** What a page is made of: a script that it has run, and modules that it may import, by their paths. */
export interface PageScripts {
  readonly script: string;
  readonly modules?: Readonly<Record<string, string>>;
}

/** Opens a page on localhost (WebGPU wants a secure context) in a browser of its own, and gives it to `use`. */
export async function withScripts<T>(
  { script, modules = {} }: PageScripts,
  use: (page: Page) => Promise<T>,
  chosen?: Browser,
): Promise<T> {
  const html = `<!doctype html><meta charset="utf-8"><script>${script}</script>`;
  const server = createServer(({ url = "" }, response) => {
    const module = modules[url];
    response.setHeader("content-type", module === undefined ? "text/html" : "text/javascript").end(module ?? html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { executable, flags = [], variables = {} } = chosen ?? (await ownBrowser());
  const browser = await chromium.launch({
    executablePath: executable,
    args: ["--no-sandbox", "--headless=new", "--enable-unsafe-webgpu", "--enable-features=Vulkan", ...flags],
    env: { ...(process.env as Record<string, string>), ...variables },
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}`);
    return await use(page);
  } finally {
    await browser.close();
    server.close();
  }
}

/** Opens a page that has run `entry`, a TypeScript file, and gives it to `use`. */
export async function withPage<T>(entry: string, use: (page: Page) => Promise<T>): Promise<T> {
  return withScripts({ script: await bundlePage(entry) }, use);
}
