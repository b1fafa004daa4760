/// Contraction kernels: each thread holds a tile of 4 columns by a few rows of the result in registers and walks the
/// contracted axis without barriers. One template serves NN, NT, TN and batched products: an operand is read four
/// elements at a time along whichever axis lies contiguous in memory. What follows the product is its epilogue.
import { addDims, isMultipleOf, multiplyDims, type Dim } from "../../ir/dim.ts";
import { operandAxes, type ContractAttrs } from "../../ir/ops/contract.ts";
import { joinIndex, splitIndex } from "../../ir/ops/layout.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { throughLayouts } from "../cluster/access.ts";
import type { Traffic } from "../cluster/store.ts";
import { createNamer } from "../wgsl/names.ts";
import { extentText } from "../wgsl/expression.ts";
import { createEmitter, type Emitter, type Lane } from "./emitter.ts";
import { constantIndex, indexAlgebra, laneAccess, variableIndex, type Index } from "./index.ts";
import {
  hintFor,
  nameTensors,
  widen,
  type Expression,
  type Kernel,
  type LowerContext,
  type Statement,
} from "./kernel.ts";

/** Along which variable an operand is read four at a time; `none` reads single elements. */
type Vectorised = "k" | "edge" | "none";

/** Everything about a contraction that its text depends on. */
interface Shape {
  readonly root: Value;
  readonly batch: readonly Dim[];
  readonly left: readonly Dim[];
  readonly right: readonly Dim[];
  readonly contracted: readonly Dim[];
  readonly batchCount: Dim;
  readonly rowCount: Dim;
  readonly columnCount: Dim;
  readonly length: Dim;
  /** Rows a thread computes. */
  readonly rows: number;
  readonly wholeRows: boolean;
  readonly wholeColumns: boolean;
  readonly threads: readonly [number, number];
}

const components = ["x", "y", "z", "w"];
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Lowers a contraction with its epilogue. */
export function lowerContract(traffic: Traffic, context: LowerContext): Kernel {
  const root = [...traffic.cluster.members].find((member) => member.op.kind === "contraction")!;
  const shape = describe(root);
  const loaded = new Set(traffic.loads);
  const namer = createNamer();
  const tensorNames = nameTensors(traffic, context, namer);
  for (const name of ["k", "batch", "r", "c", "i", "j"]) namer(name);
  for (const i of range(16)) for (const prefix of ["a", "b", "c", "sum", "row", "column"]) namer(`${prefix}${i}`);
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
    writeEpilogue(shape, traffic.stores, emitter, context, (value) => (accumulator = value)),
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

function describe(root: Value): Shape {
  const attrs = root.attrs as unknown as ContractAttrs;
  const [a, b] = root.operands.map((operand) => operand.type.shape);
  const left = operandAxes(attrs, 0, a.length);
  const right = operandAxes(attrs, 1, b.length);
  const shapes = {
    batch: left.batch.map((axis) => a[axis]),
    left: left.free.map((axis) => a[axis]),
    right: right.free.map((axis) => b[axis]),
    contracted: left.contracted.map((axis) => a[axis]),
  };
  const [batchCount, rowCount, columnCount, length] = Object.values(shapes).map(elementCount);
  const rows = power(rowCount, 4);
  const across = power(typeof columnCount === "number" ? Math.ceil(columnCount / 4) : columnCount, 8);
  const down = power(typeof rowCount === "number" ? Math.ceil(rowCount / rows) : rowCount, 64 / across);
  return {
    ...{ root, ...shapes, batchCount, rowCount, columnCount, length, rows },
    wholeRows: isMultipleOf(rowCount, rows),
    wholeColumns: isMultipleOf(columnCount, 4),
    threads: [across, down],
  };
}

/** The smallest power of two that reaches the extent, at most `most`; an extent that is not bound counts as large. */
function power(extent: Dim, most: number): number {
  let result = 1;
  while (result < most && (typeof extent !== "number" || result < extent)) result *= 2;
  return result;
}

function writeHead(shape: Shape, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const { rowCount, columnCount, rows, threads } = shape;
  if (shape.batchCount !== 1) line("let batch = group.z;");
  line(`let row = ${position("y", threads[1], rows)};`);
  line(`let column = ${position("x", threads[0], 4)};`);
  line(`if (row >= ${extentText(rowCount)} || column >= ${extentText(columnCount)}) { return; }`);
  // Past the edge a thread reads the last row or column again, and stores nothing for it.
  if (!shape.wholeRows) {
    for (const i of range(rows).slice(1)) line(`let row${i} = min(row + ${i}u, ${extentText(rowCount)} - 1u);`);
  }
  if (!shape.wholeColumns) {
    for (const j of [1, 2, 3]) line(`let column${j} = min(column + ${j}u, ${extentText(columnCount)} - 1u);`);
  }
}

function position(axis: "x" | "y", threads: number, each: number): string {
  const thread = threads === 1 ? `group.${axis}` : `(group.${axis} * ${threads}u + local.${axis})`;
  return each === 1 ? thread : `${thread} * ${each}u`;
}

/** The i-th row (or j-th column) of the tile as an index. */
function edgeIndex(name: "row" | "column", extent: Dim, whole: boolean, step: number): Index {
  if (step === 0) return variableIndex(name, extent);
  if (!whole) return variableIndex(`${name}${step}`, extent);
  return indexAlgebra.add(variableIndex(name, extent), constantIndex(step));
}

/** Index into an operand for a position along its free axes and along the contracted ones. */
function operandIndex(shape: Shape, side: 0 | 1, edge: Index, k: Index): readonly Index[] {
  const attrs = shape.root.attrs as unknown as ContractAttrs;
  const rank = shape.root.operands[side].type.shape.length;
  const axes = operandAxes(attrs, side, rank);
  const index = new Array<Index>(rank);
  const put = (positions: readonly number[], parts: readonly Index[]): void => {
    positions.forEach((axis, i) => (index[axis] = parts[i]));
  };
  put(axes.batch, splitIndex(variableIndex("batch", shape.batchCount), shape.batch, indexAlgebra));
  put(axes.free, splitIndex(edge, side === 0 ? shape.left : shape.right, indexAlgebra));
  put(axes.contracted, splitIndex(k, shape.contracted, indexAlgebra));
  return index;
}

/** How an operand is best read: along k, along its free axis, or element by element. */
function vectorise(shape: Shape, side: 0 | 1): Vectorised {
  const name = side === 0 ? "row" : "column";
  const extent = side === 0 ? shape.rowCount : shape.columnCount;
  const index = operandIndex(shape, side, variableIndex(name, extent), variableIndex("k", shape.length));
  const access = throughLayouts(shape.root.operands[side], index);
  const element = joinIndex(access.index, access.value.type.shape, indexAlgebra);
  const whole = side === 0 ? shape.wholeRows && shape.rows === 4 : shape.wholeColumns;
  if (whole && laneAccess(element, name) === "contiguous") return "edge";
  return isMultipleOf(shape.length, 4) && laneAccess(element, "k") === "contiguous" ? "k" : "none";
}

function writeProduct(shape: Shape, emitter: Emitter): void {
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
  const head = `for (var k = 0u; k < ${extentText(shape.length)}; k += ${step}u)`;
  emitter.push({ tag: "block", head, body });
}

const kIndex = (shape: Shape, step: number): Index =>
  indexAlgebra.add(variableIndex("k", shape.length), constantIndex(step));

/** Reads a tile of the left operand; the result gives the text of element (row i, k + q). */
function readLeft(shape: Shape, mode: Vectorised, step: number, emitter: Emitter): (i: number, q: number) => string {
  const [operand] = shape.root.operands;
  const read = (name: string, i: number, q: number, lane?: Lane): void => {
    const edge = edgeIndex("row", shape.rowCount, shape.wholeRows, i);
    const value = emitter.emit(operand, operandIndex(shape, 0, edge, kIndex(shape, q)), lane);
    emitter.push({ tag: "let", name, value });
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
function readRight(shape: Shape, mode: Vectorised, step: number, emitter: Emitter): (q: number) => string {
  const [, operand] = shape.root.operands;
  const at = (j: number, q: number, lane?: Lane): Expression => {
    const edge = edgeIndex("column", shape.columnCount, shape.wholeColumns, j);
    return emitter.emit(operand, operandIndex(shape, 1, edge, kIndex(shape, q)), lane);
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
    for (const q of range(step)) {
      const parts = range(4).map((j) => at(j, q));
      const value: Expression =
        mode === "edge"
          ? at(0, q, { variable: "column", extent: shape.columnCount })
          : { tag: "vector", parts, dtype: "f32", lanes: 4 };
      emitter.push({ tag: "let", name: `b${q}`, value });
    }
  }
  return (q) => `b${q}`;
}

/** Row by row of the tile: what the cluster computes from the product, and its stores. */
function writeEpilogue(
  shape: Shape,
  stores: readonly Value[],
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
      writeStores(shape, stores, emitter, context, row, variableIndex("column", columnCount), {
        ...{ variable: "column", extent: columnCount },
      });
    } else {
      const inner = emitter.scope(() => {
        line("let c = column + j;");
        line(`if (c >= ${extentText(columnCount)}) { break; }`);
        setAccumulator({ tag: "name", text: `${sum}[j]`, dtype: "f32", lanes: 1 });
        writeStores(shape, stores, emitter, context, row, variableIndex("c", columnCount));
      });
      emitter.push({ tag: "block", head: "for (var j = 0u; j < 4u; j++)", body: inner });
    }
  });
  if (rows === 1) return body.forEach((statement: Statement) => emitter.push(statement));
  line(`var tile = array<vec4f, ${rows}>(${sums.join(", ")});`);
  emitter.push({ tag: "block", head: `for (var i = 0u; i < ${rows}u; i++)`, body });
}

function writeStores(
  shape: Shape,
  stores: readonly Value[],
  emitter: Emitter,
  context: LowerContext,
  row: Index,
  column: Index,
  lane?: Lane,
): void {
  const index = [
    ...splitIndex(variableIndex("batch", shape.batchCount), shape.batch, indexAlgebra),
    ...splitIndex(row, shape.left, indexAlgebra),
    ...splitIndex(column, shape.right, indexAlgebra),
  ];
  const values = stores.map((value) => emitter.emit(value, index, lane));
  stores.forEach((value, i) => {
    for (const target of context.targets(value)) {
      const at = joinIndex(index, value.type.shape, indexAlgebra);
      emitter.push({ tag: "store", target, index: at, value: lane ? widen(values[i]) : values[i] });
    }
  });
}
