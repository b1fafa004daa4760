/// What the notation leaves out, for printer and parser alike: broadcasts, and the element types of bare numbers.
import { CompileError } from "../diagnostic.ts";
import type { AxisPair, ContractAttrs } from "../ops/contract.ts";
import { broadcastShapes, type DType, type Shape, type TensorType } from "../type.ts";
import type { Attrs, ElementwiseOp } from "../value.ts";

/** What an operand says of its type as it is written: a bare number nothing, `true` its element type. */
export interface WrittenType {
  readonly dtype?: DType;
  readonly shape?: Shape;
}

/**
 * Types that the operands of an elementwise op take: all shapes broadcast, and a number takes the element type of another
 * operand (not a condition's, unless only that fits), else f32. Undefined when nothing fits.
 */
export function impliedTypes(
  op: ElementwiseOp,
  attrs: Attrs,
  written: readonly WrittenType[],
): readonly TensorType[] | undefined {
  let shape: Shape = [];
  for (const type of written) {
    const next = broadcastShapes(shape, type.shape ?? []);
    if (!next) return undefined;
    shape = next;
  }
  const known = written.flatMap(({ dtype }) => (dtype ? [dtype] : []));
  for (const guess of new Set<DType>([...known.filter((dtype) => dtype !== "bool"), "f32", ...known])) {
    const types = written.map(({ dtype }): TensorType => ({ dtype: dtype ?? guess, shape }));
    if (accepts(op, attrs, types)) return types;
  }
  return undefined;
}

function accepts(op: ElementwiseOp, attrs: Attrs, types: readonly TensorType[]): boolean {
  try {
    op.infer(types, attrs);
    return true;
  } catch (error) {
    if (error instanceof CompileError) return false;
    throw error;
  }
}

/** Axes of `pattern` (`:` an axis of the operand, `_` a new one), aligned from the last axis of the result. */
export function patternAxes(pattern: readonly string[], rank: number): readonly number[] {
  return pattern.flatMap((mark, position) => (mark === ":" ? [position + rank - pattern.length] : []));
}

/** The pattern that writes a broadcast along `axes`; empty where alignment from the last axis says it all. */
export function axesPattern(axes: readonly number[], rank: number): readonly string[] {
  if (axes.length === 0 || axes.every((axis, i) => axis === rank - axes.length + i)) return [];
  return Array.from({ length: rank - axes[0] }, (_, i) => (axes.includes(axes[0] + i) ? ":" : "_"));
}

/** Shape of an operand with the axes that its pattern adds. */
export function patternShape(shape: Shape, pattern: readonly string[]): Shape {
  let next = 0;
  return pattern.length === 0 ? shape : pattern.map((mark) => (mark === ":" ? shape[next++] : 1));
}

/** The order of axes that a superscript ᵀ stands for, in a product and by itself: the last two are exchanged. */
export function exchangedAxes(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
}

/**
 * Attributes of `a @ b`, where a superscript ᵀ exchanges the last two axes of an operand: the last axis of the left is
 * summed over with the last but one of the right; equal numbers of leading axes are batch axes. Undefined when the ranks
 * have no such product.
 */
export function productAttrs(
  ranks: readonly [number, number],
  transposed: readonly [boolean, boolean],
): ContractAttrs | undefined {
  const [left, right] = ranks;
  if (left < 1 || right < 1 || (transposed[0] && left < 2) || (transposed[1] && right < 2)) return undefined;
  if (right > 2 && left !== right) return undefined;
  const shared = right > 2 ? right - 2 : 0;
  const batch = Array.from({ length: shared }, (_, axis): AxisPair => [axis, axis]);
  const rightAxis = right === 1 ? 0 : transposed[1] ? right - 1 : right - 2;
  return { batch, contracted: [[transposed[0] ? left - 2 : left - 1, rightAxis]] };
}
