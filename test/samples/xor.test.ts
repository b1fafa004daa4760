import { describe, expect, it } from "vitest";
import { cases, trainXor } from "../../samples/xor/fit.ts";
import type { Xor } from "../../samples/xor/fit.ts";

describe("trainXor", () => {
  const module = (calls: string[], loss: Promise<number>): Xor => ({
    adapter: "fake",
    train: ({ x, y }) => {
      calls.push(`train ${x.join("")} ${y.join("")}`);
      return { accepted: Promise.resolve(), loss };
    },
    predict: async ({ x }) => ({ probability: x.filter((_, index) => index % 2 === 0) }),
    destroy: () => void calls.push("destroy"),
  });

  it("trains on the truth table and returns losses and outputs in the order of the cases", async () => {
    const calls: string[] = [];
    const run = await trainXor(async () => module(calls, Promise.resolve(0.5)), 2);
    expect(run).toEqual({ adapter: "fake", losses: [0.5, 0.5], outputs: cases.map((row) => row.x[0]) });
    expect(calls).toEqual(["train 00011011 0110", "train 00011011 0110", "destroy"]);
  });

  it("destroys the module when a step fails", async () => {
    const calls: string[] = [];
    const lost = Promise.reject(new Error("lost"));
    await expect(trainXor(async () => module(calls, lost), 2)).rejects.toThrow("lost");
    expect(calls.at(-1)).toBe("destroy");
  });
});
