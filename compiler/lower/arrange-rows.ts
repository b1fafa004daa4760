/// How the rows of a cluster are shared between threads, and which results have an element for each of a row.
import type { Value } from "../../ir/value.ts";
import { rowsOfGroup } from "../cluster/columns.ts";
import type { Cluster } from "../cluster/partition.ts";
import { rowParts } from "../cluster/row-parts.ts";
import { accumulatorCount } from "../cluster/size.ts";
import type { Traffic } from "../cluster/store.ts";
import { seenAs } from "../cluster/within.ts";
import type { Arrangement } from "./accumulate.ts";
import { arrange, arrangeParts, rowsInGroup, sharedThreads, type Rows } from "./rows.ts";
import { tallOf } from "./tall.ts";

/** Accumulators of 256 threads for which a workgroup has memory. */
const mostLarge = 16;

/** Those of 64 threads that take four rows, beside others of other kernels. */
const mostTall = 8;

/** Lanes run along the row where it is contiguous in memory; `shared` where kernels share workgroups. */
export function arrangeRows(traffic: Traffic, rows: Rows, shared?: { readonly apart: boolean }): Arrangement {
  const together = rowsOfGroup(traffic.cluster);
  if (together !== undefined) return rowsInGroup(rows.length, together);
  const parts = rowParts(traffic.cluster);
  if (parts > 1) return arrangeParts(rows.rowCount, rows.length as number, parts);
  const accumulators = [...traffic.cluster.members].reduce((total, member) => total + accumulatorCount(member), 0);
  const tall = accumulators > mostTall ? 1 : tallOf(traffic, rows);
  const alongRow = tall === 1 && isAlongRow(traffic.cluster);
  const mostThreads = shared || accumulators > mostLarge ? sharedThreads : undefined;
  return arrange(rows.rowCount, rows.length, alongRow, { mostThreads, vectors: true, tall, apart: shared?.apart });
}

/** True where lanes of a row would read neighbours. */
export function isAlongRow({ space, axes }: Cluster): boolean {
  const last = space.findLastIndex((extent) => extent !== 1);
  return last < 0 || axes.includes(last);
}

/** Results with an element for each of a row. */
export function fullStores(stores: readonly Value[], cluster: Cluster): readonly Value[] {
  if (cluster.axes.length === 0) return [];
  return stores.filter(({ type }) => seenAs(type.shape, cluster.index, cluster) !== undefined);
}
