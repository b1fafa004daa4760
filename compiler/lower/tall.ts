/// Whether a lane of a row kernel takes four neighbouring rows at a time: where their elements lie side by side in memory,
/// and all that is done to them is to add up.
import { isMultipleOf } from "../../ir/dim.ts";
import { joinIndex } from "../../ir/ops/layout.ts";
import { sumOp } from "../../ir/ops/sum.ts";
import type { Value } from "../../ir/value.ts";
import { readsOf, throughLayouts } from "../cluster/access.ts";
import type { Traffic } from "../cluster/store.ts";
import type { Arrangement } from "./accumulate.ts";
import { indexAlgebra, laneAccess, placeKey, type Index } from "./index.ts";
import type { Rows } from "./rows.ts";

/** How many rows a lane takes at a time. */
export function tallOf({ cluster, loads }: Traffic, rows: Rows): Arrangement["tall"] {
  const reductions = [...cluster.members].filter(({ op }) => op.kind === "reduction");
  if (!isMultipleOf(rows.rowCount, 4) || typeof rows.rowCount !== "number") return 1;
  if (reductions.some(({ op }) => op !== sumOp)) return 1;
  const index = rows.at("position");
  const accesses = new Set(
    reductions.flatMap(({ operands }) => accessesOf(operands[0], index, new Set(loads), reductions)),
  );
  return accesses.has("contiguous") && !accesses.has("scattered") ? 4 : 1;
}

/** How what an element is made of lies in memory for neighbouring rows. */
function accessesOf(
  value: Value,
  index: readonly Index[],
  loaded: ReadonlySet<Value>,
  reductions: readonly Value[],
): readonly ReturnType<typeof laneAccess>[] {
  const found: ReturnType<typeof laneAccess>[] = [];
  const seen = new Map<Value, Set<string>>();
  const visit = (from: Value, at: readonly Index[]): void => {
    const { value: base, index: there } = throughLayouts(from, at);
    if (loaded.has(base) || reductions.includes(base) || base.op.kind === "leaf") {
      // Places are counted, and numbers are the same for all.
      if (loaded.has(base)) found.push(laneAccess(joinIndex(there, base.type.shape, indexAlgebra), "row"));
      return;
    }
    const key = placeKey(there);
    const places = seen.get(base) ?? new Set();
    seen.set(base, places);
    if (places.has(key)) return;
    places.add(key);
    for (const read of readsOf(base, there)) visit(read.value, read.index);
  };
  visit(value, index);
  return found;
}
