import { describe, expect, test } from "vitest";
import { add, input, matmul, model, param, scan, sum, tanh } from "chainrule";
import type { BenchReport } from "../../../compiler/cli/bench-command.ts";
import { openProfiler } from "../../../compiler/cli/profile.ts";
import { run } from "../../../compiler/cli/run.ts";
import { compile, compileWithFacts } from "../../../compiler/compile.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { requestGpu } from "../../../runtime/node.ts";
import { testDevice } from "../../gpu.ts";

const xor = "samples/xor/model.ts";

/** What `bench` prints. */
async function printed(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const terminal = {
    print: (text: string) => void lines.push(text),
    warn: () => {},
    style: (_: string, text: string) => text,
  };
  expect(await run(["bench", ...args], terminal)).toBe(0);
  return lines.join("\n");
}

/** What `bench --json` says of a model. */
const benched = async (...args: readonly string[]): Promise<BenchReport> =>
  JSON.parse(await printed(...args, "--json")) as BenchReport;

describe("bench", () => {
  test("gives each launch of each entry point a time and rates that follow from it", async () => {
    const { entryPoints, copy, matmul } = await benched(xor);
    const { entries } = compileWithFacts(await loadModel(xor, { typeCheck: false }));
    expect(Object.keys(entryPoints)).toEqual(entries.map(({ name }) => name));
    for (const { name, launches } of entries) {
      expect(entryPoints[name].map((kernel) => kernel.name)).toEqual(launches.map((launch) => launch.name));
      entryPoints[name].forEach(({ milliseconds, gflopsPerSecond, gigabytesPerSecond }, at) => {
        expect(milliseconds).toBeGreaterThan(0);
        expect(gflopsPerSecond * milliseconds).toBeCloseTo(launches[at].flops / 1e6, 6);
        expect(gigabytesPerSecond * milliseconds).toBeCloseTo(launches[at].bytes / 1e6, 6);
      });
    }
    expect(copy.gigabytesPerSecond * copy.milliseconds).toBeCloseTo((2 * 4 * 2 ** 23) / 1e6, 3);
    expect(matmul.gflopsPerSecond * matmul.milliseconds).toBeCloseTo((2 * 1024 ** 3) / 1e6, 0);
  });

  test("says what its figures are", async () => {
    expect((await printed(xor)).split("\n")[0]).toMatch(/^kernels on .*, timed .*: medians of 5 passes$/);
  });

  test("times what a memory budget runs again as often as it does", async () => {
    const { entryPoints } = await benched(xor, "--memory-budget", "1000");
    const { entries } = compileWithFacts(await loadModel(xor, { typeCheck: false }), { memoryBudget: 1000 });
    for (const { name, launches } of entries)
      expect(entryPoints[name].map((kernel) => kernel.name)).toEqual(launches.map((launch) => launch.name));
    expect(entryPoints.train.filter(({ name }) => name === "hidden")).toHaveLength(2);
  });

  test("a product of more flops takes longer, also on a device without timestamps", async () => {
    const product = (size: number) =>
      compile(
        model("product", () => {
          const [a, b] = [input("a", "f32", [size, size]), input("b", "f32", [size, size])];
          return { run: { y: matmul(a, b) } };
        }),
      );
    const adapter = await (await requestGpu()).requestAdapter();
    const device = await adapter!.requestDevice();
    const times: number[] = [];
    for (const size of [16, 512]) {
      const profiler = await openProfiler(device, product(size));
      times.push(...(await profiler.timesOf("run")));
      profiler.destroy();
    }
    device.destroy();
    expect(times).toHaveLength(2);
    // 32 768 times the flops: what else the machine does is nothing beside that.
    expect(times[1]).toBeGreaterThan(2 * times[0]);
  });

  test("what may take a dispatch's place is timed beside it, and named", async () => {
    const plain = compile(
      model("product", () => ({ run: { y: matmul(input("a", "f32", [8, 8]), input("b", "f32", [8, 8])) } })),
    );
    const program = { ...plain, variants: plain.kernels };
    const profiler = await openProfiler(await testDevice(), program);
    const [times] = await profiler.variantTimesOf("run", (dispatch) => [
      { name: "once more", dispatches: [dispatch] },
      { name: "twice", dispatches: [dispatch, dispatch] },
    ]);
    profiler.destroy();
    expect(times.map(({ name }) => name)).toEqual(["once more", "twice"]);
    for (const { milliseconds } of times) expect(milliseconds).toBeGreaterThan(0);
  });

  test("a dispatch of a loop is timed once, and counted for every place", async () => {
    const graph = model("loop", () => {
      const [xs, h0] = [input("xs", "f32", [5, 8]), input("h0", "f32", [8])];
      const bias = param([8], { name: "bias" });
      const { carry } = scan(([h], [x]) => ({ carry: [tanh(add(add(h, x), bias))] }), {
        initial: [h0],
        sequences: [xs],
      });
      return { run: { y: sum(carry[0]) } };
    });
    const { program, entries } = compileWithFacts(graph);
    const profiler = await openProfiler(await testDevice(), program);
    const times = await profiler.timesOf("run");
    profiler.destroy();
    expect(times).toHaveLength(entries[0].launches.length);
    expect(entries[0].launches.some((launch) => launch.times === 5)).toBe(true);
  });
});
