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

/**
 * Opens a page on localhost (WebGPU wants a secure context) that has run `entry`, a TypeScript file bundled for browsers,
 * and gives it to `use`.
 */
export async function withPage<T>(entry: string, use: (page: Page) => Promise<T>): Promise<T> {
  const folder = await unpackBrowser();
  const bundled = await build({
    entryPoints: [entry],
    ...{ bundle: true, write: false, platform: "browser", conditions: ["chainrule-source"] },
  });
  const html = `<!doctype html><script>${bundled.outputFiles[0]!.text}</script>`;
  const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end(html));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: join(folder, "chromium"),
    args: ["--no-sandbox", "--headless=new", "--enable-unsafe-webgpu", "--enable-features=Vulkan"],
    env: {
      ...(process.env as Record<string, string>),
      LD_LIBRARY_PATH: `${join(folder, "system/lib")}:${folder}`,
      VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
    },
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
