/// A sum of few rows over a long axis, in two steps: rows enough to keep a device busy. So are extremes and ln Σ eˣ of rows that
/// are very long; others a workgroup takes whole, which spares passes over memory.
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { largestDivisor, type Dim } from "../../ir/dim.ts";
import { logsumexpOp, maxOp, minOp } from "../../ir/ops/reduce.ts";
import { axesOf, broadcastOp, sumOp } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, usersOf, withOperands, type Op, type Value } from "../../ir/value.ts";
import { isAlongLast, isRenaming, throughRenaming } from "../cluster/access.ts";
import { shortRow } from "../cluster/partition.ts";
import { mostParts } from "../cluster/row-parts.ts";
import { extentsOf as extentsOfProduct } from "../lower/contraction-shape.ts";
import type { Pass } from "../pass.ts";
import { fourParts } from "./loss-parts.ts";
import { lessOneMean, momentOfParts } from "./moments-of-parts.ts";
import { quadParts, type Parts } from "./quad-parts.ts";
import { rebuildGraph } from "./replace.ts";
import { partsOfColumns, rowColumns } from "./row-columns.ts";

/** Shorter rows are not worth a second kernel. */
const longRow = 2048;

/** So many rows keep a device busy by themselves. */
const enoughRows = 64;

/** What of parts is what of all. */
const inTwo: ReadonlySet<Op> = new Set([sumOp, maxOp, minOp, logsumexpOp]);

/**
 * Elements that lie side by side in a row, and which one workgroup goes over before parts would have been worth their
 * dispatches: with two processors they are not for a million yet, and a graphics card has a hundred times as many. With more
 * rows less of it stands idle.
 */
const worthParts = 2 ** 16;

/** A row has at most so many parts for each element of one. */
const partsForEach = 64;

/** Fewer elements are read in no time. */
const manyElements = 2 ** 14;

type Users = ReadonlyMap<Value, readonly Value[]>;

/** Sums that so many values wait for are taken for such that rows are computed from. */
const farthest = 64;

export const splitSums: Pass = {
  name: "split-sums",
  doc: "A sum of few long rows, or of many columns that nothing waits for, is a sum of sums over parts; so is what else combines.",
  run(graph: Graph): Graph {
    const values = graphValues(graph);
    const [users, roots] = [usersOf(values), new Set(graphRoots(graph))];
    const ofRows = rowColumns(values, users, {
      isFree: (sum) => !isSpread(sum, users),
      hasOwnKernel: (sum) => isColumnToSplit(sum, users),
    });
    const isSplit = (value: Value): boolean =>
      isLong(value, users) || isColumnToSplit(value, users) || isLossToSplit(value, users, roots);
    const found = new Set(values.filter((value) => ofRows.has(value) || isSplit(value)));
    if (found.size === 0) return graph;
    const rows = lengthsOfRows(values);
    return rebuildGraph(graph, (value, operands) => {
      const rebuilt = withOperands(value, operands);
      if (ofRows.has(value)) return inParts(rebuilt, partsOfColumns(rebuilt));
      if (found.has(value)) {
        const runs = runsOfRows(rebuilt, rows);
        return runs ? inParts(rebuilt, runs) : (momentOfParts(value, rebuilt, partsOf) ?? split(rebuilt));
      }
      return lessOneMean(value, rebuilt, (sum) => found.has(sum)) ?? rebuilt;
    });
  },
};

/**
 * True for few rows that are long, of those that lie side by side only such as one workgroup would be long at, so of channels
 * that are normalised; and for more of them where a product's kernel takes their parts.
 */
function isLong(value: Value, users: Users): boolean {
  if (!inTwo.has(value.op)) return false;
  const { length, rows } = extentsOf(value);
  if (!(length >= longRow)) return false;
  if (value.op === sumOp && value.type.shape.length > 0 && quadParts(value)) return true;
  if (rows > enoughRows) return false;
  if (isAlongRows(value)) return length * (1 - rows / enoughRows) > worthParts;
  if (value.op !== sumOp) return false;
  // Channels from which what is normalised is computed are gone over again and again, by one workgroup.
  if (isSpread(value, users)) return !isInRuns(value);
  return isInRuns(value) || !hasProductBeside(value, users);
}

/** True where elements of a row lie side by side in runs, as those of a channel do in each image: it has the last axis whole. */
function isInRuns(value: Value): boolean {
  const { shape } = value.operands[0].type;
  return axesOf(value).includes(shape.findLastIndex((extent) => extent !== 1));
}

/** True for what is put beside rows again: those are computed from it. */
function isSpread(value: Value, users: Users, seen: Set<Value> = new Set()): boolean {
  if (value.op === broadcastOp) return true;
  if (seen.has(value)) return false;
  const isAsked = seen.size === 0;
  seen.add(value);
  if (seen.size > farthest) return true;
  if (value.op.kind === "reduction" && !isAsked) return false;
  return (users.get(value) ?? []).some((user) => isSpread(user, users, seen));
}

/** True where the elements of a row lie side by side. */
const isAlongRows = (value: Value): boolean => isAlongLast(axesOf(value), value.operands[0].type.shape);

/**
 * Sums of columns that nothing but a result waits for, such as slopes of biases: their parts are short enough to be taken
 * beside another kernel that reads the same tensor, without barriers.
 */
function isColumnToSplit(value: Value, users: Users): boolean {
  return isColumns(value) && !isSpread(value, users) && !hasProductBeside(value, users);
}

/**
 * Sums along rows of what a product's kernel computes for them alone, as losses are, that are added up to a total: their parts
 * are written instead of their terms.
 */
function isLossToSplit(value: Value, users: Users, roots: ReadonlySet<Value>): boolean {
  if (!isManyTerms(value) || !fourParts(value) || roots.has(value)) return false;
  const [terms] = value.operands;
  const isWritten =
    roots.has(terms) || users.get(terms)!.some((user) => user !== value && user.op.kind !== "elementwise");
  return !isWritten && users.get(value)!.every(({ op }) => op === sumOp);
}

function isManyTerms(value: Value): boolean {
  if (value.op !== sumOp) return false;
  const { length, rows } = extentsOf(value);
  return length < longRow && length * rows >= manyElements;
}

/**
 * True for columns that quads take as long as the threads of a product take that adds up as many terms of the same tensor, as
 * the slope of weights does beside that of biases: one dispatch has both, and reads the tensor once.
 */
function hasProductBeside(value: Value, users: Users): boolean {
  const { length } = extentsOf(value);
  const isLike = (user: Value): boolean =>
    isRenaming(user)
      ? (users.get(user) ?? []).some(isLike)
      : user.op.kind === "contraction" && extentsOfProduct(user).length === length;
  const { under } = throughRenaming(value.operands[0]);
  return (users.get(under) ?? []).some(isLike);
}

function isColumns(value: Value): boolean {
  if (value.op !== sumOp) return false;
  const { shape } = value.operands[0].type;
  const { length, rows } = extentsOf(value);
  const last = shape.findLastIndex((extent) => extent !== 1);
  return length > shortRow && length * rows >= manyElements && last >= 0 && !axesOf(value).includes(last);
}

/** How many terms a sum has, and how many sums there are; NaN where that is not bound. */
function extentsOf(value: Value): { readonly length: number; readonly rows: number } {
  const { shape } = value.operands[0].type;
  const [length, rows] = [elementCount(axesOf(value).map((axis) => shape[axis])), elementCount(value.type.shape)];
  return { length: typeof length === "number" ? length : NaN, rows: typeof rows === "number" ? rows : NaN };
}

/** A sum of the sums of its parts; so with what else combines. */
function split(value: Value): Value {
  const found = partsOf(value);
  return found ? inParts(value, found) : value;
}

const inParts = ({ op }: Value, { parts, inner, outer }: Parts): Value =>
  apply(op, [apply(op, [parts], { axes: inner })], { axes: outer });

/** The parts of a sum: those that quads or threads of a product have, or such as are short rows. */
function partsOf(value: Value): Parts | undefined {
  const ofProduct =
    value.op === sumOp ? (quadParts(value) ?? (isManyTerms(value) ? fourParts(value) : undefined)) : undefined;
  return ofProduct ?? shortParts(value);
}

/** How long the rows are that reductions go over, by the number of elements of all. */
function lengthsOfRows(values: readonly Value[]): ReadonlyMap<Dim, ReadonlySet<number>> {
  const found = new Map<Dim, Set<number>>();
  for (const value of values) {
    if (value.op.kind !== "reduction" || !isAlongRows(value)) continue;
    const count = elementCount(value.operands[0].type.shape);
    found.set(count, (found.get(count) ?? new Set()).add(extentsOf(value).length));
  }
  return found;
}

/**
 * Whole runs as parts, where rows are made of few of them, as groups are of channels: the kernel that goes over the rows adds
 * them up. Shorter parts would be too many for it.
 */
function runsOfRows(value: Value, rows: ReturnType<typeof lengthsOfRows>): Parts | undefined {
  const { shape } = value.operands[0].type;
  const axes = axesOf(value);
  if (value.op !== sumOp || !isInRuns(value) || isAlongRows(value) || quadParts(value)) return undefined;
  const first = shape.findLastIndex((_, axis) => !axes.includes(axis)) + 1;
  const inner = shape.slice(first).map((_, at) => first + at);
  const run = elementCount(shape.slice(first));
  if (typeof run !== "number" || run <= shortRow) return undefined;
  const isMadeOf = (length: number): boolean => length > run && length % run === 0 && length / run <= mostParts;
  const lengths = rows.get(elementCount(shape)) ?? new Set();
  if (![...lengths].some(isMadeOf)) return undefined;
  return { parts: value.operands[0], inner, outer: axes.filter((axis) => axis < first) };
}

function shortParts(value: Value): Parts | undefined {
  const [operand] = value.operands;
  const { shape } = operand.type;
  const axes = axesOf(value);
  const { length } = extentsOf(value);
  // From the innermost axis outwards, as much as a short row holds; one axis may be cut in two.
  const inner: number[] = [];
  let [size, cut] = [1, 1];
  for (const axis of axes.toSorted((a, b) => b - a)) {
    const extent = shape[axis] as number;
    cut = largestDivisor(extent, shortRow / size);
    size *= cut;
    inner.unshift(axis);
    if (cut < extent) break;
  }
  if (length / size > Math.max(shortRow, isAlongRows(value) ? size * partsForEach : 0)) return undefined;
  const [at] = inner;
  const steps = (shape[at] as number) / cut;
  // The outer part of the cut axis stays in its place, of extent 1 where all of it is summed at once.
  const parts = reshapeTo(operand, [...shape.slice(0, at), steps, cut, ...shape.slice(at + 1)]);
  return { parts, inner: inner.map((axis) => axis + 1), outer: axes.filter((axis) => axis <= at) };
}
