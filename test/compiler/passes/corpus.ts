/// The graphs that passes are tried on: fixtures, samples, and numbers for their leaves.
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModel } from "../../../compiler/load/index.ts";
import { bindDim } from "../../../ir/dim.ts";
import { graphRoots, type Graph } from "../../../ir/graph.ts";
import { parseGraph } from "../../../ir/parse.ts";
import { elementCount } from "../../../ir/type.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { grad } from "../../../ir/ops/derivative.ts";
import { randomGraphs } from "../../ir/graphs.ts";
import { noise } from "../symbolic.ts";

/** A graph in a file, in the folder of the pass that it is for. */
export interface Fixture {
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  /** Text of the graph before the pass. */
  readonly input: string;
  readonly graph: Graph;
}

/** Every `<pass>/<case>.graph` beside this file. */
export function passFixtures(): readonly Fixture[] {
  const here = fileURLToPath(new URL(".", import.meta.url));
  return readdirSync(here, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .flatMap(({ name: folder }) =>
      readdirSync(here + folder).map((file) => {
        const path = `${here}${folder}/${file}`;
        const input = readFileSync(path, "utf8").split("\n---\n")[0].trimEnd() + "\n";
        return { folder, name: file.replace(".graph", ""), path, input, graph: parseGraph(input, path) };
      }),
    );
}

/** The samples, with sizes that they are compiled with. */
export const samples: readonly { readonly name: string; readonly dims: Readonly<Record<string, number>> }[] = [
  { name: "xor", dims: {} },
  { name: "classifier", dims: { batch: 4 } },
  { name: "digits", dims: { batch: 8, pixels: 64 } },
];

/** The model of a sample. */
export function loadSample(name: string): Promise<Graph> {
  return loadModel(`samples/${name}/model.ts`, { typeCheck: false });
}

/** Numbers for sizes in fixtures. */
export const fixtureSizes: Readonly<Record<string, number>> = { batch: 2, n: 3, m: 4 };

/** Random data for every leaf of a graph; floats of at most this size. */
export function drawFeeds(
  graph: Graph,
  seed: number,
  size = 1,
): { readonly feeds: Map<Value, readonly number[]>; readonly sizes: Readonly<Record<string, number>> } {
  const next = noise(seed);
  const feeds = new Map<Value, readonly number[]>();
  for (const leaf of postorder([...graph.inputs, ...graph.states, ...graphRoots(graph)])) {
    if (leaf.op.kind !== "leaf" || leaf.op.structural) continue;
    const count = bindDim(elementCount(leaf.type.shape), fixtureSizes) as number;
    const { dtype } = leaf.type;
    const one = (): number =>
      dtype === "f32" ? Math.fround(size * next()) : Math.floor(((next() + 1) / 2) * (dtype === "bool" ? 2 : 4));
    feeds.set(leaf, Array.from({ length: count }, one));
  }
  return { feeds, sizes: fixtureSizes };
}

/** A random graph with the gradients of its total, from a seed. */
export function randomTraining(seed: number): Graph {
  const [graph] = fc.sample(randomGraphs, { seed, numRuns: 1 });
  const [{ name, outputs, updates }] = graph.entryPoints;
  const total = outputs.find((each) => each.name === "total")!.value;
  const reached = new Set(postorder([total]));
  const gradients = [...graph.inputs, ...graph.states]
    .filter((leaf) => reached.has(leaf) && leaf.type.dtype === "f32")
    .map((leaf, i) => ({ name: `d${i}`, value: grad(total, leaf) }));
  return { ...graph, entryPoints: [{ name, outputs: [...outputs, ...gradients], updates }] };
}
