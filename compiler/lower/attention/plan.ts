/// What the text of a kernel of attention depends on. The four threads of a quad have the same rows of the results, and
/// each the scores of four columns of its own, of sixteen that they walk on by.
import { contract, contractAttrs } from "../../../ir/ops/contract.ts";
import { splitIndex } from "../../../ir/ops/layout.ts";
import { broadcastAttrs, broadcastOp } from "../../../ir/ops/sum.ts";
import { sameShape } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { attentionOf, written, type Attention, type Softmax } from "../../cluster/attention.ts";
import { describeTiled, type ContractionShape } from "../contraction-shape.ts";
import type { Tile } from "../contraction/tile.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "../index.ts";
import { powerOfTwo } from "../kernel.ts";

/** Columns that a quad takes at a time, four each. */
export const stride = 16;

/** A result: the sum of weights, made of scores, times the numbers of a tensor. */
export interface Sum {
  /** The member of the cluster. */
  readonly value: Value;
  readonly weights: Value;
  readonly tensor: Value;
  /** Which operand of the product the weights are. */
  readonly side: 0 | 1;
  readonly shape: ContractionShape;
  /** How many numbers there are for each row, and how many fours of them a thread keeps. */
  readonly width: number;
  readonly fours: number;
}

/** A product that scores are made of, turned so that its rows are those of the results. */
export interface ScoreProduct {
  readonly value: Value;
  readonly shape: ContractionShape;
}

/** A value that is spread over the scores: what it hangs on says where it is read. */
export interface Spread {
  readonly value: Value;
  readonly along: "row" | "column" | "both";
}

export interface Plan {
  readonly attention: Attention;
  readonly sums: readonly Sum[];
  /** The member that keeps maxima and totals, where somebody reads them. */
  readonly statistics: Value | undefined;
  readonly softmax: Softmax | undefined;
  readonly products: readonly ScoreProduct[];
  readonly spreads: readonly Spread[];
  readonly batchCount: number;
  /** Rows of the results, and columns that are walked along. */
  readonly rowCount: number;
  readonly columnCount: number;
  /** Rows of a quad, in blocks of four, and quads of a workgroup. */
  readonly blocks: number;
  readonly quads: number;
}

/** So many accumulators of 4 × 4 numbers a thread may have before it takes fewer rows. */
const mostBlocks = 16;

/** Quads of a workgroup: with few rows, less of what a mask leaves out is walked along. */
const mostQuads = 8;

/** The plan for members of a cluster that are stored. */
export function planAttention(stores: readonly Value[]): Plan {
  const { attention } = attentionOf(stores[0].attrs);
  const formula = written(attention, stores[0].operands);
  const softmax = attention.softmax && {
    logits: formula(attention.softmax.logits),
    weights: formula(attention.softmax.weights),
  };
  const { shape, batch, rows } = attention.space;
  const count = (from: number, to?: number): number => shape.slice(from, to).reduce((all, extent) => all * extent, 1);
  const [left, right] = [count(batch, batch + rows), count(batch + rows)];
  const [rowCount, columnCount] = attention.kept === "rows" ? [left, right] : [right, left];
  const batchCount = count(0, batch);
  const isSum = (value: Value): boolean => !softmax || attentionOf(value.attrs).result === 0;
  const roots = stores.filter(isSum).map((value) => ({ value, root: formula(attention.formulas[placeOf(value)]) }));
  const fours = roots.map(({ root }) => Math.ceil(widthOf(root, shape) / stride)).reduce((all, each) => all + each, 0);
  const blocks = rowCount > 4 && 2 * fours <= mostBlocks ? 2 : 1;
  const quads = powerOfTwo(Math.ceil(rowCount / (4 * blocks)), mostQuads);
  const tile: Tile = { rows: 4 * blocks, columns: 4, across: 4, down: quads, deep: 1, shares: true };
  const sums = roots.map(({ value, root }) => sumOf(value, root, tile, attention));
  const tops = [...(softmax ? [softmax.logits] : []), ...sums.map(({ weights }) => weights)];
  const under = wideUnder(tops, shape, softmax?.weights);
  return {
    ...{ attention, sums, softmax, batchCount, rowCount, columnCount, blocks, quads },
    statistics: stores.find((value) => !isSum(value)),
    products: under.filter(({ op }) => op.kind === "contraction").map((value) => productOf(value, tile, attention)),
    spreads: under.filter(({ op }) => op === broadcastOp).map((value) => spreadOf(value, attention)),
  };
}

const placeOf = (value: Value): number => attentionOf(value.attrs).result;

/** Which operand of the product is as large as the scores. */
function sideOf({ operands }: Value, shape: readonly number[]): 0 | 1 {
  return sameShape(operands[0].type.shape, shape) ? 0 : 1;
}

function widthOf(root: Value, shape: readonly number[]): number {
  const described = describeTiled(root, { rows: 4, columns: 4, across: 4, down: 1, deep: 1, shares: true });
  return (sideOf(root, shape) === 0 ? described.columnCount : described.rowCount) as number;
}

function sumOf(value: Value, root: Value, tile: Tile, { space }: Attention): Sum {
  const side = sideOf(root, space.shape);
  const width = widthOf(root, space.shape);
  const [weights, tensor] = side === 0 ? root.operands : [root.operands[1], root.operands[0]];
  return { value, weights, tensor, side, shape: describeTiled(root, tile), width, fours: Math.ceil(width / stride) };
}

function productOf(value: Value, tile: Tile, { kept }: Attention): ScoreProduct {
  if (kept === "rows") return { value, shape: describeTiled(value, tile) };
  const { batch, contracted } = contractAttrs(value);
  const turn = (pairs: typeof batch): typeof batch => pairs.map(([left, right]) => [right, left]);
  const [left, right] = value.operands;
  const turned = contract(right, left, { batch: turn(batch), contracted: turn(contracted) });
  return { value, shape: describeTiled(turned, tile) };
}

/** The values as large as the scores that some are made of, and what is spread to that size. */
function wideUnder(roots: readonly Value[], shape: readonly number[], known: Value | undefined): readonly Value[] {
  const seen = new Set<Value>();
  const visit = (value: Value): void => {
    if (seen.has(value) || value === known || value.constant || !sameShape(value.type.shape, shape)) return;
    seen.add(value);
    if (value.op.kind === "elementwise") value.operands.forEach(visit);
  };
  roots.forEach(visit);
  return [...seen];
}

function spreadOf(value: Value, { space: { batch, rows }, kept }: Attention): Spread {
  const [{ type }] = value.operands;
  const axes = broadcastAttrs(value).axes.filter((axis, i) => axis >= batch && type.shape[i] !== 1);
  const [onLeft, onRight] = [axes.some((axis) => axis < batch + rows), axes.some((axis) => axis >= batch + rows)];
  const [onRow, onColumn] = kept === "rows" ? [onLeft, onRight] : [onRight, onLeft];
  return { value, along: onColumn ? (onRow ? "both" : "column") : "row" };
}

/** The first column that a workgroup walks along, and where it ends: those of which some row has scores that count. */
export function rangeOfColumns({ attention, columnCount, blocks, quads }: Plan): readonly [string, string] {
  const { band, kept } = attention;
  const [least, most] = kept === "rows" ? [band.least, band.most] : [turned(band.most), turned(band.least)];
  const rows = 4 * blocks * quads;
  const at = (by: number): string => `group.x * ${rows}u${by === 0 ? "" : by > 0 ? ` + ${by}u` : ` - ${-by}u`}`;
  const start = (from: number): string => {
    const text = from < 0 ? `(max(group.x * ${rows}u, ${-from}u) - ${-from}u)` : `(${at(from)})`;
    return `${text} / ${stride}u * ${stride}u`;
  };
  // Rows that see nothing still go over something: they have weights, which are no numbers.
  const end = (to: number): string => `min(${columnCount}u, ${at(to)})`;
  return [
    least === undefined ? "0u" : start(least),
    most === undefined || most + rows <= 0 ? `${columnCount}u` : end(most + rows),
  ];
}

const turned = (reach: number | undefined): number | undefined => (reach === undefined ? undefined : -reach);

/** The index of a score, for a row of the results and a column. */
export function scoreIndex(
  { attention: { space, kept }, batchCount }: Plan,
  row: Index,
  column: Index,
): readonly Index[] {
  const { shape, batch, rows } = space;
  const [left, right] = kept === "rows" ? [row, column] : [column, row];
  return [
    ...splitIndex(variableIndex("batch", batchCount), shape.slice(0, batch), indexAlgebra),
    ...splitIndex(left, shape.slice(batch, batch + rows), indexAlgebra),
    ...splitIndex(right, shape.slice(batch + rows), indexAlgebra),
  ];
}

/** A variable of the kernel moved on by a number. */
export function moved(name: string, extent: number, by: number): Index {
  return indexAlgebra.add(variableIndex(name, extent), constantIndex(by));
}
