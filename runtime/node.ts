/// Where WebGPU comes from in Node (`#platform`): Dawn through the package `webgpu`, on the system's driver, or on the
/// software adapter of the package `@sparticuz/chromium` where there is none.

import { randomUUID } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { runtimeErrors } from "./errors.ts";

export { loadCheckpoint, saveCheckpoint } from "./train/checkpoint-node.ts";
export { tuningCache } from "./tuning-node.ts";

/** What to do when there is no adapter. */
export const adapterHelp =
  "install a Vulkan driver, or on Linux x64 a software adapter: npm i -D @sparticuz/chromium (143.0.4 for Node 20)";

/** The environment variables by which a user chooses Vulkan drivers. */
const driverVariables = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

const softwareFiles = ["libvk_swiftshader.so", "libvulkan.so.1", "vk_swiftshader_icd.json"];

/** The software adapter's files on disk. */
export interface SoftwareAdapter {
  readonly loader: string;
  readonly driver: string;
}

const isLinux = process.platform === "linux" && process.arch === "x64";

function hasSystemLoader(): boolean {
  const folders = ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib"];
  const extra = (process.env.LD_LIBRARY_PATH ?? "").split(":").filter(Boolean);
  return [...extra, "/usr/local/lib", ...folders].some((folder) => existsSync(join(folder, "libvulkan.so.1")));
}

function hasSystemDriver(): boolean {
  const { HOME, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  const shared = (XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(":");
  const own = XDG_DATA_HOME || (HOME && join(HOME, ".local/share"));
  return ["/etc", "/usr/local/etc", ...shared, own].some((folder) => {
    const drivers = folder && join(folder, "vulkan/icd.d");
    return drivers && existsSync(drivers) && readdirSync(drivers).some((file) => file.endsWith(".json"));
  });
}

/** The folder of the package that carries the software adapter, seen from here or from the user's project. */
function softwarePackage(): string | undefined {
  for (const origin of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      return join(dirname(createRequire(origin).resolve("@sparticuz/chromium")), "../..");
    } catch {
      continue;
    }
  }
  return undefined;
}

// Libraries are run from here, so a folder that another user could have put there is no good.
function isComplete(folder: string): boolean {
  const present = softwareFiles.every((file) => existsSync(join(folder, file)));
  return present && statSync(folder).uid === process.getuid?.();
}

/** Unpacks the software adapter once a version. Processes may race: each unpacks apart, and one's rename wins. */
async function unpackSoftware(packageFolder: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const folder = join(tmpdir(), `chainrule-swiftshader-${version}-${process.getuid?.()}`);
  if (isComplete(folder)) return folder;
  const unpacked = `${folder}-${randomUUID()}`;
  const { extract } = createRequire(join(packageFolder, "package.json"))("tar-fs") as {
    extract(folder: string): NodeJS.WritableStream;
  };
  mkdirSync(unpacked, { mode: 0o700 });
  const source = createReadStream(join(packageFolder, "bin/swiftshader.tar.br"));
  await pipeline(source, createBrotliDecompress(), extract(unpacked));
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      renameSync(unpacked, folder);
      return folder;
    } catch {
      const other = isComplete(folder);
      // Some of it was cleaned away, or it is another user's, which rmSync may not remove: then this copy is used.
      rmSync(other ? unpacked : folder, { recursive: true, force: true });
      if (other) return folder;
    }
  }
  return unpacked;
}

/** The software adapter, unpacked; undefined where its package is not installed, or not for this machine. */
export async function findSoftware(): Promise<SoftwareAdapter | undefined> {
  const packageFolder = isLinux ? softwarePackage() : undefined;
  if (!packageFolder) return undefined;
  const folder = await unpackSoftware(packageFolder);
  return { loader: join(folder, "libvulkan.so.1"), driver: join(folder, "vk_swiftshader_icd.json") };
}

// Dawn opens `libvulkan.so.1` by name and so gets the library that is already loaded. dlopen throws because this is no Node
// addon; RTLD_NODELETE (0x1000) keeps it loaded all the same.
function loadLibrary(path: string): void {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | 0x1000);
  } catch (error) {
    if (!String(error).includes("self-register")) throw error;
  }
}

/** Sets up what Dawn will look for, before it is loaded: what the user chose, else the system's, else the software adapter. */
async function prepareVulkan(): Promise<void> {
  if (!isLinux) return;
  const chosen = driverVariables.some((variable) => process.env[variable]);
  const needsDriver = !chosen && !hasSystemDriver();
  const needsLoader = !hasSystemLoader();
  if (!needsDriver && !needsLoader) return;
  const software = await findSoftware();
  if (!software) return;
  if (needsLoader) loadLibrary(software.loader);
  if (needsDriver) process.env.VK_ICD_FILENAMES = software.driver;
}

async function createGpu(): Promise<GPU> {
  const { create, globals } = await import("webgpu").catch((error: unknown) => {
    throw runtimeErrors["no-webgpu"](String(error), "npm i webgpu (Linux x64 and arm64, macOS, Windows)");
  });
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return create([]);
}

async function findGpu(): Promise<GPU> {
  await prepareVulkan();
  const gpu = await createGpu();
  const chosen = driverVariables.some((variable) => process.env[variable]);
  if (chosen || !isLinux || (await gpu.requestAdapter())) return gpu;
  // The system has a Vulkan that does not suit Dawn (none of its drivers starts, or they are too old).
  const software = await findSoftware();
  if (!software) return gpu;
  process.env.VK_ICD_FILENAMES = software.driver;
  return createGpu();
}

const processGpu = Symbol.for("chainrule.gpu");

/**
 * Finds WebGPU: the one that the process already has, else Dawn.
 *
 * Dawn crashes the process when its instance is collected while a device still has callbacks to deliver, also some time
 * after the device was destroyed. So there is one instance, made once and held by the process; Node exits all the same.
 * Error `no-webgpu`. Whether there is an adapter shows when one is asked for.
 */
export async function requestGpu(): Promise<GPU> {
  const holder = globalThis as { readonly navigator?: { readonly gpu?: GPU }; [processGpu]?: Promise<GPU> };
  if (holder.navigator?.gpu) return holder.navigator.gpu;
  holder[processGpu] ??= findGpu();
  return holder[processGpu];
}

/** Nobody writes here: who waits for it waits as long as it wants to. */
const never = new Int32Array(new SharedArrayBuffer(4));

/** What the thread waits for: how many works, since when, and whether it rests in the turns of its event loop. */
interface Waiting {
  works: number;
  since: number;
  isResting: boolean;
}

const processWaiting = Symbol.for("chainrule.waiting");

/** A thread rests a twentieth of the time that it has waited so far, at most so many milliseconds. */
const longestRest = 1;

/** A wait of so many milliseconds is over before a rest is. */
const shortWait = 1;

/**
 * Rests in every turn of the event loop while `work` is under way, the longer the longer nothing of what the thread waits
 * for has come.
 *
 * Dawn in Node asks for news in every turn as long as somebody waits for it, which takes a whole core. Software adapters
 * compile shaders, and run them, on the same cores.
 */
export async function resting<T>(work: Promise<T>): Promise<T> {
  const holder = globalThis as { [processWaiting]?: Waiting };
  const waiting = (holder[processWaiting] ??= { works: 0, since: 0, isResting: false });
  const rest = (): void => {
    waiting.isResting = waiting.works > 0;
    if (!waiting.isResting) return;
    const waited = performance.now() - waiting.since;
    if (waited > shortWait) Atomics.wait(never, 0, 0, Math.min(waited / 20, longestRest));
    setImmediate(rest);
  };
  if (waiting.works++ === 0) waiting.since = performance.now();
  if (!waiting.isResting) setImmediate(rest);
  waiting.isResting = true;
  try {
    return await work;
  } finally {
    waiting.works--;
    waiting.since = performance.now();
  }
}
