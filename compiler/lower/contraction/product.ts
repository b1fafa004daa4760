/// The loop of a contraction: a thread keeps its tile in matrices of 4 × 4, reads four steps of the contracted axis at a
/// time, and multiplies matrices. Lane for lane the four threads of a quad have the same rows, so that each reads one of
/// four and gets the others from its neighbours: `quads` and `quad`, which the runtime spells out where there are no
/// subgroups. Where a quad lies two by two, each lane reads one of its two blocks of rows and one of its two blocks of
/// columns, and gets the others from the neighbours that have read those.
import { isMultipleOf, type Dim } from "../../../ir/dim.ts";
import { elementCount } from "../../../ir/type.ts";
import { extentText } from "../../wgsl/expression.ts";
import { operandIndex, type ContractionShape } from "../contraction-shape.ts";
import type { Emitter } from "../emitter.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "../index.ts";
import { widen, withoutQuads, type Expression } from "../kernel.ts";
import type { Lane } from "../leaf.ts";

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** A product of so many steps is worth a long text. */
const manySteps = 2 ** 20;

/** The blocks of a thread's tile: so many down and across, each of `height` rows and four columns. */
export interface Blocks {
  readonly down: number;
  readonly across: number;
  readonly height: number;
  /** Rows, and columns, from a block to the next. */
  readonly stride: { readonly rows: number; readonly columns: number };
  /** Kept in the array `tile`, since the row of a term is known only when it is read; else in `sum0`, `sum1` and so on. */
  readonly inArray: boolean;
}

/** The blocks of a tile, numbered row by row. */
export function blocksOf({ tile: { rows, columns }, blockStride, places }: ContractionShape): Blocks {
  const height = Math.min(rows, 4);
  const stride = { rows: blockStride ?? height, columns: blockStride ?? 4 };
  return { down: rows / height, across: columns / 4, height, stride, inArray: places !== undefined };
}

/** The type of a block: a column of the matrix is a row of the block. */
export function blockType({ height }: Blocks): string {
  return height === 1 ? "vec4f" : `mat${height}x4f`;
}

/** True where lanes of a quad have the same rows. */
export function sharesRows({ tile: { shares, twoByTwo } }: ContractionShape): boolean {
  return shares && !twoByTwo;
}

/** Declares the sums and writes the loop that fills them; `sums` is how they are called, before a number. */
export function writeProduct(shape: ContractionShape, emitter: Emitter, sums = "sum"): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const blocks = blocksOf(shape);
  for (const n of range(blocks.down * blocks.across)) line(`var ${sums}${n} = ${blockType(blocks)}();`);
  const { length } = shape;
  const inFours = isMultipleOf(length, 4);
  const loop = (step: 1 | 4, start: string): void => writeLoop(shape, step, [start, length], emitter, sums);
  if (!multiplies(shape) || (typeof length === "number" && length < 4)) return loop(1, "k = 0u");
  if (inFours) return loop(4, "k = 0u");
  // What is left over after the last four is added step by step.
  line("var k = 0u;");
  loop(4, "");
  loop(1, "");
}

/** True where matrices are multiplied: numbers, and not for a small product with a matrix of sixteen single elements. */
function multiplies({ picks, modes, batchCount, rowCount, columnCount, length }: ContractionShape): boolean {
  const steps = elementCount([batchCount, rowCount, columnCount, length]);
  return !picks && (modes[1] !== "none" || (typeof steps === "number" && steps >= manySteps));
}

function writeLoop(
  shape: ContractionShape,
  step: 1 | 4,
  [start, length]: readonly [string, Dim],
  emitter: Emitter,
  sums: string,
): void {
  const blocks = blocksOf(shape);
  const body = emitter.scope(() => {
    if (shape.tile.twoByTwo) readPairs(shape, step, emitter);
    else {
      for (const i of range(blocks.down)) readLeft(shape, { i, name: `a${i}` }, step, emitter);
      for (const j of range(blocks.across)) readRight(shape, { j, name: `b${j}` }, step, emitter);
    }
    for (const i of range(blocks.down)) {
      for (const j of range(blocks.across)) {
        const product = step === 4 ? `b${j} * a${i}` : outer(`a${i}`, `b${j}`, blocks, shape.picks);
        emitter.push({ tag: "line", text: `${sums}${i * blocks.across + j} += ${product};` });
      }
    }
  });
  const declaration = start === "" ? "" : `var ${start}`;
  const [end, next] = step === 1 ? [extentText(length), "k++"] : [endText(length, start === ""), "k += 4u"];
  emitter.push({ tag: "block", head: `for (${declaration}; k < ${end}; ${next})`, body });
}

function endText(length: Dim, hasRest: boolean): string {
  if (!hasRest) return extentText(length);
  return typeof length === "number" ? `${length - (length % 4)}u` : `(${extentText(length)}) / 4u * 4u`;
}

/** The product of a column and a row. */
function outer(a: string, b: string, blocks: Blocks, picks: boolean): string {
  const times = (number: string): string => (picks ? `select(vec4f(), ${b}, ${number} != 0.0)` : `${number} * ${b}`);
  if (blocks.height === 1) return times(a);
  const rows = ["x", "y", "z", "w"].slice(0, blocks.height).map((component) => times(`${a}.${component}`));
  return `${blockType(blocks)}(${rows.join(", ")})`;
}

const call = (name: string, operands: readonly Expression[]): Expression => ({
  ...{ tag: "call", name, operands, dtype: "f32", lanes: 4 },
});

const plus = (index: Index, more: Index | number): Index =>
  indexAlgebra.add(index, typeof more === "number" ? constantIndex(more) : more);

const lane = variableIndex("lane", 4);

/** Where the blocks begin that a lane does not read itself, if quads lie two by two. */
export const farStarts = { row: "farRow", column: "farColumn" } as const;

/** A block of rows and one of columns, and those that neighbours have read: their lines are for who has no neighbours. */
function readPairs(shape: ContractionShape, step: 1 | 4, emitter: Emitter): void {
  const far = (own: string, from: string, name: string, read: (name: string) => void): void => {
    emitter.push({ tag: "line", text: `var ${name} = ${step === 4 ? `${from}s` : from}(${own});` });
    const body = emitter.scope(() => {
      read(`${name}Again`);
      emitter.push({ tag: "line", text: `${name} = ${name}Again;` });
    });
    emitter.push({ tag: "block", head: withoutQuads, body });
  };
  readLeft(shape, { i: 0, name: "a0" }, step, emitter);
  far("a0", "beside", "a1", (name) => readLeft(shape, { i: 0, name, start: farStarts.row }, step, emitter));
  readRight(shape, { j: 0, name: "b0" }, step, emitter);
  far("b0", "below", "b1", (name) => readRight(shape, { j: 0, name, start: farStarts.column }, step, emitter));
}

/** A block's number, its name, and the variable where it begins, less four for each block before it. */
interface BlockPlace {
  readonly name: string;
  readonly start?: string;
}

/** A place that steps by so many from `from` on: the first of those, and one that goes along them. */
function stepping(name: string, extent: Dim, step: number, from = 0): { readonly first: Index; readonly along: Index } {
  return { first: plus(variableIndex(name, extent, step), from), along: plus(variableIndex(name, extent), from) };
}

/** Block i of the left operand: of four steps a matrix that has a row in each column, of one a vector. */
function readLeft(
  shape: ContractionShape,
  { i, name, start = "row" }: BlockPlace & { readonly i: number },
  step: 1 | 4,
  emitter: Emitter,
): void {
  const { height } = blocksOf(shape);
  const [mode] = shape.modes;
  const [operand] = shape.root.operands;
  const row = stepping(start, shape.rowCount, height, 4 * i);
  const k = stepping("k", shape.length, step);
  const indexAt = operandIndex(shape, 0);
  const read = (edge: Index, at: Index, along?: Lane): Expression => {
    const value = emitter.emit(operand, indexAt(edge, at), along);
    // Contiguous by its index, the operand may still be one number for all four.
    return along ? widen(value) : value;
  };
  const alongRows = (at: Index): Expression => read(row.along, at, { variable: start, extent: shape.rowCount });
  const four = (edge: Index): Expression =>
    mode === "k"
      ? read(edge, k.along, { variable: "k", extent: shape.length })
      : call(
          "vec4f",
          range(4).map((q) => read(edge, plus(k.first, q))),
        );
  if (mode === "edge") {
    if (step === 1) return emitter.push({ tag: "let", name, value: alongRows(k.first) });
    const turned = name.replace("a", "t");
    gatherFour(turned, "quads", "mat4x4f", 4, (at) => alongRows(plus(k.first, at)), shape, emitter);
    return emitter.push({ tag: "line", text: `let ${name} = transpose(${turned});` });
  }
  const [shared, type] = step === 4 ? ["quads", `mat${height}x4f`] : ["quad", `vec${height}f`];
  gatherFour(
    name,
    shared,
    type,
    height,
    (at) => (step === 4 ? four(plus(row.first, at)) : read(plus(row.first, at), k.first)),
    shape,
    emitter,
  );
}

/** Up to four reads side by side: by each lane one where lanes of a quad may share, and one after the other elsewhere. */
function gatherFour(
  name: string,
  shared: string,
  type: string,
  count: number,
  read: (at: Index) => Expression,
  shape: ContractionShape,
  emitter: Emitter,
): void {
  let own: Expression | undefined;
  // What takes statements of its own is not one expression that the runtime could spell out.
  const isExpression = count === 4 && sharesRows(shape) && emitter.scope(() => (own = read(lane))).length === 0;
  const parts = isExpression ? [own!] : range(count).map((q) => read(constantIndex(q)));
  const value = isExpression ? call(shared, parts) : parts.length === 1 ? parts[0] : call(type, parts);
  emitter.push({ tag: "let", name, value });
}

/** Block j of the right operand: of four steps a matrix that has a step in each column, of one a vector. */
function readRight(shape: ContractionShape, place: RightPlace, step: 1 | 4, emitter: Emitter): void {
  const { j, name, start = "column" } = place;
  const [, operand] = shape.root.operands;
  const k = stepping("k", shape.length, step);
  const indexAt = operandIndex(shape, 1);
  const matrix = (): Expression => {
    if (shape.modes[1] !== "k") {
      return call(
        "mat4x4f",
        range(4).map((q) => columnsAt(shape, place, plus(k.first, q), emitter)),
      );
    }
    const column = stepping(start, shape.columnCount, 4, 4 * j);
    const along = { variable: "k", extent: shape.length };
    const four = (q: number): Expression =>
      widen(emitter.emit(operand, indexAt(plus(column.first, q), k.along), along));
    return call("transpose", [call("mat4x4f", range(4).map(four))]);
  };
  emitter.push({ tag: "let", name, value: step === 4 ? matrix() : columnsAt(shape, place, k.first, emitter) });
}

type RightPlace = BlockPlace & { readonly j: number };

/** The four columns of block j at one step of the contracted axis. */
export function columnsAt(
  shape: ContractionShape,
  { j, start = "column" }: Omit<RightPlace, "name">,
  at: Index,
  emitter: Emitter,
): Expression {
  const [, operand] = shape.root.operands;
  const column = stepping(start, shape.columnCount, 4, 4 * j);
  const indexAt = operandIndex(shape, 1);
  if (shape.modes[1] === "edge") {
    return widen(emitter.emit(operand, indexAt(column.along, at), { variable: start, extent: shape.columnCount }));
  }
  const parts = range(4).map((q) => emitter.emit(operand, indexAt(plus(column.first, q), at)));
  return { tag: "vector", parts, dtype: "f32", lanes: 4 };
}
