import { describe, expect, test } from "vitest";
import { timeOfOne } from "../../runtime/clock.ts";

/** A clock that ticks every tenth of a millisecond, of work that takes `each`; at some calls the machine does more. */
function ticking(each: number, more: Readonly<Record<number, number>> = {}) {
  const asked: number[] = [];
  const run = async (times: number): Promise<number> => {
    asked.push(times);
    return Math.floor(10 * (each * times + (more[asked.length] ?? 0))) / 10;
  };
  return { run, asked };
}

describe("time of one repetition", () => {
  test("work below a tick of the clock is repeated until it is seen", async () => {
    const { run, asked } = ticking(0.003);
    expect(await timeOfOne(run, 5)).toBeCloseTo(0.003, 3);
    expect(Math.max(...asked)).toBe(1024);
  });

  test("is of many repetitions also when the machine did something else while they were counted", async () => {
    const { run } = ticking(0.01, { 3: 40 });
    expect(await timeOfOne(run, 5)).toBeCloseTo(0.01, 4);
  });

  test("of what is slow is that of one run, and the shorter of two", async () => {
    const { run, asked } = ticking(150, { 2: 900 });
    expect(await timeOfOne(run, 5)).toBe(150);
    expect(asked).toEqual([1, 1]);
  });
});
