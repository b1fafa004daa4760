/// Contraction kernels: each thread holds a tile of the result in registers and walks the contracted axis without
/// barriers. One template serves NN, NT, TN and batched products: an operand is read four elements at a time along
/// whichever axis lies contiguous in memory. What a tile has beyond the edges is computed from whatever is read there, and
/// not stored. What follows the product is its epilogue.
import { addDims, multiplyDims } from "../../ir/dim.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { neighbours } from "../cluster/access.ts";
import { isInQuads, neighboursOf, rowWithin, seenAs } from "../cluster/within.ts";
import type { Traffic } from "../cluster/store.ts";
import { createNamer, type Namer } from "../wgsl/names.ts";
import { extentText } from "../wgsl/expression.ts";
import { neighbourFlops, neighbourHelpers, reduceNeighbours } from "./contraction/neighbours.ts";
import { blocksOf, blockType, farStarts, sharesRows, writeProduct, type Blocks } from "./contraction/product.ts";
import { sharedDeclarations, sharedNames, writeShared } from "./contraction/shared.ts";
import { productFlops } from "./contraction/flops.ts";
import { writePlaced } from "./contraction/placed.ts";
import { lineLength } from "./contraction/arrange.ts";
import { beyondOf, tileCounts, type SquareEdge } from "./contraction/tile.ts";
import { describeContraction, describeSquare, resultIndex, type ContractionShape } from "./contraction-shape.ts";
import { pushGuarded } from "./element-loops.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import { variableIndex, type Index } from "./index.ts";
import {
  hintFor,
  nameTensors,
  withoutQuads,
  type Expression,
  type Kernel,
  type LowerContext,
  type Statement,
} from "./kernel.ts";
import { sharedThreads } from "./rows.ts";
import { writeStores } from "./store.ts";
import { endingOf } from "./contraction/ending.ts";

/** Variables of the template, which no tensor and no value is called. */
export const contractNames: ReadonlySet<string> = new Set([
  ...["quad", "quads", "four", "one", "thread", "farRow", "farColumn", "a1Again", "b1Again", "t1Again"],
  ...["a", "b", "t", "sum"].flatMap((prefix) => Array.from({ length: 16 }, (_, i) => `${prefix}${i}`)),
]);

/** The contraction of a kernel that has one. */
export function contractionOf({ cluster }: Traffic): Value | undefined {
  return cluster.kind === "contract" ? [...cluster.members].find(({ op }) => op.kind === "contraction") : undefined;
}

/** Lowers a contraction with its epilogue; with an edge, in squares that workgroups of a graphics card take together. */
export function lowerContract(traffic: Traffic, context: LowerContext, edge?: SquareEdge): Kernel {
  const root = contractionOf(traffic)!;
  const loaded = new Set(traffic.loads);
  const described = edge
    ? describeSquare(root, edge)
    : describeContraction(root, context.shared && sharedThreads, isInQuads(traffic.cluster));
  const shape = withPlacesAtHand(described, loaded);
  const namer =
    context.shared?.names.inside() ?? createNamer(edge ? new Set([...contractNames, ...sharedNames]) : contractNames);
  const tensorNames = nameTensors(traffic, context, namer.outside);
  const held = new Map<Value, Expression>();
  const emitter = createEmitter(
    {
      notes: context.notes,
      hint: (value) => hintFor(value, context),
      namer,
      isLoaded: (value) => loaded.has(value),
      computed: (value) => held.get(value),
      isAnchor: (value) => value === root,
    },
    traffic.stores,
  );
  const prologue = emitter.scope(() => {
    if (edge) return writeShared(shape, edge, emitter);
    writeHead(shape, emitter);
    if (shape.places) return writePlaced(shape, shape.places, emitter);
    if (sharesRows(shape)) emitter.push({ tag: "line", text: "let lane = local.x % 4u;" });
    writeProduct(shape, emitter);
  });
  const before = emitter.operations();
  let ofRows = 0;
  const epilogue = emitter.scope(() => {
    ofRows = writeEpilogue(shape, traffic, { emitter, namer, context, hold: (value, text) => held.set(value, text) });
  });
  const ofResults = emitter.operations() - before - ofRows;
  const { across, down, deep } = shape.tile;
  return {
    name: context.name,
    body: [...emitter.preamble, ...prologue, ...epilogue],
    workgroupSize: [across * down * deep, 1, 1],
    grid: gridOf(shape),
    ...(!shape.places && { beyond: beyondOf(shape) }),
    declarations: edge ? sharedDeclarations : [],
    tensorNames,
    helpers: [...new Set([...emitter.helpers, ...neighbourHelpers(traffic.cluster)])],
    ...(!edge && traffic.cluster.axes.length === 0 && { ending: endingOf(shape, epilogue) }),
    flops: addDims(
      productFlops(shape, loaded),
      multiplyDims(
        elementCount(root.type.shape),
        ofResults + ofRows / (neighboursOf(traffic.cluster) ?? neighbours) + neighbourFlops(traffic.cluster),
      ),
    ),
  };
}

/** A condition that is in memory is read there: what it compares need not be at hand. */
function withPlacesAtHand(shape: ContractionShape, loaded: ReadonlySet<Value>): ContractionShape {
  const [left] = shape.root.operands;
  if (!shape.places || ![left, ...left.operands].some((value) => loaded.has(value))) return shape;
  return { ...shape, places: undefined };
}

/** Where the workgroups are. */
function gridOf({ batchCount, rowCount, columnCount, tile }: ContractionShape): Kernel["grid"] {
  const { rows, columns, across, down, deep } = tile;
  const one = { extent: 1, per: 1 };
  if (tile.line !== undefined) {
    const tiles = tileCounts({ batchCount, rowCount, columnCount, tile });
    return [{ extent: lineLength(tiles, tile), per: across }, one, one];
  }
  return [
    { extent: columnCount, per: columns * across },
    { extent: rowCount, per: rows * down },
    { extent: batchCount, per: deep },
  ];
}

function writeHead(shape: ContractionShape, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const { rows, columns, across, down, deep, twoByTwo } = shape.tile;
  if (shape.tile.line !== undefined) return writeLineHead(shape, shape.tile.line, emitter);
  if (twoByTwo) return writePairHead(shape, emitter);
  const y = across === 1 ? "local.x" : `local.x / ${across}u`;
  if (shape.batchCount !== 1) line(`let batch = ${position("group.z", deep, `local.x / ${across * down}u`, 1)};`);
  line(`let row = ${position("group.y", down, deep === 1 ? y : `${y} % ${down}u`, rows)};`);
  line(`let column = ${position("group.x", across, down * deep === 1 ? "local.x" : `local.x % ${across}u`, columns)};`);
}

/** The same where threads are numbered: so many take the tiles of a row. */
function writeLineHead(shape: ContractionShape, perRow: number, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const { rows, columns, across, twoByTwo } = shape.tile;
  const { batch } = tileCounts(shape);
  const times = (text: string, by: number): string => (by === 1 ? text : `${text} * ${by}u`);
  line(`let thread = ${across === 1 ? "group.x" : `group.x * ${across}u + local.x`};`);
  const inBatch = lineLength(tileCounts(shape), shape.tile) / batch;
  if (batch !== 1) line(`let batch = thread / ${inBatch}u;`);
  const own = batch === 1 ? "thread" : `thread % ${inBatch}u`;
  // Two rows of tiles make one of quads that lie two by two.
  if (twoByTwo) return writePairs(`${own} / ${2 * perRow}u * 16u`, `thread % ${2 * perRow}u / 4u * 16u`, emitter);
  line(`let row = ${times(perRow === 1 ? own : `${own} / ${perRow}u`, rows)};`);
  line(`let column = ${perRow === 1 ? "0u" : times(`thread % ${perRow}u`, columns)};`);
}

/** The same where quads lie two by two: `row` and `column` are those of the blocks that a lane reads itself. */
function writePairHead(shape: ContractionShape, emitter: Emitter): void {
  const { across, down, deep } = shape.tile;
  const [threads, quads] = [across * down, 2 * across];
  if (shape.batchCount !== 1) {
    emitter.push({ tag: "line", text: `let batch = ${position("group.z", deep, `local.x / ${threads}u`, 1)};` });
  }
  const y = deep === 1 ? `local.x / ${quads}u` : `local.x % ${threads}u / ${quads}u`;
  const x = `local.x % ${quads}u / 4u`;
  writePairs(`group.y * ${8 * down}u + ${y} * 16u`, `group.x * ${8 * across}u + ${x} * 16u`, emitter);
}

/** The blocks of a lane, from where its quad begins. */
function writePairs(row: string, column: string, emitter: Emitter): void {
  const line = (text: string): Statement => ({ tag: "line", text });
  const [left, top] = ["local.x % 2u", "local.x / 2u % 2u"];
  emitter.push(line(`let row = ${row} + ${top} * 8u + ${left} * 4u;`));
  emitter.push(line(`let column = ${column} + ${left} * 8u + ${top} * 4u;`));
  const body = Object.entries(farStarts).map(([near, far]) => line(`let ${far} = ${near} ^ 4u;`));
  emitter.push({ tag: "block", head: withoutQuads, body });
}

function position(group: string, threads: number, thread: string, each: number): string {
  const own = threads === 1 ? group : `(${group} * ${threads}u + ${thread})`;
  return each === 1 ? own : `${own} * ${each}u`;
}

/** What writes the end of a kernel, and keeps what is computed by then. */
interface Writing {
  readonly emitter: Emitter;
  readonly namer: Namer;
  readonly context: LowerContext;
  hold(value: Value, result: Expression): void;
}

/**
 * Four columns of a row of the tile after the other: what the cluster computes from the product, and its stores. Returns
 * the operations that are done once for each four neighbours.
 */
function writeEpilogue(
  shape: ContractionShape,
  { stores, cluster }: Traffic,
  { emitter, namer, context, hold }: Writing,
): number {
  let ofRows = 0;
  const { rowCount, columnCount } = shape;
  const blocks = blocksOf(shape);
  const fours = blocks.down * blocks.across * blocks.height;
  const sums = Array.from({ length: blocks.down * blocks.across }, (_, n) => `sum${n}`);
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const skip = fours > 1 ? "continue" : "return";
  const body = emitter.scope(() => {
    line(`let r = ${shape.tile.twoByTwo ? "(row ^ (i / 8u * 4u)) + i % 4u" : rowText(blocks)};`);
    line(`let c = ${shape.tile.twoByTwo ? "column ^ (i / 4u % 2u * 4u)" : columnText(blocks)};`);
    const beyond = beyondText(shape);
    // Lanes of a quad go on together.
    const guard = isInQuads(cluster) && beyond !== "" ? [`!(${beyond})`] : [];
    if (beyond !== "" && guard.length === 0) line(`if (${beyond}) { ${skip}; }`);
    const where = (conditions: readonly string[], action: () => void): void =>
      conditions.length === 0 ? action() : pushGuarded(conditions, emitter.scope(action), emitter);
    const sum = fours === 1 ? "sum0" : "four";
    if (fours > 1) line(`let four = ${sums.length === 1 && !blocks.inArray ? "sum0[i]" : elementText(blocks)};`);
    const write = (text: string, column: string, lanes: 1 | 4): void => {
      hold(shape.root, { tag: "name", text, dtype: "f32", lanes });
      const index = resultIndex(shape, variableIndex("r", rowCount), variableIndex(column, columnCount));
      const lane = lanes === 4 ? { variable: column, extent: columnCount } : undefined;
      if (lane) reduceNeighbours(cluster, { index, lane, emitter, namer }, hold);
      const isFull = ({ type }: Value): boolean => seenAs(type.shape, index, cluster) !== undefined;
      const [full, rows] = [stores.filter(isFull), stores.filter((value) => !isFull(value))];
      const indexOf = (value: Value): readonly Index[] => seenAs(value.type.shape, index, cluster)!;
      where(guard, () => writeStores(full, indexOf, emitter, context, lane));
      // What is one number of neighbours is so at the first of them.
      const step = neighboursOf(cluster) ?? neighbours;
      const first = resultIndex(shape, variableIndex("r", rowCount), variableIndex(column, columnCount, step));
      const rowOf = (value: Value): readonly Index[] => rowWithin(value.type.shape, first, cluster)!;
      const before = emitter.operations();
      const isFirst = isInQuads(cluster) ? ["lane == 0u"] : [];
      if (rows.length > 0) where([...isFirst, ...guard], () => writeStores(rows, rowOf, emitter, context));
      ofRows += emitter.operations() - before;
    };
    if (shape.wholeFours) return write(sum, "c", 4);
    const inner = emitter.scope(() => {
      line(`let one = c + j;`);
      line(`if (one >= ${extentText(columnCount)}) { break; }`);
      write(`${sum}[j]`, "one", 1);
    });
    emitter.push({ tag: "block", head: "for (var j = 0u; j < 4u; j++)", body: inner });
  });
  if (fours === 1) {
    body.forEach((statement: Statement) => emitter.push(statement));
    return ofRows;
  }
  if (sums.length > 1 && !blocks.inArray)
    line(`var tile = array<${blockType(blocks)}, ${sums.length}>(${sums.join(", ")});`);
  emitter.push({ tag: "block", head: `for (var i = 0u; i < ${fours}u; i++)`, body });
  return ofRows;
}

/** When a four of columns is beyond the edges; nothing where none is. */
function beyondText({
  wholeBatch,
  wholeRows,
  wholeColumns,
  batchCount,
  rowCount,
  columnCount,
}: ContractionShape): string {
  return [
    ...(wholeBatch ? [] : [`batch >= ${extentText(batchCount)}`]),
    ...(wholeRows ? [] : [`r >= ${extentText(rowCount)}`]),
    ...(wholeColumns ? [] : [`c >= ${extentText(columnCount)}`]),
  ].join(" || ");
}

/** The row of the i-th four columns: block by block, and row by row in each. */
function rowText({ down, across, height, stride }: Blocks): string {
  if (across === 1) return down * height === 1 ? "row" : "row + i";
  const inside = height === 1 ? "row" : `row + i % ${height}u`;
  return down === 1 ? inside : `row + i / ${height * across}u * ${stride.rows}u + i % ${height}u`;
}

function columnText({ down, across, height, stride }: Blocks): string {
  if (across === 1) return "column";
  const block = height === 1 ? "i" : `i / ${height}u`;
  return down === 1 ? `column + ${block} * ${stride.columns}u` : `column + ${block} % ${across}u * ${stride.columns}u`;
}

function elementText({ height }: Blocks): string {
  return height === 1 ? "tile[i]" : `tile[i / ${height}u][i % ${height}u]`;
}
