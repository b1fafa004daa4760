/// The loop of a contraction for graphics cards: a workgroup of 256 threads takes a square of the result, and what all of
/// them multiply goes through its own memory, so that each number is loaded once for 128 rows or columns. While a part of
/// the sums is added up, the next part is on its way into registers.
///
/// Half of the threads load the left operand, half the right one, each four by four numbers: along whichever axis lies
/// contiguous in memory, and turned so that in the workgroup's memory rows, or columns, lie side by side. Where that would
/// let neighbours write to one bank, their places are moved round by as much as they lie apart.
import { isMultipleOf } from "../../../ir/dim.ts";
import { extentText } from "../../wgsl/expression.ts";
import { operandIndex, type ContractionShape } from "../contraction-shape.ts";
import type { Emitter } from "../emitter.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "../index.ts";
import { widen, type Expression } from "../kernel.ts";
import type { Lane } from "../leaf.ts";
import { blocksOf } from "./product.ts";
import { sharedNumbers, type SquareEdge } from "./tile.ts";

/** Variables of the template, which no tensor and no value is called. */
export const sharedNames: readonly string[] = [
  ...["step", "start", "part", "block", "leftPart", "rightPart", "edge", "k", "at", "over", "q", "first"],
  ...["down0", "down1", "over0", "over1"],
];

/** Threads that load one operand: sixteen numbers each. */
const loaders = sharedNumbers / 16;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Steps of the contracted axis that are in memory at once. */
const depthOf = (edge: SquareEdge): number => sharedNumbers / edge;

/** The workgroup's memory: vectors of four rows, or columns, step by step. */
export const sharedDeclarations: readonly string[] = ["leftPart", "rightPart"].map(
  (name) => `var<workgroup> ${name}: array<vec4f, ${sharedNumbers / 4}>;`,
);

/** Declares where a thread stands and its sums, and writes the loop that fills them: `sum0` and so on. */
export function writeShared(shape: ContractionShape, edge: SquareEdge, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const block = (head: string, write: () => void): void =>
    emitter.push({ tag: "block", head, body: emitter.scope(write) });
  const { down, across } = blocksOf(shape);
  if (shape.batchCount !== 1) line("let batch = group.z;");
  line(`let row = group.y * ${edge}u + local.x / 16u * 4u;`);
  line(`let column = group.x * ${edge}u + local.x % 16u * 4u;`);
  for (const n of range(down * across)) line(`var sum${n} = mat4x4f();`);
  const depth = depthOf(edge);
  const parts = Math.ceil((shape.length as number) / depth);
  line(`let part = local.x % ${loaders}u;`);
  line("var block = mat4x4f();");
  // The last turn loads nothing that is used, and the first adds nothing up.
  block(`for (var step = 0u; step <= ${parts}u; step++)`, () => {
    line(`let start = step * ${depth}u;`);
    block(`if (local.x < ${loaders}u)`, () => writeLoad(shape, 0, edge, emitter));
    block("else", () => writeLoad(shape, 1, edge, emitter));
    block("if (step > 0u)", () => writeSums(shape, edge, emitter));
    line("workgroupBarrier();");
    block(`if (local.x < ${loaders}u)`, () => writeKeep(shape, 0, edge, emitter));
    block("else", () => writeKeep(shape, 1, edge, emitter));
    line("workgroupBarrier();");
  });
}

/** Where a thread's four by four numbers lie: the fours of its rows or columns, and of its steps. */
function placeOf(
  { modes }: ContractionShape,
  side: 0 | 1,
  edge: SquareEdge,
): { readonly e: string; readonly k: string } {
  // Neighbours read what lies contiguous.
  if (modes[side] === "edge") return { e: `part % ${edge / 4}u`, k: `part / ${edge / 4}u` };
  return { e: `part / ${depthOf(edge) / 4}u`, k: `part % ${depthOf(edge) / 4}u` };
}

/** Loads a matrix that has a step in each column. */
function writeLoad(shape: ContractionShape, side: 0 | 1, edge: SquareEdge, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const place = placeOf(shape, side, edge);
  line(`let edge = group.${side === 0 ? "y" : "x"} * ${edge}u + ${place.e} * 4u;`);
  line(`let k = start + ${place.k} * 4u;`);
  emitter.push({ tag: "assign", before: "block = ", value: matrixAt(shape, side, emitter), after: ";" });
}

/** Four by four numbers of an operand from `edge` and `k` on: a column for each step. */
function matrixAt(shape: ContractionShape, side: 0 | 1, emitter: Emitter): Expression {
  const operand = shape.root.operands[side];
  const indexAt = operandIndex(shape, side);
  const edge: Lane = { variable: "edge", extent: side === 0 ? shape.rowCount : shape.columnCount };
  const steps: Lane = { variable: "k", extent: shape.length };
  const at = ({ variable, extent }: Lane, more: number): Index =>
    indexAlgebra.add(variableIndex(variable, extent), constantIndex(more));
  const read = (e: number, k: number, along?: Lane): Expression => {
    const value = emitter.emit(operand, indexAt(at(edge, e), at(steps, k)), along);
    // Contiguous by its index, the operand may still be one number for all four.
    return along ? widen(value) : value;
  };
  switch (shape.modes[side]) {
    case "edge":
      return matrix(range(4).map((q) => read(0, q, edge)));
    case "k":
      return call("transpose", [matrix(range(4).map((e) => read(e, 0, steps)))]);
    case "none":
      return matrix(
        range(4).map((q) => ({ tag: "vector", parts: range(4).map((e) => read(e, q)), dtype: "f32", lanes: 4 })),
      );
  }
}

const call = (name: string, operands: readonly Expression[]): Expression => ({
  ...{ tag: "call", name, operands, dtype: "f32", lanes: 4 },
});

const matrix = (columns: readonly Expression[]): Expression => call("mat4x4f", columns);

/** Puts the matrix into the workgroup's memory; what lies beyond the contracted axis is 0. */
function writeKeep(shape: ContractionShape, side: 0 | 1, edge: SquareEdge, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const place = placeOf(shape, side, edge);
  const fours = edge / 4;
  line(`let at = ${place.k};`);
  line(`let over = ${turned(place.e, "at", shape, side, edge)};`);
  const isWhole = isMultipleOf(shape.length, depthOf(edge));
  const name = side === 0 ? "leftPart" : "rightPart";
  for (const q of range(4)) {
    const step = `start + at * 4u${q === 0 ? "" : ` + ${q}u`}`;
    const value = isWhole ? `block[${q}]` : `select(vec4f(), block[${q}], ${step} < ${extentText(shape.length)})`;
    line(`${name}[at * ${4 * fours}u + ${q * fours}u + over] = ${value};`);
  }
}

/** The place of a four of rows or columns among those of its step, where those of other steps lie elsewhere. */
function turned(fours: string, four: string, { modes }: ContractionShape, side: 0 | 1, edge: SquareEdge): string {
  if (modes[side] === "edge") return fours;
  const by = 32 / depthOf(edge);
  return `(${fours} + ${by === 1 ? four : `${four} * ${by}u`}) % ${edge / 4}u`;
}

/** Adds up what is in memory, step by step. */
function writeSums(shape: ContractionShape, edge: SquareEdge, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const { down, across } = blocksOf(shape);
  const fours = edge / 4;
  const place = (thread: string, block: number): string => (block === 0 ? thread : `${thread} + ${block * 16}u`);
  const body = emitter.scope(() => {
    for (const i of range(down)) line(`let down${i} = ${turned(place("local.x / 16u", i), "at", shape, 0, edge)};`);
    for (const j of range(across)) line(`let over${j} = ${turned(place("local.x % 16u", j), "at", shape, 1, edge)};`);
    const inner = emitter.scope(() => {
      line(`let first = (at * 4u + q) * ${fours}u;`);
      for (const i of range(down)) line(`let a${i} = leftPart[first + down${i}];`);
      for (const j of range(across)) line(`let b${j} = rightPart[first + over${j}];`);
      for (const i of range(down))
        for (const j of range(across)) {
          for (const [r, component] of ["x", "y", "z", "w"].entries()) {
            const sum = `sum${i * across + j}[${r}]`;
            line(`${sum} = fma(vec4f(a${i}.${component}), b${j}, ${sum});`);
          }
        }
    });
    emitter.push({ tag: "block", head: "for (var q = 0u; q < 4u; q++)", body: inner });
  });
  emitter.push({ tag: "block", head: `for (var at = 0u; at < ${depthOf(edge) / 4}u; at++)`, body });
}
