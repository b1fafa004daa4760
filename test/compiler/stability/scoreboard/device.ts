/// Rows on the device, and whether they come to the truth.
import { expect } from "vitest";
import { loadModel } from "../../planning.ts";
import { errorOf, type Results } from "./measure.ts";
import { flat, type Point, type Program, type Row } from "./row.ts";

/** Loss and gradients at each point, on the device. */
export async function onDevice(row: Row, { graph, differentiated }: Program): Promise<readonly Results[]> {
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

/** Loss and every entry of every gradient are as near to the truth as is allowed. */
export function expectNear(found: Results, truth: Results, point: Point): void {
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
