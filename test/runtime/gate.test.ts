import { describe, expect, test } from "vitest";
import { openGate, type Gate } from "../../runtime/gate.ts";

/** A later turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** A device that is done with what it was given a turn after it is asked. */
const idleDevice = { lost: new Promise(() => {}), queue: { onSubmittedWorkDone: turn } } as unknown as GPUDevice;

/** A training loop: what it does between being let in and its next call, and whether it reads every second result. */
async function loop(gate: Gate, calls: number, between: () => unknown = () => {}, isReading = false): Promise<void> {
  for (let index = 0; index < calls; index++) {
    gate.checkRoom();
    const call = { open: 0 };
    gate.submitted(call);
    // As a step does, for what is known of its inputs by then.
    await undefined;
    await gate.room(call);
    if (isReading && index % 2) {
      await turn();
      gate.enter(call);
      await turn();
      gate.leave(call);
    }
    await between();
  }
}

describe("loops that share a module", () => {
  test.each([
    [2, 2],
    [2, 3],
    [4, 4],
    [2, 5],
    [3, 8],
    [7, 8],
  ])("%i of them take turns where %i calls may be in flight", async (loops, limit) => {
    const kinds = [undefined, turn, () => Promise.resolve()];
    for (const isReading of [false, true]) {
      const gate = openGate(idleDevice, limit);
      await Promise.all(Array.from({ length: loops }, (_, index) => loop(gate, 30, kinds[index % 3], isReading)));
    }
  });

  test("a place that is kept for a loop that has ended is given to another", async () => {
    const gate = openGate(idleDevice, 1);
    await loop(gate, 3);
    const call = { open: 0 };
    gate.submitted(call);
    // The first takes the place that is free then, and does not call.
    await Promise.all([gate.room(call), gate.room({ open: 0 })]);
    gate.checkRoom();
  });

  test("a call that asks twice keeps one place", async () => {
    const gate = openGate(idleDevice, 4);
    const call = { open: 0 };
    gate.submitted(call);
    for (let index = 0; index < 8; index++) await gate.room(call);
    let isLetIn = false;
    const other = { open: 0 };
    gate.submitted(other);
    void gate.room(other).then(() => (isLetIn = true));
    await Promise.resolve();
    await Promise.resolve();
    expect(isLetIn).toBe(true);
  });
});
