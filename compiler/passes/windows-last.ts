/// Products are computed in the order in which windows of four are reduced: where four results that lie apart become one,
/// as in a pool after a convolution, they become neighbours. A thread has four neighbours in registers, and so the pool; what
/// it is made of need not be written.
import { graphRoots, graphValues, livingValues, type Graph } from "../../ir/graph.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { axesOf } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, usersOf, withOperands, type Value } from "../../ir/value.ts";
import { hasManyResults, isAtExtreme, neighbours } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { inOrderOf } from "./product-order.ts";
import { rebuildGraph } from "./replace.ts";

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
  const chosen = findWindowed(graph);
  if (chosen.size === 0) return graph;
  const moved = new Map<Value, Value>();
  const known = new Map<Value, Value>();
  const windowsOf = (value: Value, axes: readonly number[]): Value => {
    const found = known.get(value) ?? inOrderOf(value, toLast(value, axes), moved)!;
    known.set(value, found);
    return found;
  };
  const rebuilt = rebuildGraph(graph, (value, operands) => {
    const axes = chosen.get(value.operands[0]);
    if (!axes || !isOfWindow(value) || axesOf(reductionOf(value)).join() !== axes.join())
      return withOperands(value, operands);
    const windows = windowsOf(operands[0], axes);
    const attrs =
      value.op.kind === "reduction" ? { ...value.attrs, axes: [windows.type.shape.length - 1] } : value.attrs;
    return apply(value.op, [windows, ...operands.slice(1)], attrs);
  });
  return { ...rebuilt, notes: new Map([...rebuilt.notes].map(([value, note]) => [moved.get(value) ?? value, note])) };
}

/**
 * Values of windows of products that lie in another order, and that nobody needs but for their windows; along which axes.
 * Several may be made of the same product.
 */
function findWindowed(graph: Graph): ReadonlyMap<Value, readonly number[]> {
  const values = graphValues(graph);
  const chosen = new Map(values.filter(isOfWindow).map((value) => [value.operands[0], axesOf(reductionOf(value))]));
  if (chosen.size === 0) return chosen;
  const users = usersOf(values);
  const roots = new Set(graphRoots(graph));
  const moved = new Map<Value, ReadonlyMap<Value, Value>>();
  /** What a value becomes, for each of those chosen that it is moved with. */
  const images = new Map<Value, Value[]>();
  for (const [value, axes] of chosen) {
    const own = new Map<Value, Value>();
    if (!inOrderOf(value, toLast(value, axes), own)) chosen.delete(value);
    else {
      moved.set(value, own);
      for (const [each, image] of own) images.set(each, [...(images.get(each) ?? []), image]);
    }
  }
  const leave = (value: Value): void => {
    chosen.delete(value);
    for (const [each, image] of moved.get(value)!) {
      const all = images.get(each)!;
      all.splice(all.indexOf(image), 1);
    }
  };
  const isNeededElsewhere = (value: Value): boolean => {
    const takes = (user: Value, of: Value): boolean => {
      const axes = chosen.get(of);
      return axes !== undefined && isOfWindow(user) && axesOf(reductionOf(user)).join() === axes.join();
    };
    const isMoved = (each: Value): boolean => (images.get(each)?.length ?? 0) > 0;
    const own = moved.get(value)!;
    return [...own.keys(), value].some((each) => {
      if (images.get(each)?.some((image) => differs(image, own.get(each)))) return true;
      return roots.has(each) || users.get(each)?.some((user) => !isMoved(user) && !takes(user, each)) === true;
    });
  };
  for (let before = -1; before !== chosen.size;) {
    before = chosen.size;
    for (const value of [...chosen.keys()].filter(isNeededElsewhere)) leave(value);
  }
  return chosen;
}

/** True for two orders of one product. */
const differs = (one: Value, other: Value | undefined): boolean => other !== undefined && one !== other;

/** True for a reduction of four elements. */
function isOfWindows(value: Value): boolean {
  if (value.op.kind !== "reduction") return false;
  const { shape } = value.operands[0].type;
  return hasManyResults(shape) && elementCount(axesOf(value).map((axis) => shape[axis])) === neighbours;
}

/** True for what is one number of each window: a reduction, or an element at the place of an extreme. */
const isOfWindow = (value: Value): boolean => isOfWindows(reductionOf(value));

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
