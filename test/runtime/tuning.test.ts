import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import type { Dispatch, Loop, Needs, Program } from "../../runtime/abi.ts";
import { load, type LoadedModule, type Step } from "../../runtime/index.ts";
import {
  auto,
  hasNeeds,
  portable,
  timed,
  tuningCache,
  variantFor,
  withVariants,
  type Chooser,
} from "../../runtime/tuning.ts";
import { testDevice } from "../gpu.ts";
import { doubling, training } from "./programs.ts";

const card: Needs = { limits: { maxComputeWorkgroupStorageSize: 16384 }, features: [], card: true };

/** `doubling` with two variants: `first` has two dispatches, of which the second needs what is given. */
function withTwo(needs?: Needs, workgroups: Dispatch["workgroups"] = [1, 1, 1]): Program {
  const [kernel] = doubling.kernels;
  const { double } = doubling.entryPoints;
  const [own] = double!.dispatches as [Dispatch];
  const half = (at: number) => ({
    ...kernel!,
    name: `half ${at}`,
    wgsl: kernel!.wgsl.replace("2.0", "2.00").replaceAll("id.x", `id.x % 2u + ${2 * at}u`),
  });
  const variants = [
    {
      name: "first",
      dispatches: [
        { ...own, kernel: 0, workgroups },
        { ...own, kernel: 1 },
      ],
    },
    { name: "second", dispatches: [{ ...own, kernel: 2 }] },
  ];
  return {
    ...doubling,
    variants: [half(0), { ...half(1), ...(needs && { needs }) }, { ...kernel!, name: "again" }],
    entryPoints: { double: { ...double!, dispatches: [{ ...own, variants }] } },
  };
}

const adapter = (vendor: string, architecture = "", more: object = {}): Chooser =>
  ({
    adapterInfo: { vendor, architecture, isFallbackAdapter: false, ...more },
    features: new Set(),
    limits: { maxComputeWorkgroupStorageSize: 16384 },
  }) as unknown as Chooser;

const dispatchOf = ({ entryPoints }: Program): Dispatch => entryPoints.double!.dispatches[0] as Dispatch;

describe("what a device runs", () => {
  test.each([
    ["a graphics card with little to do takes the last variant", adapter("nvidia", "hopper"), 1, "second"],
    ["and with much to do the first", adapter("nvidia", "hopper"), 300, "first"],
    ["of Intel's cards those with memory of their own", adapter("intel", "xe-2hpg"), 300, "first"],
    ["and no others", adapter("intel", "gen-12lp"), 300, undefined],
    ["other vendors take none", adapter("apple", "metal-3"), 300, undefined],
    ["nor does a software adapter", adapter("google", "swiftshader", { isFallbackAdapter: true }), 300, undefined],
  ])("%s", (_, device, count, name) => {
    const program = withTwo(card, [count, 1, 1]);
    expect(variantFor(device, program, dispatchOf(program))?.name).toBe(name);
  });

  test("a variant is left out when one of its kernels needs what the device has not", () => {
    const all: readonly Needs[] = [
      { ...card, limits: { maxComputeWorkgroupStorageSize: 32768 } },
      { ...card, limits: { maxHeardOf: 1 } },
      { ...card, features: ["shader-f16"] },
    ];
    for (const needs of all) {
      const program = withTwo(needs, [300, 1, 1]);
      expect(hasNeeds(adapter("amd"), needs)).toBe(false);
      expect(variantFor(adapter("amd"), program, dispatchOf(program))?.name).toBe("second");
    }
  });

  test("no variant that wants a card is possible on a software adapter, whatever its vendor is called", () => {
    expect(hasNeeds(adapter("nvidia", "", { isFallbackAdapter: true }), card)).toBe(false);
    expect(hasNeeds(adapter("nvidia"), card)).toBe(true);
  });
});

describe("a program with variants chosen", () => {
  test("has the kernels that it runs and no others, each once, and nothing else changes", () => {
    const program = withTwo();
    const chosen = withVariants(program, ({ variants }) => variants![0]);
    expect(chosen.kernels.map(({ name }) => name)).toEqual(["half 0", "half 1"]);
    expect(chosen.entryPoints.double!.dispatches.map((each) => (each as Dispatch).kernel)).toEqual([0, 1]);
    expect(withVariants(program, () => undefined)).toEqual(doubling);
    expect(withVariants(training, () => undefined)).toBe(training);
  });

  test("is chosen for inside loops as well", () => {
    const program = withTwo();
    const { double } = program.entryPoints;
    const loop: Loop = { times: 3, reverse: false, dispatches: double!.dispatches };
    const nested = { ...program, entryPoints: { double: { ...double!, dispatches: [loop] } } };
    const [chosen] = withVariants(nested, ({ variants }) => variants![0]).entryPoints.double!.dispatches as [Loop];
    expect(chosen).toMatchObject({ times: 3, dispatches: [{ kernel: 0 }, { kernel: 1 }] });
  });
});

type Doubling = LoadedModule & { double(inputs: { x: Float32Array }): Step<{ doubled: Float32Array }> };

/** Loads, runs once, and gives the kernels that were compiled. */
async function kernelsRun(program: Program, variants?: typeof auto): Promise<readonly string[]> {
  const names: string[] = [];
  const module = await load<Doubling>(program, {
    device: await testDevice(),
    onProgress: ({ name }) => names.push(name),
    ...(variants && { variants }),
  });
  expect([...(await module.double({ x: Float32Array.of(1, 2, 3, 4) }).doubled)]).toEqual([2, 4, 6, 8]);
  module.destroy();
  return names.sort();
}

describe("a load", () => {
  test("compiles no variant unless it is chosen", async () => {
    expect(await kernelsRun(withTwo())).toEqual(["double"]);
    expect(await kernelsRun(withTwo(), portable)).toEqual(["double"]);
    expect(await kernelsRun(withTwo(card), auto)).toEqual(["double"]);
    expect(await kernelsRun(withTwo(), (program) => withVariants(program, (each) => each.variants![0]))).toEqual([
      "half 0",
      "half 1",
    ]);
  });

  test("refuses variants that are no function", async () => {
    const options = { device: await testDevice(), variants: "timed" } as never;
    await expect(load(withTwo(), options)).rejects.toMatchObject({ code: "option-value" });
  });
});

describe("timed variants", () => {
  test("are measured once, remembered under adapter and kernels, and taken from there", async () => {
    const held = new Map<string, string>();
    const asked: string[] = [];
    const cache = {
      get: (key: string) => (asked.push(key), held.get(key)),
      set: (key: string, value: string) => void held.set(key, value),
    };
    const names = await kernelsRun(withTwo(), timed(cache));
    const [[key, name]] = [...held] as [[string, string]];
    expect(["portable", "first", "second"]).toContain(name);
    const { vendor, architecture } = (await testDevice()).adapterInfo;
    expect(key.startsWith(`${vendor}/${architecture}/`)).toBe(true);
    expect(key).toMatch(/\/[0-9a-f]{64}$/);
    expect(names.length).toBe(name === "first" ? 2 : 1);
    // What is remembered is taken as it is.
    held.set(key, "first");
    expect(await kernelsRun(withTwo(), timed(cache))).toEqual(["half 0", "half 1"]);
    held.set(key, "portable");
    expect(await kernelsRun(withTwo(), timed(cache))).toEqual(["double"]);
    // But not a name that means nothing any more.
    held.set(key, "third");
    await kernelsRun(withTwo(), timed(cache));
    expect(held.get(key)).not.toBe("third");
    expect(new Set(asked).size).toBe(1);
    await kernelsRun(withTwo(undefined, [2, 1, 1]), timed(cache));
    expect(new Set(asked).size).toBe(2);
  });

  test("are not those that the device cannot run", async () => {
    const unused = { get: () => expect.unreachable(), set: () => expect.unreachable() };
    const program = withTwo(card);
    const [own] = program.entryPoints.double!.dispatches as [Dispatch];
    const only = { ...own, variants: own.variants!.slice(0, 1) };
    const entryPoints = { double: { ...program.entryPoints.double!, dispatches: [only] } };
    expect(await kernelsRun({ ...program, entryPoints }, timed(unused))).toEqual(["double"]);
  });
});

test("a page that chooses by the adapter loads nothing that times, and little beside", async () => {
  const bundle = async (contents: string) => {
    const bundled = await build({
      stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
      ...{ bundle: true, minify: true, write: false, format: "esm", metafile: true },
      ...{ platform: "browser", conditions: ["chainrule-source"] },
    });
    const [output] = Object.values(bundled.metafile.outputs);
    const paths = Object.entries(output!.inputs).flatMap(([path, each]) => (each.bytesInOutput > 0 ? [path] : []));
    return { paths, bytes: gzipSync(bundled.outputFiles[0]!.contents).length };
  };
  const plain = await bundle(`export { load } from "./runtime/index.ts";`);
  const both = `export { load } from "./runtime/index.ts"; export { auto } from "./runtime/tuning.ts";`;
  const choosing = await bundle(both);
  expect(plain.paths.filter((path) => /tuning|timing|clock/.test(path))).toEqual([]);
  expect(choosing.paths.filter((path) => /tuning|timing|clock/.test(path))).toEqual(["runtime/tuning.ts"]);
  expect(choosing.bytes - plain.bytes).toBeLessThan(700);
});

describe("what Node remembers", () => {
  test("lies in a file; one that is not whole is begun again, and one that cannot be written is done without", () => {
    const folder = mkdtempSync(join(tmpdir(), "chainrule-tuning-"));
    try {
      const path = join(folder, "deep", "variants.json");
      const cache = tuningCache(path);
      expect(cache.get("a")).toBeUndefined();
      cache.set("a", "first");
      cache.set("b", "second");
      expect(tuningCache(path).get("a")).toBe("first");
      expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ a: "first", b: "second" });
      expect(cache.get("toString")).toBeUndefined();
      writeFileSync(path, "{");
      expect(cache.get("a")).toBeUndefined();
      cache.set("c", "third");
      expect(cache.get("c")).toBe("third");
      const nowhere = tuningCache(join(path, "below", "a", "file"));
      nowhere.set("a", "first");
      expect(nowhere.get("a")).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
