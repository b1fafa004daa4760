/// Leaves of a kernel's expressions: elements of tensors, numbers, sizes, settings and indices.
import type { Dim } from "../../ir/dim.ts";
import { joinIndex } from "../../ir/ops/layout.ts";
import { constantOp, iotaOp, settingOp, sizeOp } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { placeName, placeOp } from "../cluster/loop.ts";
import { atLane, indexAlgebra, laneAccess, variableIndex, type Index } from "./index.ts";
import type { Expression } from "./kernel.ts";

/** A variable that steps by four, for `vec4` access. */
export interface Lane {
  readonly variable: string;
  readonly extent: Dim;
}

/** A leaf, or a value that another kernel has written, at an index; with a lane, four of its elements. */
export function emitLeaf(value: Value, index: readonly Index[], lane?: Lane): Expression {
  const { dtype } = value.type;
  switch (value.op) {
    case constantOp:
      return { tag: "literal", value: value.attrs.value as number, dtype, lanes: 1 };
    case sizeOp:
      return { tag: "extent", extent: value.attrs.size as Dim, dtype, lanes: 1 };
    case placeOp: {
      const at = variableIndex(placeName, value.attrs.extent as Dim);
      return { tag: "index", index: at, access: "uniform", dtype, lanes: 1 };
    }
    case settingOp:
      return { tag: "setting", setting: value, dtype, lanes: 1 };
    case iotaOp:
      return atIndex(index[value.attrs.axis as number], lane, (at, access) => ({
        ...{ tag: "index", index: at, dtype, access },
        lanes: access === "contiguous" ? 4 : 1,
      }));
    default:
      return atIndex(joinIndex(index, value.type.shape, indexAlgebra), lane, (at, access) => ({
        ...{ tag: "load", tensor: value, index: at, dtype },
        lanes: access === "contiguous" ? 4 : 1,
      }));
  }
}

type Access = "uniform" | "contiguous";

/** One access, or four side by side where four consecutive lanes are not four consecutive elements. */
function atIndex(index: Index, lane: Lane | undefined, make: (at: Index, access: Access) => Expression): Expression {
  if (!lane) return make(index, "uniform");
  const access = laneAccess(index, lane.variable);
  if (access !== "scattered") return make(index, access);
  const parts = [0, 1, 2, 3].map((step) => make(atLane(index, lane.variable, lane.extent, step), "uniform"));
  return { tag: "vector", parts, dtype: parts[0].dtype, lanes: 4 };
}
