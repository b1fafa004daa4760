/// Products are computed in the order in which windows of four are reduced: where four results that lie apart become one,
/// as in a pool after a convolution, they become neighbours. A thread has four neighbours in registers, and so the pool; what
/// it is made of need not be written.
import { graphRoots, graphValues, livingValues, type Graph } from "../../ir/graph.ts";
import { copyOp } from "../../ir/ops/choose.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { axesOf } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, postorder, usersOf, withOperands, type Value } from "../../ir/value.ts";
import { hasManyResults, isAtExtreme, isRenaming, neighbours, undoing } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";
import { inOrderOf, type Moved } from "./product-order.ts";
import { replaceValues } from "./replace.ts";

export const windowsLast: Pass = {
  name: "windows-last",
  doc: "Products are computed in the order of the windows of four that are reduced.",
  run(graph: Graph): Graph {
    // No kernel serves two entry points: what one of them reads decides nothing for another.
    const parts = graph.entryPoints.map((entry) => ({ ...graph, entryPoints: [entry] }));
    const ordered = parts.map(orderWindows);
    if (ordered.every((part, i) => part === parts[i])) return graph;
    const notes = ordered.flatMap((part) => {
      const living = livingValues(part);
      return [...part.notes].filter(([value]) => living.has(value));
    });
    return { ...graph, entryPoints: ordered.flatMap(({ entryPoints }) => entryPoints), notes: new Map(notes) };
  },
};

function orderWindows(graph: Graph): Graph {
  const { chosen, moved, copied } = findWindowed(graph);
  if (chosen.size === 0) return graph;
  const done = new Map<Value, Value>();
  const inPlace = new Map<Value, Value>();
  const rebuilt = (root: Value): Value => bottomUp(root, done, rebuild);
  const rebuild = (value: Value, operands: readonly Value[]): Value => {
    const found = moved.get(value);
    if (found) {
      const image = rebuilt(found.image);
      if (!copied.has(value)) {
        const left = withOperands(value, operands);
        inPlace.set(left, image);
        return left;
      }
      return apply(copyOp, [undoing(image, found.layouts).at(-1) ?? image]);
    }
    const [operand] = value.operands;
    const axes = chosen.get(operand);
    if (!axes || !takesWindows(value, axes)) return withOperands(value, operands);
    const windows = rebuilt(moved.get(operand)!.image);
    const attrs =
      value.op.kind === "reduction" ? { ...value.attrs, axes: [windows.type.shape.length - 1] } : value.attrs;
    return apply(value.op, [windows, ...operands.slice(1)], attrs);
  };
  const ordered = replaceValues(graph, rebuilt);
  return { ...ordered, notes: new Map([...ordered.notes].map(([value, note]) => [inPlace.get(value) ?? value, note])) };
}

/** Values of whose windows products are computed in order. */
interface Windowed {
  /** Along which axes windows of a value are reduced. */
  readonly chosen: ReadonlyMap<Value, readonly number[]>;
  /** What takes whose place then. */
  readonly moved: ReadonlyMap<Value, Moved>;
  /** Those that others read as they lay: the kernel writes them so as well. */
  readonly copied: ReadonlySet<Value>;
}

/**
 * Values of windows of products that lie in another order, and that nobody needs but for their windows, or element by
 * element. Several may be made of the same product.
 */
function findWindowed(graph: Graph): Windowed {
  const values = graphValues(graph);
  const chosen = new Map(values.filter(isOfWindow).map((value) => [value.operands[0], axesOf(reductionOf(value))]));
  const moved = new Map<Value, ReadonlyMap<Value, Moved>>();
  for (const [value, axes] of chosen) {
    const own = inOrderOf(value, toLast(value, axes));
    if (own) moved.set(value, own);
    else chosen.delete(value);
  }
  const users = chosen.size > 0 ? usersOf(values) : new Map<Value, Value[]>();
  const roots = new Set(graphRoots(graph));
  for (let before = -1; before !== chosen.size;) {
    before = chosen.size;
    for (const value of [...chosen.keys()].filter(isNeededElsewhere)) {
      chosen.delete(value);
      moved.delete(value);
    }
  }
  const all = new Map([...moved.values()].flatMap((own) => [...own]));
  return { chosen, moved: all, copied: firstRead(all, (user, of) => takes(user, of), users) };

  function takes(user: Value, of: Value): boolean {
    const axes = chosen.get(of);
    return axes !== undefined && takesWindows(user, axes);
  }

  function isNeededElsewhere(value: Value): boolean {
    const own = moved.get(value)!;
    const others = [...moved.values()].filter((each) => each !== own);
    const isMoved = (each: Value): boolean => own.has(each) || others.some((other) => other.has(each));
    return [...own].some(([each, { image }]) => {
      if (others.some((other) => other.has(each) && other.get(each)!.image !== image)) return true;
      return (
        roots.has(each) ||
        users.get(each)?.some((user) => !isMoved(user) && !takes(user, each) && !isReadByElement(user, users))
      );
    });
  }
}

/** Of the values that are moved those that others read, but for what is made of one of them element by element. */
function firstRead(
  moved: ReadonlyMap<Value, Moved>,
  takes: (user: Value, of: Value) => boolean,
  users: ReadonlyMap<Value, readonly Value[]>,
): ReadonlySet<Value> {
  const isRead = (value: Value): boolean =>
    users.get(value)?.some((user) => !moved.has(user) && !takes(user, value)) === true;
  const known = new Set<Value>();
  const first = new Set<Value>();
  for (const value of postorder([...moved.keys()])) {
    if (!moved.has(value)) continue;
    const under = value.operands.filter((operand) => moved.has(operand));
    const isMade = under.length > 0 && under.every((operand) => known.has(operand));
    if (!isMade && isRead(value)) first.add(value);
    if (isMade || first.has(value)) known.add(value);
  }
  return first;
}

/** True for a value element by element, also of another shape, and for one that such are read from alone. */
function isReadByElement(user: Value, users: ReadonlyMap<Value, readonly Value[]>): boolean {
  if (isRenaming(user)) return (users.get(user) ?? []).every((each) => isReadByElement(each, users));
  return user.op.kind === "elementwise";
}

/** True for a reduction of four elements. */
function isOfWindows(value: Value): boolean {
  if (value.op.kind !== "reduction") return false;
  const { shape } = value.operands[0].type;
  return hasManyResults(shape) && elementCount(axesOf(value).map((axis) => shape[axis])) === neighbours;
}

/** True for what is one number of each window: a reduction, or an element at the place of an extreme. */
const isOfWindow = (value: Value): boolean => isOfWindows(reductionOf(value));

/** True for one number of each window along these axes. */
const takesWindows = (value: Value, axes: readonly number[]): boolean =>
  isOfWindow(value) && axesOf(reductionOf(value)).join() === axes.join();

const reductionOf = (value: Value): Value => (isAtExtreme(value) ? value.operands[1] : value);

/** The layouts that make windows along these axes the last axis. */
function toLast(value: Value, axes: readonly number[]): readonly Value[] {
  const { shape } = value.type;
  const last = shape.length - 1;
  if (axes.length === 1 && axes[0] === last) return [];
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const turned = transpose(value, [...others, ...axes]);
  const windows = reshapeTo(turned, [...others.map((axis) => shape[axis]), neighbours]);
  return [turned, windows].filter((each, at, all) => each !== (at === 0 ? value : all[at - 1]));
}
