/// The ending of a contraction: its results by fours, as other kernels give theirs as well.
import { joinIndex } from "../../../ir/ops/layout.ts";
import { resultIndex, type ContractionShape } from "../contraction-shape.ts";
import { indexAlgebra, variableIndex, type Index } from "../index.ts";
import type { Ending, Statement } from "../kernel.ts";
import { blocksOf } from "./product.ts";

/** The ending whose loop is the last of these statements, if fours that exist are those before some end. */
export function endingOf(shape: ContractionShape, epilogue: readonly Statement[]): Ending | undefined {
  const { root, tile, batchCount, rowCount, columnCount } = shape;
  const { down, across, height, stride, inArray } = blocksOf(shape);
  const sizes = [batchCount, rowCount, columnCount].filter((extent) => typeof extent === "number");
  const loop = epilogue.at(-1);
  if (sizes.length < 3 || loop?.tag !== "block" || height !== 4 || across > 2) return undefined;
  if (!shape.wholeFours || !shape.wholeColumns || !(shape.wholeRows || batchCount === 1)) return undefined;
  const flat = (row: string, column: string): Index => {
    const index = resultIndex(shape, variableIndex(row, rowCount), variableIndex(column, columnCount));
    return joinIndex(index, root.type.shape, indexAlgebra);
  };
  const [batches, rows, columns] = sizes;
  const each = columns / 4;
  const isWhole = shape.wholeBatch && shape.wholeRows;
  return {
    length: epilogue.length,
    head: isWhole ? 3 : 4,
    four: "four",
    at: flat("r", "c"),
    blocks: Array.from({ length: down * across }, (_, n) => (inArray ? `tile[${n}]` : `sum${n}`)),
    first: flat("row", "column"),
    apart: tile.twoByTwo
      ? [`${each}u`, "(column ^ 4u) / 4u - column / 4u", `((row ^ 4u) - row) * ${each}u`]
      : across === 2
        ? [`${each}u`, `${stride.columns / 4}u`, `${stride.rows * each}u`]
        : [`${each}u`, `${4 * each}u`, `${8 * each}u`],
    ...(!isWhole && { end: batches * rows * columns }),
  };
}
