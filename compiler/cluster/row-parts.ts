/// Reductions of parts of the rows that a kernel goes over, each part by itself: of channels, where groups of these are
/// normalised. They read what the row is read for, so that no other kernel has to.
import { axesOf } from "../../ir/ops/sum.ts";
import { elementCount, type Shape } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { isAlongLast } from "./access.ts";
import type { Cluster } from "./partition.ts";

/** Each part of a row has a lane of its own at least. */
export const mostParts = 64;

/** In how many parts a reduction takes a kernel's rows, 1 where it takes them whole; undefined for one of something else. */
export function partsIn(value: Value, { kind, space, axes }: Cluster): number | undefined {
  const { shape } = value.operands[0].type;
  const own = axesOf(value);
  if (kind !== "reduce" || !isAlongLast(axes, space) || !isAlongLast(own, shape)) return undefined;
  const [count, size] = [elementCount(shape), elementCount(space)];
  const [length, part] = [extentOf(space, axes), extentOf(shape, own)];
  if (typeof count !== "number" || count !== size || typeof length !== "number" || typeof part !== "number")
    return undefined;
  return length % part === 0 && length / part <= mostParts ? length / part : undefined;
}

/** In how many parts a kernel's rows are taken beside as a whole; 1 where they are not. */
export function rowParts(cluster: Cluster): number {
  if (cluster.kind !== "reduce") return 1;
  for (const member of cluster.members) {
    const parts = member.op.kind === "reduction" ? partsIn(member, cluster) : 1;
    if (parts !== undefined && parts > 1) return parts;
  }
  return 1;
}

const extentOf = (shape: Shape, axes: readonly number[]) => elementCount(axes.map((axis) => shape[axis]));
