/// The end of a kernel: every result is computed before any is written.
import { joinIndex } from "../../ir/ops/layout.ts";
import type { Value } from "../../ir/value.ts";
import type { Emitter } from "./emitter.ts";
import { atLane, indexAlgebra, laneAccess, type Index } from "./index.ts";
import { componentOf, components, targetTensor, widen, type LowerContext } from "./kernel.ts";
import type { Lane } from "./leaf.ts";

/**
 * Writes values to all their targets. What is written in place, a state or an operand, may be read by what is written after
 * it, so with several writes all results are held in variables first.
 */
export function writeStores(
  stores: readonly Value[],
  indexOf: (value: Value) => readonly Index[],
  emitter: Emitter,
  context: LowerContext,
  lane?: Lane,
): void {
  const targets = stores.flatMap((value) => context.targets(value));
  const isInPlace = context.holdsResults === true || targets.some((target) => target.state !== undefined);
  const holdsAll = targets.length > 1 && isInPlace;
  const results = new Map(
    stores.map((value) => {
      const emitted = emitter.emit(value, indexOf(value), lane);
      return [value, holdsAll ? emitter.hold(value, emitted) : emitted] as const;
    }),
  );
  for (const target of targets) {
    const { value } = target;
    const result = results.get(value)!;
    const row = target.row ? [target.row.at] : [];
    const index = joinIndex([...row, ...indexOf(value)], targetTensor(target).type.shape, indexAlgebra);
    if (!lane || laneAccess(index, lane.variable) === "contiguous") {
      emitter.push({ tag: "store", target, index, value: lane ? widen(result) : result });
    } else {
      const four = emitter.hold(value, widen(result));
      components.forEach((_, step) => {
        const at = atLane(index, lane.variable, lane.extent, step);
        emitter.push({ tag: "store", target, index: at, value: componentOf(four, step) });
      });
    }
  }
}
