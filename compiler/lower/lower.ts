/// From a cluster to a kernel, by family.
import type { Traffic } from "../cluster/store.ts";
import { lowerAttention } from "./attention/lower.ts";
import type { SquareEdge } from "./contraction/tile.ts";
import { lowerContract } from "./contract.ts";
import { lowerCumulative } from "./cumulative.ts";
import type { Kernel, LowerContext } from "./kernel.ts";
import { lowerMap } from "./map.ts";
import { lowerReduce } from "./reduce.ts";
import { lowerSort } from "./sort.ts";

/** The kernel of a cluster; with an edge, a contraction in squares that workgroups of a graphics card take together. */
export function lower(traffic: Traffic, context: LowerContext, edge?: SquareEdge): Kernel {
  const { kind } = traffic.cluster;
  switch (kind) {
    case "map":
      return lowerMap(traffic, context);
    case "reduce":
      return lowerReduce(traffic, context);
    case "contract":
      return lowerContract(traffic, context, edge);
    case "cumulative":
      return lowerCumulative(traffic, context);
    case "sort":
      return lowerSort(traffic, context);
    case "attention":
      return lowerAttention(traffic, context);
    case "loop":
      throw new TypeError("a loop is several kernels");
    default:
      return kind satisfies never;
  }
}
