/// Which operand of a product has the rows is free where only products read it: it is decided by how fours of numbers are
/// read. They lie in memory along the last axis; where they are wanted along another, a block of them is transposed on its
/// way into a kernel. The derivative of a transposed operand is such a product: of aᵀ there is the slope, and all want that of a.
///
/// And a tile has four columns, but as few rows as there are: the product of a matrix and a column is that of a row and a
/// matrix, in which each thread has four results and no place for what is not there.
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { contract, contractAttrs, operandAxes, type AxisPair, type OperandAxes } from "../../ir/ops/contract.ts";
import { transpose } from "../../ir/ops/layout.ts";
import { usersOf, withOperands, type Value } from "../../ir/value.ts";
import { describeContraction, hasFewColumns, type Vectorised } from "../lower/contraction-shape.ts";
import type { Pass } from "../pass.ts";
import { readingInstead } from "../rewrite/bottom-up.ts";
import { rebuildGraph, rewriteValues } from "./replace.ts";

export const turnProducts: Pass = {
  name: "turn-products",
  doc: "Few columns are rows; operands of a product that products alone read lie so that fewer blocks are transposed.",
  run(before: Graph): Graph {
    const graph = rewriteValues(before, columnsAsRows);
    const chosen = productsToTurn(graph);
    if (chosen.size === 0) return graph;
    return rebuildGraph(graph, (value, operands) => {
      const read = operands.map((operand, at) => {
        const before = value.operands[at];
        return chosen.has(before) ? turnedBack(operand, before) : operand;
      });
      const rebuilt = withOperands(value, read);
      return chosen.has(value) ? turned(rebuilt) : rebuilt;
    });
  },
};

/** The product with its few columns as rows. */
function columnsAsRows(value: Value): Value {
  const isNumeric = value.op.kind === "contraction" && !contractAttrs(value).picks;
  return isNumeric && hasFewColumns(value) ? turnedBack(turned(value), value) : value;
}

function productsToTurn(graph: Graph): ReadonlySet<Value> {
  const values = graphValues(graph);
  const users = usersOf(values);
  const roots = new Set(graphRoots(graph));
  /** The contractions that read a value, also through layouts; none where anything else does. */
  const readersOf = (value: Value): readonly Value[] => {
    const own = roots.has(value) ? [] : (users.get(value) ?? []);
    const readers = own.map((user) => {
      return user.op.kind === "contraction" ? [user] : user.op.kind === "layout" ? readersOf(user) : [];
    });
    return readers.some((each) => each.length === 0) ? [] : readers.flat();
  };
  const isTurned = (value: Value): boolean => {
    if (value.op.kind !== "contraction" || contractAttrs(value).picks) return false;
    const readers = readersOf(value);
    const before = readers.length === 0 ? 0 : transposedBy([value, ...readers]);
    return before > 0 && isFree(value) && transposedTurned(value, readers) < before;
  };
  return new Set(values.filter(isTurned));
}

/** True for a product with rows and columns, whose tiles fit the other way round as well. */
function isFree(value: Value): boolean {
  if (sidesOf(value).some(({ free }) => free.length === 0)) return false;
  const { wholeBatch, wholeRows, wholeColumns } = describeContraction(turned(value));
  return wholeBatch && wholeRows && wholeColumns;
}

/** How many blocks are transposed where the product is turned, by itself and by those that read it. */
function transposedTurned(value: Value, readers: readonly Value[]): number {
  const other = turned(value);
  const back = turnedBack(other, value);
  return transposedBy([other, ...readers.map((reader) => readingInstead(reader, value, back))]);
}

/** How operands are read with nothing to transpose: the left one along the contracted axis, the right one along its own. */
const asTheyLie: readonly Vectorised[] = ["k", "edge"];

/** How many operands of contractions are not read as they lie. */
function transposedBy(products: readonly Value[]): number {
  const modes = products.flatMap((each) =>
    describeContraction(each).modes.map((mode, side) => mode === asTheyLie[side]),
  );
  return modes.filter((isPlain) => !isPlain).length;
}

/** The same sums with columns for rows. */
export function turned(value: Value): Value {
  const { batch, contracted } = contractAttrs(value);
  const [left, right] = value.operands;
  const swap = (pairs: readonly AxisPair[]): readonly AxisPair[] => pairs.map(([one, other]) => [other, one]);
  return contract(right, left, { batch: swap(batch), contracted: swap(contracted) });
}

/** What is turned, with its axes as the product `before` had them. */
export function turnedBack(other: Value, before: Value): Value {
  const [{ batch, free: rows }, { free: columns }] = sidesOf(before);
  const from = (count: number, start: number): readonly number[] => Array.from({ length: count }, (_, i) => start + i);
  const axes = [
    ...from(batch.length, 0),
    ...from(rows.length, batch.length + columns.length),
    ...from(columns.length, batch.length),
  ];
  return transpose(other, axes);
}

function sidesOf(value: Value): readonly [OperandAxes, OperandAxes] {
  const attrs = contractAttrs(value);
  const [left, right] = value.operands.map((operand) => operand.type.shape.length);
  return [operandAxes(attrs, 0, left), operandAxes(attrs, 1, right)];
}
