/// One step of the walk: scores of sixteen columns, and what the sums take of them.
import type { Value } from "../../../ir/value.ts";
import { writeProduct } from "../contraction/product.ts";
import { indexAlgebra, variableIndex, type Index } from "../index.ts";
import { widen, type Expression } from "../kernel.ts";
import type { Lane } from "../leaf.ts";
import { moved, rangeOfColumns, scoreIndex, stride } from "./plan.ts";
import { addUp } from "./sums.ts";
import { fourOf, rowsOfQuad, type SumNames, type Writer } from "./writer.ts";

/** Given what the logits of each row are called, writes what follows from them. */
export type Follow = (logits: readonly string[]) => void;

/** The loop over columns. */
export function writeBlock(writer: Writer, sums: readonly SumNames[], follow: Follow | undefined): void {
  const { plan, emitter } = writer;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  holdRows(writer);
  line("let edge = lane * 4u;");
  const { body } = emitter.loop("column", () => {
    line("let column = first + edge;");
    if (plan.columnCount % stride !== 0) {
      line(`let beyond = vec4u(column, column + 1u, column + 2u, column + 3u) >= vec4u(${plan.columnCount}u);`);
    }
    writeScores(writer);
    holdColumns(writer);
    if (plan.softmax && follow)
      follow(rowsOfQuad(plan).map((row) => rowOf(writer, plan.softmax!.logits, row, "-infinity")));
    for (const sum of sums)
      addUp(
        sum,
        rowsOfQuad(plan).map((row) => rowOf(writer, sum.sum.weights, row, "0.0")),
        writer,
      );
  });
  const [start, end] = rangeOfColumns(plan);
  if (end !== `${plan.columnCount}u`) line(`let end = ${end};`);
  const head = `for (var first = ${start}; first < ${end === `${plan.columnCount}u` ? end : "end"}; first += ${stride}u)`;
  emitter.push({ tag: "block", head, body });
}

const laneOf = ({ plan }: Writer): Lane => ({ variable: "column", extent: plan.columnCount });

function indexOf({ plan }: Writer, row: number): readonly Index[] {
  const { rowCount, columnCount } = plan;
  const column = variableIndex(
    "column",
    columnCount % 4 === 0 ? columnCount : Math.ceil(columnCount / stride) * stride,
  );
  // Four columns lie in one vector of memory where all of them come in fours; else they are read one by one, none beyond.
  const inside = columnCount % 4 === 0 ? column : indexAlgebra.remainder(column, columnCount);
  return scoreIndex(plan, moved("row", rowCount, row), inside);
}

/** Declares the products that scores are made of: a matrix for four rows, with a row in each column. */
function writeScores(writer: Writer): void {
  const { plan, emitter, held } = writer;
  plan.products.forEach(({ value, shape }, n) => {
    writeProduct(shape, emitter, `s${n}`);
    for (const row of rowsOfQuad(plan)) held.setRow(value, row, fourOf(`s${n}${Math.floor(row / 4)}[${row % 4}]`));
  });
}

/** What hangs on rows alone is read once, before the walk. */
function holdRows(writer: Writer): void {
  const { plan, emitter, held } = writer;
  for (const { value, along } of plan.spreads) {
    if (along !== "row") continue;
    for (const row of rowsOfQuad(plan)) {
      held.turnTo(row);
      held.setRow(value, row, emitter.hold(value, emitter.emit(value, indexOf(writer, row))));
    }
  }
}

/** What hangs on columns alone is read once for all rows. */
function holdColumns(writer: Writer): void {
  const { plan, emitter, held } = writer;
  for (const { value, along } of plan.spreads) {
    if (along !== "column") continue;
    held.set(value, emitter.hold(value, emitter.emit(value, indexOf(writer, 0), laneOf(writer))));
  }
}

/** Four numbers of a row in a variable; `outside` stands where there are no columns any more. */
function rowOf(writer: Writer, value: Value, row: number, outside: string): string {
  const { plan, emitter, held } = writer;
  held.turnTo(row);
  const found: Expression = emitter.hold(value, widen(emitter.emit(value, indexOf(writer, row), laneOf(writer))));
  const text = found.tag === "name" ? found.text : writer.namer("weight");
  if (found.tag !== "name") emitter.push({ tag: "let", name: text, value: found });
  // Weights of a softmax are 0 where its logits are −∞.
  if (plan.columnCount % stride === 0 || (plan.softmax && value !== plan.softmax.logits)) return text;
  const name = writer.namer("inside");
  emitter.push({ tag: "line", text: `let ${name} = select(${text}, vec4f(${outside}), beyond);` });
  return name;
}
