/// While a module is loaded in Node, its thread leaves the core to who compiles shaders: Dawn asks for news in every turn of
/// the event loop.
import { describe, expect, it, vi } from "vitest";
import { adam, dense, input, mean, model, relu, square } from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { load } from "../../runtime/index.ts";
import { resting } from "../../runtime/node.ts";
import { testDevice } from "../gpu.ts";

const program = compile(
  model("small", () => {
    const loss = mean(square(dense(relu(dense(input("x", "f32", [8, 8]), 16)), 4)));
    return { train: { loss, update: adam(loss) } };
  }),
);

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

const turnsLater = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a thread that rests", () => {
  it("does so in every turn of the event loop", async () => {
    const { turns, rests } = await turnsOf(() => resting(turnsLater(20)));
    expect(turns).toBeGreaterThanOrEqual(20);
    expect(rests).toBeGreaterThanOrEqual(turns - 1);
  });

  it("does so while a module is loaded", async () => {
    const device = await testDevice();
    const { turns, rests } = await turnsOf(async () => (await load(program, { device })).destroy());
    expect(rests).toBeGreaterThan(0);
    // Before and after there may be turns that are not of the work.
    expect(rests).toBeGreaterThanOrEqual(turns - 3);
  });

  it("gives what it waited for, or its error, and rests no longer", async () => {
    expect(await resting(Promise.resolve(3))).toBe(3);
    await expect(resting(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
    expect((await turnsOf(() => turnsLater(5))).rests).toBe(0);
  });
});
