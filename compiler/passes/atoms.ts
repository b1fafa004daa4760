/// Parts of axes that reshapes and transposes move as wholes: what a chain of them does to the elements of a tensor.
import type { Shape } from "../../ir/type.ts";
import { reshapeOp, transposeOp } from "../../ir/ops/layout.ts";
import type { Value } from "../../ir/value.ts";

/** A part of an axis: `extent` places, `inner` elements of the axis from one to the next. */
export interface Atom {
  readonly axis: number;
  readonly extent: number;
  readonly inner: number;
}

/** As atoms lie in a tensor: by axes, and the outer part of an axis first. */
export const compareAtoms = (a: Atom, b: Atom): number => a.axis - b.axis || b.inner - a.inner;

/** For each axis after these layouts, its parts in terms of the axes before; undefined where one cuts parts unevenly. */
export function atomsAfter(shape: Shape, layouts: readonly Value[]): readonly (readonly Atom[])[] | undefined {
  if (!isBound(shape)) return undefined;
  let axes: readonly (readonly Atom[])[] | undefined = shape.map((extent, axis) =>
    extent === 1 ? [] : [{ axis, extent, inner: 1 }],
  );
  for (const { op, attrs, type } of layouts) {
    const before: readonly (readonly Atom[])[] = axes;
    if (op === transposeOp) axes = (attrs.permutation as readonly number[]).map((axis) => before[axis]);
    else axes = op === reshapeOp && isBound(type.shape) ? cut(before.flat(), type.shape) : undefined;
    if (!axes) return undefined;
  }
  return axes;
}

/** True where no size is free. */
export const isBound = (shape: Shape): shape is readonly number[] =>
  shape.every((extent) => typeof extent === "number");

/** Parts in their order as axes of these extents. */
function cut(atoms: readonly Atom[], shape: readonly number[]): readonly (readonly Atom[])[] | undefined {
  const left = atoms.toReversed();
  const axes: Atom[][] = [];
  for (const extent of shape) {
    const axis: Atom[] = [];
    for (let missing = extent; missing > 1;) {
      const atom = left.pop();
      if (!atom) return undefined;
      const taken = Math.min(missing, atom.extent);
      if (missing % taken !== 0 || atom.extent % taken !== 0) return undefined;
      const rest = atom.extent / taken;
      axis.push({ ...atom, extent: taken, inner: atom.inner * rest });
      if (rest > 1) left.push({ ...atom, extent: rest });
      missing /= taken;
    }
    axes.push(axis);
  }
  return axes;
}
