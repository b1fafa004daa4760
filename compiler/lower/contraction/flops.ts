/// What the loop of a product comes to.
import { addDims, multiplyDims, type Dim } from "../../../ir/dim.ts";
import { contractAttrs } from "../../../ir/ops/contract.ts";
import { elementCount } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { descend } from "../../cluster/descend.ts";
import type { ContractionShape } from "../contraction-shape.ts";

/** Operations of all terms of all results, with those on what is read. */
export function productFlops(
  { root, tile, length, places, ...extents }: ContractionShape,
  loaded: ReadonlySet<Value>,
): Dim {
  const { batchCount, rowCount, columnCount } = extents;
  const results = elementCount([batchCount, rowCount, columnCount]);
  const terms = multiplyDims(results, length);
  const operations = (value: Value): number => readingFlops(value, loaded);
  if (places) {
    // Threads look at every term, or in halves of those in order; each is added up once.
    const looked = contractAttrs(root).inRows ? multiplyDims(results, Math.log2(length as number)) : terms;
    const looks = multiplyDims(looked, (2 + operations(places)) / (tile.rows * tile.columns));
    const added = multiplyDims(elementCount([batchCount, columnCount, length]), 1 + operations(root.operands[1]));
    return addDims(looks, added);
  }
  // Threads read an element once for the results of their tile.
  const [ofLeft, ofRight] = root.operands.map(operations);
  return multiplyDims(terms, 2 + ofLeft / (tile.columns * (tile.shares ? 4 : 1)) + ofRight / tile.rows);
}

/** Operations on what is read for an element of a value. */
function readingFlops(root: Value, loaded: ReadonlySet<Value>): number {
  let operations = 0;
  descend([root], (value) => {
    const { op, constant } = value;
    if (loaded.has(value) || constant) return false;
    if (op.kind === "elementwise") operations += op.flops ?? 1;
    return true;
  });
  return operations;
}
