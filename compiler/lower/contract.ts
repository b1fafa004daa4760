/// Contraction kernels: each thread holds a tile of 4 columns by a few rows of the result in registers and walks the
/// contracted axis without barriers. One template serves NN, NT, TN and batched products: an operand is read four
/// elements at a time along whichever axis lies contiguous in memory. What follows the product is its epilogue.
import { addDims, multiplyDims } from "../../ir/dim.ts";
import { splitIndex } from "../../ir/ops/layout.ts";
import { seenAs } from "../cluster/cluster.ts";
import type { Traffic } from "../cluster/store.ts";
import { createNamer } from "../wgsl/names.ts";
import { extentText, lastText } from "../wgsl/expression.ts";
import { describeContraction, edgeIndex, operandIndex, vectorise } from "./contraction-shape.ts";
import type { ContractionShape, Vectorised } from "./contraction-shape.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "./index.ts";
import {
  components,
  hintFor,
  nameTensors,
  widen,
  type Expression,
  type Kernel,
  type LowerContext,
  type Statement,
} from "./kernel.ts";
import type { Lane } from "./leaf.ts";
import { writeStores } from "./store.ts";

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Variables of the template, which no tensor and no value is called. */
export const contractNames: ReadonlySet<string> = new Set(
  ["a", "b", "c", "sum", "row", "column"].flatMap((prefix) => range(16).map((i) => `${prefix}${i}`)),
);

/** Lowers a contraction with its epilogue. */
export function lowerContract(traffic: Traffic, context: LowerContext): Kernel {
  const root = [...traffic.cluster.members].find((member) => member.op.kind === "contraction")!;
  const shape = describeContraction(root);
  const loaded = new Set(traffic.loads);
  const namer = context.shared?.names.inside() ?? createNamer(contractNames);
  const tensorNames = nameTensors(traffic, context, namer);
  let accumulator: Expression | undefined;
  const emitter = createEmitter(
    {
      notes: context.notes,
      hint: (value) => hintFor(value, context),
      namer,
      isLoaded: (value) => loaded.has(value),
      computed: (value) => (value === root ? accumulator : undefined),
      isAnchor: (value) => value === root,
    },
    [...traffic.stores, ...root.operands],
  );
  const prologue = emitter.scope(() => {
    writeHead(shape, emitter);
    writeProduct(shape, emitter);
  });
  const before = emitter.operations();
  const epilogue = emitter.scope(() =>
    writeEpilogue(shape, traffic, emitter, context, (value) => (accumulator = value)),
  );
  const results = multiplyDims(multiplyDims(shape.batchCount, shape.rowCount), shape.columnCount);
  return {
    name: context.name,
    body: [...emitter.preamble, ...prologue, ...epilogue],
    workgroupSize: [shape.threads[0], shape.threads[1], 1],
    grid: [
      { extent: shape.columnCount, per: 4 * shape.threads[0] },
      { extent: shape.rowCount, per: shape.rows * shape.threads[1] },
      { extent: shape.batchCount, per: 1 },
    ],
    declarations: [],
    tensorNames,
    helpers: [...emitter.helpers],
    flops: addDims(
      multiplyDims(multiplyDims(results, shape.length), 2),
      multiplyDims(results, emitter.operations() - before),
    ),
  };
}

function writeHead(shape: ContractionShape, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const { rowCount, columnCount, rows, threads } = shape;
  if (shape.batchCount !== 1) line("let batch = group.z;");
  line(`let row = ${position("y", threads[1], rows)};`);
  line(`let column = ${position("x", threads[0], 4)};`);
  line(`if (row >= ${extentText(rowCount)} || column >= ${extentText(columnCount)}) { return; }`);
  // Past the edge a thread reads the last row or column again, and stores nothing for it.
  if (!shape.wholeRows) {
    for (const i of range(rows).slice(1)) line(`let row${i} = min(row + ${i}u, ${lastText(rowCount)});`);
  }
  if (!shape.wholeColumns) {
    for (const j of [1, 2, 3]) line(`let column${j} = min(column + ${j}u, ${lastText(columnCount)});`);
  }
}

function position(axis: "x" | "y", threads: number, each: number): string {
  const thread = threads === 1 ? `group.${axis}` : `(group.${axis} * ${threads}u + local.${axis})`;
  return each === 1 ? thread : `${thread} * ${each}u`;
}

function writeProduct(shape: ContractionShape, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  for (const i of range(shape.rows)) line(`var sum${i} = vec4f(0.0);`);
  const left = vectorise(shape, 0);
  const right = vectorise(shape, 1);
  const step = left === "k" || right === "k" ? 4 : 1;
  const body = emitter.scope(() => {
    const a = readLeft(shape, left, step, emitter);
    const b = readRight(shape, right, step, emitter);
    for (const q of range(step)) {
      for (const i of range(shape.rows)) emitter.push({ tag: "line", text: `sum${i} += ${a(i, q)} * ${b(q)};` });
    }
  });
  const next = step === 1 ? "k++" : `k += ${step}u`;
  const head = `for (var k = 0u; k < ${extentText(shape.length)}; ${next})`;
  emitter.push({ tag: "block", head, body });
}

const kIndex = (shape: ContractionShape, step: number): Index =>
  indexAlgebra.add(variableIndex("k", shape.length), constantIndex(step));

/** Reads a tile of the left operand; the result gives the text of element (row i, k + q). */
function readLeft(
  shape: ContractionShape,
  mode: Vectorised,
  step: number,
  emitter: Emitter,
): (i: number, q: number) => string {
  const [operand] = shape.root.operands;
  const indexAt = operandIndex(shape, 0);
  const read = (name: string, i: number, q: number, lane?: Lane): void => {
    const edge = edgeIndex("row", shape.rowCount, shape.wholeRows, i);
    const value = emitter.emit(operand, indexAt(edge, kIndex(shape, q)), lane);
    // Contiguous by its index, the operand may still be one number for all four.
    emitter.push({ tag: "let", name, value: lane ? widen(value) : value });
  };
  if (mode === "k") {
    for (const i of range(shape.rows)) read(`a${i}`, i, 0, { variable: "k", extent: shape.length });
    return (i, q) => `a${i}.${components[q]}`;
  }
  if (mode === "edge") {
    for (const q of range(step)) read(`a${q}`, 0, q, { variable: "row", extent: shape.rowCount });
    return (i, q) => `a${q}.${components[i]}`;
  }
  for (const q of range(step)) for (const i of range(shape.rows)) read(`a${q * shape.rows + i}`, i, q);
  return (i, q) => `a${q * shape.rows + i}`;
}

/** Reads a tile of the right operand; the result gives the text of row k + q, four columns. */
function readRight(shape: ContractionShape, mode: Vectorised, step: number, emitter: Emitter): (q: number) => string {
  const [, operand] = shape.root.operands;
  const indexAt = operandIndex(shape, 1);
  const at = (j: number, q: number, lane?: Lane): Expression => {
    const edge = edgeIndex("column", shape.columnCount, shape.wholeColumns, j);
    const value = emitter.emit(operand, indexAt(edge, kIndex(shape, q)), lane);
    return lane ? widen(value) : value;
  };
  if (mode === "k") {
    for (const j of range(4)) {
      emitter.push({ tag: "let", name: `c${j}`, value: at(j, 0, { variable: "k", extent: shape.length }) });
    }
    for (const q of range(step)) {
      const parts = range(4).map((j) => `c${j}.${components[q]}`);
      emitter.push({ tag: "line", text: `let b${q} = vec4f(${parts.join(", ")});` });
    }
  } else {
    const four = (q: number): Expression =>
      mode === "edge"
        ? at(0, q, { variable: "column", extent: shape.columnCount })
        : { tag: "vector", parts: range(4).map((j) => at(j, q)), dtype: "f32", lanes: 4 };
    for (const q of range(step)) emitter.push({ tag: "let", name: `b${q}`, value: four(q) });
  }
  return (q) => `b${q}`;
}

/** Row by row of the tile: what the cluster computes from the product, and its stores. */
function writeEpilogue(
  shape: ContractionShape,
  { stores, cluster }: Traffic,
  emitter: Emitter,
  context: LowerContext,
  setAccumulator: (value: Expression) => void,
): void {
  const { rows, rowCount, columnCount } = shape;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const sums = range(rows).map((i) => `sum${i}`);
  const body = emitter.scope(() => {
    if (rows > 1) line("let r = row + i;");
    if (!shape.wholeRows && rows > 1) line(`if (r >= ${extentText(rowCount)}) { break; }`);
    const sum = rows > 1 ? "tile[i]" : "sum0";
    const row = variableIndex(rows > 1 ? "r" : "row", rowCount);
    if (shape.wholeColumns) {
      setAccumulator({ tag: "name", text: sum, dtype: "f32", lanes: 4 });
      const index = resultIndex(shape, row, variableIndex("column", columnCount));
      const lane = { variable: "column", extent: columnCount };
      writeStores(stores, (value) => seenAs(value.type.shape, index, cluster)!, emitter, context, lane);
    } else {
      const inner = emitter.scope(() => {
        line("let c = column + j;");
        line(`if (c >= ${extentText(columnCount)}) { break; }`);
        setAccumulator({ tag: "name", text: `${sum}[j]`, dtype: "f32", lanes: 1 });
        const index = resultIndex(shape, row, variableIndex("c", columnCount));
        writeStores(stores, (value) => seenAs(value.type.shape, index, cluster)!, emitter, context);
      });
      emitter.push({ tag: "block", head: "for (var j = 0u; j < 4u; j++)", body: inner });
    }
  });
  if (rows === 1) return body.forEach((statement: Statement) => emitter.push(statement));
  line(`var tile = array<vec4f, ${rows}>(${sums.join(", ")});`);
  emitter.push({ tag: "block", head: `for (var i = 0u; i < ${rows}u; i++)`, body });
}

/** Index into the result for a row and a column of it. */
function resultIndex(shape: ContractionShape, row: Index, column: Index): readonly Index[] {
  return [
    ...splitIndex(variableIndex("batch", shape.batchCount), shape.batch, indexAlgebra),
    ...splitIndex(row, shape.left, indexAlgebra),
    ...splitIndex(column, shape.right, indexAlgebra),
  ];
}
