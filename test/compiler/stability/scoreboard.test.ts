/// The scoreboard: programs as users write them, in float32 on the device, loss and every entry of every gradient within
/// 1e-5 (1e-6 near 0) of the same formula in many digits, at ordinary and at extreme inputs. docs/stability.md shows it.
import { describe, expect, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { asWritten, truthOf, worstError, type Results } from "./scoreboard/measure.ts";
import { programOf, type Program, type Row } from "./scoreboard/row.ts";
import { rows } from "./scoreboard/rows.ts";

/** The truth at every point of a row; both suites ask for it, and many digits take long. */
const truths = new Map<Row, readonly Results[]>();
function truthsOf(row: Row, program: Program): readonly Results[] {
  const known = truths.get(row) ?? row.points.map((point) => truthOf(program, point));
  truths.set(row, known);
  return known;
}

describe("the scoreboard", () => {
  it.each(rows.map((row) => [row.name, row] as const))("%s", async (_, row) => {
    const program = programOf(row);
    const results = await onDevice(row, program);
    const wanted = truthsOf(row, program);
    row.points.forEach((point, i) => expectNear(results[i], wanted[i], point));
  });
});

describe("a row", () => {
  it("has a name of its own, and is tried at several points", () => {
    expect(rows.length).toBeGreaterThanOrEqual(30);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const { points } of rows) expect(points.length).toBeGreaterThanOrEqual(2);
  });

  it("goes wrong as it is written at one point at least, in most cases", () => {
    const wrong = rows.filter((row) => {
      const program = programOf(row);
      const wanted = truthsOf(row, program);
      return row.points.some((point, i) => worstError(asWritten(program, point), wanted[i]) > 1);
    });
    expect(wrong.length).toBeGreaterThanOrEqual(40);
  });
});
