/// What lies under several windows at once, added up: the transpose of windows under one name.
import { padOp } from "../ops/pad.ts";
import { sumOp } from "../ops/sum.ts";
import { overlapAdd, skewOp, spanOf, windowsAttrs } from "../ops/windows.ts";
import { addDims, multiplyDims, type Dim } from "../dim.ts";
import type { Attrs, Value } from "../value.ts";
import { formatAttributes } from "./attributes.ts";

/** Windows, one beside the other, that overlap where they are added up. */
interface Overlap {
  readonly copies: Value;
  readonly attributes: readonly string[];
}

/** The short form of a sum of shifted windows that `isOpaque` hides nothing of. */
export function writtenOverlap(value: Value, isOpaque: (value: Value) => boolean): Overlap | undefined {
  const [skewed] = value.operands;
  if (value.op !== sumOp || skewed.op !== skewOp || isOpaque(skewed)) return undefined;
  const [padded] = skewed.operands;
  if (padded.op !== padOp || isOpaque(padded)) return undefined;
  const [copies] = padded.operands;
  const { axis, dilation } = windowsAttrs(skewed.attrs);
  const stride = 1 + (padded.attrs.interior as readonly number[])[axis];
  const extent = value.type.shape[axis];
  const usual = usualExtent(copies, { axis, stride, dilation });
  const stated = {
    ...{ axis, stride: stride === 1 ? undefined : stride, dilation: dilation === 1 ? undefined : dilation },
    extent: extent === usual ? undefined : extent,
  };
  const again = expandOverlap([copies], { axis, stride, dilation, extent });
  return again === value ? { copies, attributes: formatAttributes(stated) } : undefined;
}

interface Walk {
  readonly axis: number;
  readonly stride: number;
  readonly dilation: number;
}

/** Up to the end of the last window. */
function usualExtent({ type: { shape } }: Value, { axis, stride, dilation }: Walk): Dim {
  return addDims(multiplyDims(addDims(shape[axis], -1), stride), spanOf(shape[axis + 1], dilation));
}

/** What the short form stands for. */
export function expandOverlap([copies]: readonly Value[], attributes: Attrs): Value {
  const { axis, stride = 1, dilation = 1 } = attributes as unknown as Partial<Walk> & Pick<Walk, "axis">;
  const walk = { axis, stride, dilation };
  const extent = (attributes.extent as Dim | undefined) ?? usualExtent(copies, walk);
  return overlapAdd(copies, extent, { ...walk, size: copies.type.shape[axis + 1] });
}
