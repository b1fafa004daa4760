/// The loop of a product whose terms belong to one row each, as the slopes of a table that was read at given rows: a thread
/// looks which row a term belongs to, and adds it up where that is one of its tile. What is added up are the terms alone,
/// in their order; a product with ones and zeros would take as many steps for every row.
import { isMultipleOf } from "../../../ir/dim.ts";
import { contractAttrs } from "../../../ir/ops/contract.ts";
import type { DType } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { extentText } from "../../wgsl/expression.ts";
import { operandIndex, type ContractionShape } from "../contraction-shape.ts";
import type { Emitter } from "../emitter.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "../index.ts";
import type { Expression } from "../kernel.ts";
import type { Lane } from "../leaf.ts";
import { blocksOf, blockType, columnsAt } from "./product.ts";

/** Declares the tile and writes the loop that fills it. */
export function writePlaced(shape: ContractionShape, places: Value, emitter: Emitter): void {
  const blocks = blocksOf(shape);
  emitter.push({ tag: "line", text: `var tile = array<${blockType(blocks)}, ${blocks.down}>();` });
  const writer: Writer = {
    ...{ shape, emitter },
    // No term's row hangs on the row that asks.
    placeAt: (k, lane) => emitter.emit(places, operandIndex(shape, 0)(constantIndex(0), k), lane),
    line: (text) => emitter.push({ tag: "line", text }),
    block: (head, write) => emitter.push({ tag: "block", head, body: emitter.scope(write) }),
  };
  if (contractAttrs(shape.root).inRows) return writeRange(writer, places.type.dtype);
  if (isMultipleOf(shape.length, 4)) return writeFours(writer);
  const k = variableIndex("k", shape.length);
  writer.block(`for (var k = 0u; k < ${extentText(shape.length)}; k++)`, () => {
    emitter.push({ tag: "assign", before: "let own = u32(", value: writer.placeAt(k), after: ") - row;" });
    writer.block(`if (own < ${shape.tile.rows}u)`, () => writeSum(writer, k));
  });
}

interface Writer {
  readonly shape: ContractionShape;
  readonly emitter: Emitter;
  /** The row of a term, or of four. */
  placeAt(k: Index, lane?: Lane): Expression;
  line(text: string): void;
  block(head: string, write: () => void): void;
}

/** Adds a term to the row of the tile that is called `own`. */
function writeSum({ shape, emitter }: Writer, k: Index): void {
  const value = columnsAt(shape, { j: 0 }, k, emitter);
  emitter.push({ tag: "assign", before: "tile[own / 4u][own % 4u] += ", value, after: ";" });
}

/** Looks at four terms at a time. */
function writeFours(writer: Writer): void {
  const { shape, emitter, line, block } = writer;
  const { length, tile } = shape;
  block(`for (var k = 0u; k < ${extentText(length)}; k += 4u)`, () => {
    const value = writer.placeAt(variableIndex("k", length), { variable: "k", extent: length });
    emitter.push({ tag: "assign", before: "let four = vec4u(", value, after: ") - row;" });
    line(`if (all(four >= vec4u(${tile.rows}u))) { continue; }`);
    block("for (var j = 0u; j < 4u; j++)", () => {
      line("let own = four[j];");
      const k = indexAlgebra.add(variableIndex("k", length, 4), variableIndex("j", 4));
      block(`if (own < ${tile.rows}u)`, () => writeSum(writer, k));
    });
  });
}

/** Of terms in the order of their rows, looks for the first of the tile's rows, and goes on to the last. */
function writeRange(writer: Writer, dtype: DType): void {
  const { shape, emitter, line, block } = writer;
  const { length, tile } = shape;
  const k = variableIndex("k", length);
  const end = extentText(length);
  line("var at = 0u;");
  block(`for (var stride = ${powerWithin(length as number)}u; stride > 0u; stride /= 2u)`, () => {
    line("let k = at + stride - 1u;");
    emitter.push({ tag: "assign", before: "let other = ", value: writer.placeAt(k), after: ";" });
    line(`if (k < ${end} && other < ${dtype}(row)) { at += stride; }`);
  });
  block(`for (var k = at; k < ${end}; k++)`, () => {
    emitter.push({ tag: "assign", before: "let own = u32(", value: writer.placeAt(k), after: ") - row;" });
    line(`if (own >= ${tile.rows}u) { break; }`);
    writeSum(writer, k);
  });
}

/** The largest power of two that a number reaches. */
const powerWithin = (length: number): number => 2 ** Math.floor(Math.log2(length));
