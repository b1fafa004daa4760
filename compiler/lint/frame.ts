/// Whether the frame around a tensor may be all that a window of it holds: the largest element of such a window is the
/// frame's −∞.
import { makeFacts } from "../../ir/intern.ts";
import { reshapeOp, transposeOp } from "../../ir/ops/layout.ts";
import { padAttrs, padOp } from "../../ir/ops/pad.ts";
import type { IndexAlgebra } from "../../ir/parts.ts";
import type { LayoutOp, Value } from "../../ir/value.ts";

/** The axes of a view that an index of what lies below it depends on. */
type Axes = ReadonlySet<number>;

const none: Axes = new Set();

const dependencies: IndexAlgebra<Axes> = {
  constant: () => none,
  add: (a, b) => new Set([...a, ...b]),
  multiply: (a) => a,
  divide: (a) => a,
  remainder: (a) => a,
};

const numbers: IndexAlgebra<number> = {
  constant: (extent) => extent as number,
  add: (a, b) => a + b,
  multiply: (a, b) => a * (b as number),
  divide: (a, b) => Math.floor(a / (b as number)),
  remainder: (a, b) => a % (b as number),
};

/** Layouts that leave no element out and take none twice. */
const rearrange = ({ op }: Value): boolean => op === reshapeOp || op === transposeOp;

/** Layouts from a view down to what it is a view of. */
function layoutsOf(
  view: Value,
  isCounted: (value: Value) => boolean,
): { readonly chain: Value[]; readonly base: Value } {
  const chain: Value[] = [];
  let base = view;
  for (; base.op.kind === "layout" && isCounted(base); [base] = base.operands) chain.push(base);
  return { chain, base };
}

/** The index below layouts of an index of the view. */
function below<I>(chain: readonly Value[], index: readonly I[], algebra: IndexAlgebra<I>): readonly I[] {
  return chain.reduce((own, { op, operands: [operand], type, attrs }) => {
    return (op as LayoutOp).source(own, operand.type.shape, type.shape, attrs, algebra);
  }, index);
}

const eachAxis = ({ type }: Value): readonly Axes[] => type.shape.map((_, axis) => new Set([axis]));

const known = makeFacts<Value, boolean>();

/** True where a row of the tensor along its last axis may lie in a frame throughout; false also where there is no frame. */
export function mayBeFrame(rows: Value): boolean {
  const answer = known.get(rows) ?? findFrame(rows);
  known.set(rows, answer);
  return answer;
}

function findFrame(rows: Value): boolean {
  const { chain: rearranged, base: view } = layoutsOf(rows, rearrange);
  const { chain, base: framed } = layoutsOf(view, () => true);
  if (framed.op !== padOp) return false;
  const last = rows.type.shape.length - 1;
  const origins = below(rearranged, eachAxis(rows), dependencies);
  // Axes of the view along a row; one that also tells rows apart leaves it open what a row holds.
  const isWithin = origins.map((axes) => axes.has(last));
  if (origins.some((axes) => axes.has(last) && axes.size > 1)) return true;
  const { low, high, interior } = padAttrs(framed.attrs);
  const depends = below(chain, eachAxis(view), dependencies);
  const seen = new Set<number>();
  return depends.some((axes, axis) => {
    if ([low[axis], high[axis], interior[axis]].every((width) => (width as number) <= 0)) return false;
    const within = [...axes].filter((each) => isWithin[each]);
    // A row holds all combinations of places along axes that no two axes of the frame share.
    if (within.some((each) => seen.has(each))) return true;
    for (const each of within) seen.add(each);
    const across = [...axes].filter((each) => !isWithin[each]);
    const { shape } = view.type;
    const start = shape.map(() => 0);
    const isInside = (index: readonly number[]): boolean => {
      const from = below(chain, index, numbers)[axis] - (low[axis] as number);
      const step = interior[axis] + 1;
      return from >= 0 && from % step === 0 && from / step < (framed.operands[0].type.shape[axis] as number);
    };
    return anyIndex(start, across, shape as readonly number[], (row) => {
      return !anyIndex(row, within, shape as readonly number[], isInside);
    });
  });
}

/** True where it holds for an index that differs from the given one along some axes. */
function anyIndex(
  index: readonly number[],
  axes: readonly number[],
  shape: readonly number[],
  holds: (index: readonly number[]) => boolean,
): boolean {
  const [axis, ...rest] = axes;
  if (axis === undefined) return holds(index);
  for (let place = 0; place < shape[axis]; place++) {
    if (anyIndex(index.with(axis, place), rest, shape, holds)) return true;
  }
  return false;
}
