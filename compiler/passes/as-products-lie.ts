/// What is computed of a product element by element for products alone lies as that product lies: its readers find it
/// through layouts, which cost nothing, and its kernel writes each element where it read one. The slope of a normalisation
/// takes the place of the convolution that was normalised.
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { reshapeOp, reshapeTo, transpose, transposeOp } from "../../ir/ops/layout.ts";
import { broadcastAlong, broadcastAttrs, broadcastOp } from "../../ir/ops/sum.ts";
import { elementCount, isFloat, sameShape } from "../../ir/type.ts";
import { apply, usersOf, withOperands, type Value } from "../../ir/value.ts";
import { afterLayouts, isRenaming, sameIndex, spaceIndex, undoing } from "../cluster/access.ts";
import { describeContraction } from "../lower/contraction-shape.ts";
import type { Pass } from "../pass.ts";
import { readingInstead } from "../rewrite/bottom-up.ts";
import { atomsAfter } from "./atoms.ts";
import { rebuildGraph } from "./replace.ts";

/** Fewer elements lie anywhere. */
const manyElements = 4096;

/** A value that more than so many others are between it and products is left alone. */
const farthest = 64;

export const asProductsLie: Pass = {
  name: "as-products-lie",
  doc: "What products alone read lies as the product that it is computed of, element by element.",
  run(graph: Graph): Graph {
    const values = graphValues(graph);
    const users = usersOf(values);
    const roots = new Set(graphRoots(graph));
    const chosen = new Map<Value, readonly Value[]>();
    for (const value of values) {
      const readers = isMany(value) && !roots.has(value) ? readersOf(value, users, roots) : undefined;
      const layouts = readers && readers.length > 0 ? layoutsOver(value, users) : undefined;
      const moved = layouts && !isOfReduction(value) && lying(value, layouts, users, itself);
      if (moved && isReadAsWell(value, under(moved, layouts), readers!)) chosen.set(value, layouts);
    }
    if (chosen.size === 0) return graph;
    const [images, inside] = [new Map<Value, Value>(), new Map<Value, Value>()];
    const rebuilt = rebuildGraph(graph, (value, operands) => {
      const layouts = chosen.get(value);
      const moved = layouts && lying(value, layouts, users, (each) => images.get(each)!)!;
      const image = moved ? under(moved, layouts) : withOperands(value, operands);
      if (moved) inside.set(image, moved);
      images.set(value, image);
      return image;
    });
    // What is written has the name.
    return {
      ...rebuilt,
      notes: new Map([...rebuilt.notes].map(([value, note]) => [inside.get(value) ?? value, note])),
    };
  },
};

const itself = (value: Value): Value => value;

function isMany({ op, type }: Value): boolean {
  const count = elementCount(type.shape);
  return op.kind === "elementwise" && typeof count === "number" && count >= manyElements;
}

type Users = ReadonlyMap<Value, readonly Value[]>;

/**
 * True for a value of rows whose totals it waits for, in the order in which those are found: the kernel that adds up has
 * its elements at hand. In another order they would need a kernel of their own.
 */
function isOfReduction(value: Value): boolean {
  const { shape } = value.type;
  const seen = new Set([value]);
  for (const each of seen) {
    if (each.op.kind === "reduction" && sameShape(each.operands[0].type.shape, shape)) return true;
    if (each.op.kind === "elementwise" || each.op === broadcastOp || isRenaming(each))
      each.operands.forEach((operand) => seen.add(operand));
  }
  return false;
}

/** The contractions that read a value through layouts and edges; undefined where anything else does. */
function readersOf(value: Value, users: Users, roots: ReadonlySet<Value>): readonly Value[] | undefined {
  const found: Value[] = [];
  for (const user of users.get(value) ?? []) {
    if (user.op.kind === "contraction") found.push(user);
    else if (user.op.kind !== "layout" && user.op.kind !== "piecewise") return undefined;
    else {
      const own = roots.has(user) ? undefined : readersOf(user, users, roots);
      if (!own) return undefined;
      found.push(...own);
    }
  }
  return found;
}

/**
 * The layouts that lead from all products of as many elements that a value is made of, element by element; undefined where
 * elements lie as theirs, where those of products lie differently, or where other tensors are among them. What others read
 * as well is a tensor by itself if a product's kernel computes it.
 */
function layoutsOver(value: Value, users: Users): readonly Value[] | undefined {
  const count = elementCount(value.type.shape);
  const seen = new Map<Value, readonly Value[]>();
  const products: Value[] = [];
  const visit = (from: Value, layouts: readonly Value[]): boolean => {
    if (from.constant || elementCount(from.type.shape) !== count) return true;
    if (isRenaming(from)) return visit(from.operands[0], [from, ...layouts]);
    const known = seen.get(from);
    if (known || seen.size >= farthest) return known !== undefined && isSameOrder(from, layouts, known);
    seen.set(from, layouts);
    if (from.op.kind === "contraction") return products.push(from) > 0;
    if (from.op.kind !== "elementwise") return from.op.kind === "layout";
    const isShared = from !== value && isFloat(from.type.dtype) && users.get(from)!.length > 1;
    return (isShared && isOfProductKernel(from, users)) || from.operands.every((operand) => visit(operand, layouts));
  };
  if (!visit(value, []) || products.length === 0) return undefined;
  const [first, ...others] = products;
  const layouts = seen.get(first)!;
  const back = reshapeTo(value, first.type.shape);
  const isAlike = (other: Value): boolean =>
    sameShape(other.type.shape, first.type.shape) && isSameOrder(first, seen.get(other)!, layouts);
  return !others.every(isAlike) || isSameOrder(first, layouts, back === value ? [] : [back]) ? undefined : layouts;
}

/** True for what is computed of a product element by element, and of nothing that waits for it: its kernel has all it needs. */
function isOfProductKernel(value: Value, users: Users): boolean {
  const count = elementCount(value.type.shape);
  const [products, others] = [new Set<Value>(), new Set<Value>()];
  const seen = new Set([value]);
  for (const each of seen) {
    const isElement = elementCount(each.type.shape) === count;
    if (isElement && each.op.kind === "contraction") products.add(each);
    else if (isElement && (each.op.kind === "elementwise" || isRenaming(each)))
      each.operands.forEach((x) => seen.add(x));
    else others.add(each);
  }
  return [...products].some((product) => {
    const waiting = new Set([product]);
    for (const each of waiting) for (const user of users.get(each) ?? []) waiting.add(user);
    return [...others, ...products].every((other) => other === product || !waiting.has(other));
  });
}

/** True where two lists of layouts bring the elements of a tensor into one order. */
function isSameOrder({ type: { shape } }: Value, some: readonly Value[], others: readonly Value[]): boolean {
  const [one, other] = [some, others].map((layouts) => afterLayouts(spaceIndex(shape), layouts));
  return sameIndex(one, other);
}

/** The value computed as the product lies; undefined where what is repeated along an axis would be so along parts of some. */
function lying(
  value: Value,
  layouts: readonly Value[],
  users: Users,
  imageOf: (value: Value) => Value,
): Value | undefined {
  const inverse = undoing(value, layouts);
  const onto = (from: Value, over: readonly Value[]): Value | undefined => {
    // Windows of what is repeated cut axes: they are seen as they are.
    if (isRenaming(from)) return onto(from.operands[0], [from, ...over]) ?? under(imageOf(from), over);
    if (from.op === broadcastOp) return spreadAfter(from, over, imageOf);
    const isOwn = from === value || users.get(from)?.length === 1;
    if (from.op.kind !== "elementwise" || !isOwn) return under(imageOf(from), over);
    const operands = from.operands.map((operand) => onto(operand, over));
    return operands.every((operand) => operand !== undefined) ? apply(from.op, operands, from.attrs) : undefined;
  };
  return onto(value, inverse);
}

/** A value under layouts, those that undo each other left out. */
function under(value: Value, layouts: readonly Value[]): Value {
  const last = layouts.at(-1);
  if (last && sameShape(value.type.shape, last.type.shape) && isSameOrder(value, layouts, [])) return value;
  return layouts.reduce((inner, { op, attrs, type }) => {
    if (op === transposeOp) return transpose(inner, attrs.permutation as readonly number[]);
    return reshapeTo(inner.op === reshapeOp ? inner.operands[0] : inner, type.shape);
  }, value);
}

/** What is repeated along axes, repeated along those that they are after the layouts; undefined where axes are cut. */
function spreadAfter(value: Value, layouts: readonly Value[], imageOf: (value: Value) => Value): Value | undefined {
  const [x] = value.operands;
  const along = broadcastAttrs(value).axes;
  const after = atomsAfter(value.type.shape, layouts);
  const kept = along.flatMap((axis, at) => (x.type.shape[at] === 1 ? [] : [{ axis, extent: x.type.shape[at] }]));
  const axes = kept.map(({ axis, extent }) => {
    return (
      after?.findIndex((atoms) => atoms.length === 1 && atoms[0].axis === axis && atoms[0].extent === extent) ?? -1
    );
  });
  if (axes.includes(-1)) return undefined;
  const table = reshapeTo(
    imageOf(x),
    kept.map(({ extent }) => extent),
  );
  return broadcastAlong(table, layouts.at(-1)!.type.shape, axes);
}

/** True where no product reads single elements that read fours before. */
function isReadAsWell(value: Value, moved: Value, readers: readonly Value[]): boolean {
  return readers.every((reader) => {
    const [before, after] = [reader, readingInstead(reader, value, moved)].map(
      (each) => describeContraction(each).modes,
    );
    return after.every((mode, side) => mode !== "none" || before[side] === "none");
  });
}
