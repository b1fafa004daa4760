/// What kernels cost: the bytes that they bind, and their arithmetic, which has a price in bytes; and how many tensors they
/// may bind. What is decided about kernels is measured by these.
import type { Dim } from "../../ir/dim.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { countBindings, type Shares } from "./bindings.ts";
import { mostBindings } from "./partition.ts";
import type { Traffic } from "./store.ts";

/** Bytes that one operation is worth, and one that takes a helper function; devices have some ten operations a byte. */
const [operationPrice, helperPrice] = [1 / 8, 2];

/** Fewer bytes are nothing beside a kernel. */
export const leastGain = 1024;

/** What a kernel reads and writes. */
export type Footprint = Pick<Traffic, "loads" | "stores">;

/** What it costs to compute a value of its operands, in bytes. */
export function priceOf({ op, type }: Value): number {
  if (op.kind === "leaf" || op.kind === "layout") return 0;
  const isLong = op.kind === "elementwise" && (op.helpers?.length ?? 0) > 0;
  return (isLong ? helperPrice : operationPrice) * countOf(type.shape);
}

/**
 * What an element counts, in bytes. A condition takes four as well: it counts as more, so that of a condition and the number
 * that it is asked of the number is stored, in whose place another may be written.
 */
const [numberSize, conditionSize] = [4, 4.5];

/** Bytes of a tensor, as what is decided counts them. */
export const sizeOf = ({ type }: Value): number =>
  (type.dtype === "bool" ? conditionSize : numberSize) * countOf(type.shape);

/** Elements of a shape. Free sizes count as large. */
export function countOf(shape: readonly Dim[]): number {
  const count = elementCount(shape);
  return typeof count === "number" ? count : 2 ** 20;
}

/** Bytes that a kernel binds. */
const bytesOf = ({ loads, stores }: Footprint): number => sumOf(loads, sizeOf) + sumOf(stores, sizeOf);

/** Bytes that kernels bind. */
export const trafficBytes = (traffic: readonly Footprint[]): number => sumOf(traffic, bytesOf);

/** What a kernel costs: the bytes that it binds, and the price of computing all of `met` but what it loads. */
export const costOf = (kernel: Footprint, met: Iterable<Value>): number =>
  bytesOf(kernel) + sumOf(met, priceOf) - sumOf(kernel.loads, priceOf);

function sumOf<Item>(items: Iterable<Item>, measure: (item: Item) => number): number {
  let total = 0;
  for (const item of items) total += measure(item);
  return total;
}

/** The tensors that results go to, and those that share a binding. */
export interface Binds {
  targetsOf(value: Value): readonly Value[];
  readonly shares: Shares;
}

/** How many bindings a kernel takes. */
export function kernelBindings({ loads, stores }: Footprint, { targetsOf, shares }: Binds): number {
  return countBindings(new Set([...loads, ...stores.flatMap(targetsOf)]), shares);
}

/** True for more bindings than a kernel may bind, and than it bound before. */
export const isCrowded = (bindings: number, before: number): boolean => bindings > mostBindings && bindings > before;
