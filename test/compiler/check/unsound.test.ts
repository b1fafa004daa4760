/// A rule that is wrong must not go unseen: kernels and the simplified graph agree on it, the formula as written does not.
import { describe, expect, test, vi } from "vitest";
import { checkOnDevice, type OpenModule } from "../../../compiler/check/index.ts";
import { openDeviceModule } from "../../../compiler/cli/device.ts";
import { run } from "../../../compiler/cli/run.ts";
import type * as rules from "../../../compiler/rewrite/rules/all.ts";
import { abs, exp, grad, input, log, model, mul, square, sub, sum, type Graph } from "../../../ir/index.ts";
import { testDevice } from "../../gpu.ts";

// Unsound where x < 0, and only there. It must not reach the witness.
vi.mock("../../../compiler/rewrite/rules/all.ts", async (importOriginal) => {
  const original = await importOriginal<typeof rules>();
  const { identity } = await import("../../../compiler/rewrite/rule.ts");
  const wrong = identity("size without sign", "stabilizes", "abs(x) = x");
  return { ...original, stabilizingRules: [wrong, ...original.stabilizingRules] };
});

const open: OpenModule = async (program) => openDeviceModule(program, { device: await testDevice() });

describe("a rule that is wrong", () => {
  test("shows in a result that it has rewritten, and in its gradient", async () => {
    const graph = model("sizes", () => {
      const x = input("x", "f32", [7]);
      const total = sum(mul(abs(x), square(x)));
      return { run: { total, slope: grad(total, x), untouched: square(x) } };
    });
    const { kernels } = await checkOnDevice(graph, open);
    expect(kernels.map(({ name, ok }) => [name, ok])).toEqual([
      ["total", false],
      ["slope", false],
      ["untouched", true],
    ]);
    // The kernel does what the simplified graph says: the difference is the rule's.
    const [{ device, interpreter, simplified }] = kernels;
    expect(device).toBeCloseTo(simplified, 4);
    expect(Math.abs(device - interpreter)).toBeGreaterThan(0.1);
  });

  test("shows where the rewritten formula alone is no number", async () => {
    const graph = model("domain", () => ({ run: { y: log(abs(input("x", "f32", [7]))) } }));
    const { kernels } = await checkOnDevice(graph, open);
    expect(kernels).toMatchObject([{ ok: false, onlySimplified: 0, device: NaN, simplified: NaN }]);
  });
});

describe("a formula that overflows as it is written", () => {
  const overflowing = (): Graph =>
    model("overflow", () => {
      const x = input("x", "f32", [6]);
      const large = mul(1000, x);
      const total = log(sum(exp(large)));
      return { run: { total, above: sub(total, sum(x)), plain: square(x) } };
    });

  test("is compared with the simplified one, and says so", async () => {
    const { kernels } = await checkOnDevice(overflowing(), open);
    expect(kernels.map(({ name, ok, onlySimplified }) => [name, ok, onlySimplified])).toEqual([
      ["total", true, 1],
      ["above", true, 1],
      ["plain", true, 0],
    ]);
  });

  test("does not hide a wrong kernel", async () => {
    const broken: OpenModule = async (program) => {
      const device = await open(program);
      return {
        ...device,
        run: async (...call) => {
          const { outputs, states } = await device.run(...call);
          return { outputs: { ...outputs, total: [outputs.total[0] + 1] }, states };
        },
      };
    };
    const { kernels } = await checkOnDevice(overflowing(), broken);
    expect(kernels.map(({ name, ok }) => [name, ok])).toEqual([
      ["total", false],
      ["above", true],
      ["plain", true],
    ]);
  });
});

test("the command names a wrong result with all three numbers, and says what had no witness", async () => {
  const printed: string[] = [];
  const print = (text: string): void => void printed.push(text);
  const command = ["check", "test/compiler/check/fixtures/sizes.ts"];
  expect(await run(command, { print, warn: print, style: (_, text) => text })).toBe(1);
  const [total, largest] = printed.slice(-2);
  expect(total).toMatch(
    /BAD run: output total .* at entry 0: found \S+, expected \S+; the simplified formula gives \S+$/,
  );
  expect(largest).toMatch(/ok {2}run: output largest .* 1 entry not finite as written, compared with the simplified/);
});
