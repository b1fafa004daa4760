/// Random data for the leaves of a graph, such as the leaf can take.
import { bindDim, type Dim } from "../../ir/dim.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { classExtents } from "../../ir/classes.ts";
import { settingOp, type InputIdentity, type StateIdentity } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { randomStream, type RandomStream } from "./random.ts";

/** Numbers for every input, setting and state of a graph; exact in float32. */
export type LeafData = ReadonlyMap<Value, Float64Array>;

/** How float inputs are drawn: normal, or in (0, 1) for models that take logarithms or roots of them. */
export type Range = "normal" | "unit";

/** Draws data for all leaves. `sizes` binds every named size. */
export function drawLeaves(
  graph: Graph,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  range: Range = "normal",
): LeafData {
  const random = randomStream(seed);
  const extents = (value: Value): readonly number[] => value.type.shape.map((size) => numberOf(size, sizes));
  const data = new Map<Value, Float64Array>();
  for (const leaf of graph.inputs) {
    const draw = leaf.op === settingOp ? settingValue(leaf) : drawInput(graph, leaf, sizes, random, range);
    data.set(leaf, fill(extents(leaf), draw));
    if ((leaf.attrs.identity as InputIdentity).distribution) normalizeRows(data.get(leaf)!, extents(leaf).at(-1) ?? 1);
  }
  for (const leaf of graph.states) data.set(leaf, fill(extents(leaf), drawState(leaf, extents(leaf), random)));
  return data;
}

function numberOf(size: Dim, sizes: Readonly<Record<string, number>>): number {
  const bound = bindDim(size, sizes);
  return typeof bound === "number" ? bound : 1;
}

function fill(extents: readonly number[], draw: () => number): Float64Array {
  return Float64Array.from({ length: extents.reduce((count, extent) => count * extent, 1) }, draw);
}

function settingValue(leaf: Value): () => number {
  const { value } = leaf.attrs.identity as { readonly value: number };
  return () => Math.fround(value);
}

function drawInput(
  graph: Graph,
  leaf: Value,
  sizes: Readonly<Record<string, number>>,
  random: RandomStream,
  range: Range,
): () => number {
  const { dtype, distribution } = leaf.attrs.identity as InputIdentity;
  if (dtype === "bool") return () => random.integer(2);
  if (dtype === "i32" || dtype === "u32") {
    const classes = classCount(graph, leaf, sizes) ?? 2;
    return () => random.integer(classes);
  }
  if (distribution || range === "unit") return () => Math.fround(random.uniform(0.05, 0.95));
  return () => Math.fround(random.normal());
}

/** Number of classes of integer labels, where the model makes one-hots of them. */
export function classCount(
  graph: Graph,
  input: Value,
  sizes: Readonly<Record<string, number>> = {},
): number | undefined {
  const counts = classExtents(input, graphValues(graph), graph.notes).map((extent) => numberOf(extent, sizes));
  return counts.length === 0 ? undefined : Math.min(...counts);
}

/** Parameters near zero, so that units stay in their range; everything else positive, as second moments must be. */
function drawState(leaf: Value, extents: readonly number[], random: RandomStream): () => number {
  const { dtype, parameter, initializer } = leaf.attrs.identity as StateIdentity;
  if (initializer.tag === "key") return () => random.integer(2 ** 32);
  if (dtype === "bool") return () => random.integer(2);
  if (dtype === "i32" || dtype === "u32") return () => 1 + random.integer(4);
  if (!parameter) return extents.length === 0 ? () => 1 + random.integer(4) : () => Math.fround(random.uniform(0.1, 1));
  const deviation = extents.length > 1 ? 1 / Math.sqrt(extents[0]) : 0.5;
  return () => Math.fround(deviation * random.normal());
}

/** Each row becomes a distribution, exact in float32 up to its last bit. */
function normalizeRows(data: Float64Array, length: number): void {
  for (let row = 0; row < data.length; row += length) {
    const cells = data.subarray(row, row + length);
    const total = cells.reduce((sum, cell) => sum + cell, 0);
    cells.forEach((cell, index) => (cells[index] = Math.fround(cell / total)));
  }
}
