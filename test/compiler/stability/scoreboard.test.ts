/// The scoreboard: programs as users write them, in float32 on the device, loss and every entry of every gradient within
/// 1e-5 (1e-6 near 0) of the same formula in many digits, at ordinary and at extreme inputs. docs/stability.md shows it.
import { describe, expect, it } from "vitest";
import { loadModel } from "../planning.ts";
import { asWritten, errorOf, truthOf, worstError, type Results } from "./scoreboard/measure.ts";
import { flat, programOf, type Point, type Program, type Row } from "./scoreboard/row.ts";
import { rows } from "./scoreboard/rows.ts";

/** Loss and gradients at each point, on the device. */
async function onDevice(row: Row, { graph, differentiated }: Program): Promise<readonly Results[]> {
  const module = await loadModel(graph);
  try {
    const results: Results[] = [];
    for (const { at } of row.points) {
      const data = Object.entries(at).map(([name, numbers]) => [name, feed(row, name, numbers)] as const);
      const outputs = await module.run(Object.fromEntries(data));
      const list = (found: unknown): readonly number[] =>
        typeof found === "number" ? [found] : Array.from(found as Float32Array);
      const gradients = differentiated.map((name) => [name, list(outputs[`gradient_${name}`])] as const);
      results.push({ loss: outputs.loss as number, gradients: Object.fromEntries(gradients) });
    }
    return results;
  } finally {
    module.destroy();
  }
}

function feed({ labels }: Row, name: string, numbers: Point["at"][string]): number | Float32Array | Int32Array {
  if (typeof numbers === "number") return numbers;
  return labels?.includes(name) ? Int32Array.from(flat(numbers)) : Float32Array.from(flat(numbers));
}

function expectNear(found: Results, truth: Results, point: Point): void {
  const where = `at ${JSON.stringify(point.at)}`;
  expect(errorOf(found.loss, truth.loss), `loss ${found.loss} for ${truth.loss} ${where}`).toBeLessThanOrEqual(1);
  for (const [name, wanted] of Object.entries(truth.gradients)) {
    expect(found.gradients[name]).toHaveLength(wanted.length);
    wanted.forEach((entry, i) => {
      const text = `gradient by ${name}, entry ${i}: ${found.gradients[name][i]} for ${entry} ${where}`;
      expect(errorOf(found.gradients[name][i], entry), text).toBeLessThanOrEqual(1);
    });
  }
}

describe("the scoreboard", () => {
  it.each(rows.map((row) => [row.name, row] as const))("%s", async (_, row) => {
    const program = programOf(row);
    const results = await onDevice(row, program);
    row.points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
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
      return row.points.some((point) => worstError(asWritten(program, point), truthOf(program, point)) > 1);
    });
    expect(wrong.length).toBeGreaterThanOrEqual(40);
  });
});
