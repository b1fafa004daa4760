/// While a module is loaded in Node, its thread leaves the core to who compiles shaders: Dawn asks for news in every turn of
/// the event loop.
import { afterEach, describe, expect, it, vi } from "vitest";
import { adam, dense, input, mean, model, relu, square } from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { load, type LoadedModule } from "../../runtime/index.ts";
import { resting } from "../../runtime/node.ts";
import { testDevice } from "../gpu.ts";

const program = compile(
  model("small", () => {
    const loss = mean(square(dense(relu(dense(input("x", "f32", [8, 8]), 16)), 4)));
    return { train: { loss, update: adam(loss) } };
  }),
);

type Small = LoadedModule & { train(inputs: { readonly x: Float32Array }): { read(): Promise<unknown> } };

/** Turns of the event loop while something is done, and how often the thread rested in them. */
async function turnsOf(act: () => Promise<unknown>): Promise<{ readonly turns: number; readonly rests: number }> {
  const rest = vi.spyOn(Atomics, "wait");
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await act().finally(() => (isDone = true));
  const rests = rest.mock.calls.length;
  rest.mockRestore();
  return { turns, rests };
}

/** A clock that is ten milliseconds later whenever it is asked. */
const later = (): (() => number) => {
  let now = 0;
  return () => (now += 10);
};

afterEach(() => vi.restoreAllMocks());

const turnsLater = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a thread that rests", () => {
  it("does so in every turn of the event loop, once for all that it waits for", async () => {
    vi.spyOn(performance, "now").mockImplementation(later());
    const { turns, rests } = await turnsOf(() => Promise.all([resting(turnsLater(20)), resting(turnsLater(20))]));
    expect(turns).toBeGreaterThanOrEqual(20);
    expect(Math.abs(rests - turns)).toBeLessThanOrEqual(2);
  });

  it("does not where things come soon", async () => {
    vi.spyOn(performance, "now").mockReturnValue(5);
    expect((await turnsOf(() => resting(turnsLater(20)))).rests).toBe(0);
  });

  it("does so while a module is loaded, and while a result is read", async () => {
    const device = await testDevice();
    vi.spyOn(performance, "now").mockImplementation(later());
    const modules: Small[] = [];
    const loading = await turnsOf(async () => modules.push(await load<Small>(program, { device })));
    expect(loading.rests).toBeGreaterThan(0);
    // Before and after there may be turns that are not of the work.
    expect(loading.rests).toBeGreaterThanOrEqual(loading.turns - 3);
    const [module] = modules;
    const reading = await turnsOf(() => module!.train({ x: new Float32Array(64) }).read());
    expect(reading.rests).toBeGreaterThan(0);
    module!.destroy();
  });

  it("gives what it waited for, or its error, and rests no longer", async () => {
    expect(await resting(Promise.resolve(3))).toBe(3);
    await expect(resting(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
    expect((await turnsOf(() => turnsLater(5))).rests).toBe(0);
  });
});
