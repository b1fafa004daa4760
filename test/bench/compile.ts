/// How long the compiler takes, from a built graph to a program, and whether the time grows with the graph alone. Times
/// are those of the processor, all threads together: other programs on the machine do not count.
/// `npm run bench:compile` prints it; `npm run bench:compile -- perceptron` looks at one family of models.
import { compileWithFacts } from "../../compiler/compile.ts";
import { derive } from "../../compiler/passes/all.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { chain, perceptron, transformer } from "./models.ts";

const families: Readonly<Record<string, (depth: number) => Graph>> = { perceptron, transformer, chain };
const sizes = [2_000, 5_000, 20_000];
/** The best of so many runs counts. */
const runs = 3;

interface Measured {
  readonly values: number;
  readonly milliseconds: number;
}

/** Values of the derived graph: what there is to compile. */
function countValues(graph: Graph): number {
  return graphValues(derive(graph)).length;
}

/** The depth at which a family has about so many values; they grow by the same number with every layer. */
function depthFor(family: (depth: number) => Graph, values: number): number {
  const [few, more] = [8, 16].map((depth) => countValues(family(depth)));
  return Math.max(1, Math.round(8 + ((values - few) * 8) / (more - few)));
}

function measure(family: (depth: number) => Graph, values: number): Measured {
  const depth = depthFor(family, values);
  const times = Array.from({ length: runs }, () => {
    const graph = family(depth);
    const start = process.cpuUsage();
    compileWithFacts(graph, { dims: { batch: 2 } });
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return { values: countValues(family(depth)), milliseconds: Math.min(...times) };
}

const wanted = process.argv.slice(2);
console.log(`${"model".padEnd(12)} ${"values".padStart(8)} ${"ms".padStart(9)} ${"µs per value".padStart(13)}`);
for (const [name, family] of Object.entries(families)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const all = sizes.map((values) => {
    const measured = measure(family, values);
    const each = (measured.milliseconds * 1000) / measured.values;
    const columns = [`${measured.values}`.padStart(8), measured.milliseconds.toFixed(0).padStart(9)];
    console.log(`${name.padEnd(12)} ${columns.join(" ")} ${each.toFixed(1).padStart(13)}`);
    return each;
  });
  console.log(`${name.padEnd(12)} per value, 20 000 to 2 000: ${(all[2] / all[0]).toFixed(2)}`);
}
