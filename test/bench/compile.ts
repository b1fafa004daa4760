/// How long the compiler takes, from a built graph to a program, and whether the time grows with the graph alone. Times
/// are those of the processor, all threads together: other programs on the machine do not count. It measures the built
/// package, as users run it. `npm run bench:compile` prints it; `npm run bench:compile -- perceptron` looks at one family.
import type { Graph, Value } from "chainrule";
import { compileWithFacts, derive } from "chainrule/compiler";
import { chain, perceptron, transformer, wide } from "./models.ts";

const families: Readonly<Record<string, (depth: number) => Graph>> = { transformer, perceptron, chain, wide };
const sizes = [2_000, 5_000, 20_000];
/** The best of so many runs counts. */
const runs = 3;

interface Measured {
  readonly values: number;
  readonly milliseconds: number;
}

/** Values of the derived graph: what there is to compile. */
function countValues(graph: Graph): number {
  const found = new Set<Value>();
  const { entryPoints } = derive(graph);
  const waiting = entryPoints.flatMap(({ outputs, updates }) => [...outputs, ...updates].map(({ value }) => value));
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    waiting.push(...value.operands);
  }
  return found.size;
}

/** The depth at which a family has about so many values; they grow by the same number with every layer. */
function depthFor(family: (depth: number) => Graph, values: number): number {
  const [few, more] = [8, 16].map((depth) => countValues(family(depth)));
  return Math.max(1, Math.round(8 + ((values - few) * 8) / (more - few)));
}

/** Time of the processor that a compilation takes, in milliseconds. */
function timeOf(graph: Graph): number {
  const start = process.cpuUsage();
  compileWithFacts(graph, { dims: { batch: 2 } });
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function measure(family: (depth: number) => Graph, values: number): Measured {
  const depth = depthFor(family, values);
  const times = Array.from({ length: runs }, () => timeOf(family(depth)));
  return { values: countValues(family(depth)), milliseconds: Math.min(...times) };
}

const wanted = process.argv.slice(2);
// What a user waits for: nothing is warm yet.
const layers = 12;
const first = timeOf(transformer(layers));
const size = countValues(transformer(layers));
console.log(`a transformer of ${layers} layers, ${size} values, first in its process: ${first.toFixed(0)} ms`);
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
