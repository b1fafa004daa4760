/// The sums of a kernel of attention: rows by rows and fours by fours of numbers, in registers.
import { operandIndex, resultIndex } from "../contraction-shape.ts";
import { variableIndex, type Index } from "../index.ts";
import { widen, type Expression } from "../kernel.ts";
import { writeStores } from "../store.ts";
import { moved, stride, type Sum } from "./plan.ts";
import { fourOf, range, type Running, type SumNames, type Writer } from "./writer.ts";

/** Declares the sums. */
export function declareSums({ plan, emitter, namer }: Writer): readonly SumNames[] {
  return plan.sums.map((sum) => {
    const parts = range(plan.blocks).map(() => range(sum.fours).map(() => namer("sum")));
    for (const name of parts.flat()) emitter.push({ tag: "line", text: `var ${name} = mat4x4f();` });
    return { sum, parts };
  });
}

/** Adds what sixteen columns give; `weights` are the variables with four of them for each row. */
export function addUp({ sum, parts }: SumNames, weights: readonly string[], writer: Writer): void {
  const { emitter, namer, plan } = writer;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const shared = weights.map((weight) => {
    const name = namer("shared");
    line(`let ${name} = exchange(${weight}, local.x);`);
    return name;
  });
  const body = emitter.scope(() => {
    line("let key = first + 4u * j;");
    for (const block of range(plan.blocks)) {
      const rows = range(4).map((row) => `pick(${shared[4 * block + row]}, j)`);
      line(`let a${block} = mat4x4f(${rows.join(", ")});`);
    }
    for (const four of range(sum.fours)) {
      const columns = range(4).map((step) => numbersOf(sum, four, step, writer));
      const matrix: Expression = { tag: "call", name: "mat4x4f", operands: columns, dtype: "f32", lanes: 4 };
      emitter.push({ tag: "let", name: `b${four}`, value: matrix });
      for (const block of range(plan.blocks)) line(`${parts[block][four]} += b${four} * a${block};`);
    }
  });
  emitter.push({ tag: "block", head: "for (var j = 0u; j < 4u; j++)", body });
}

/** Four of the numbers that belong to one of four columns. */
function numbersOf(sum: Sum, four: number, column: number, { plan, emitter }: Writer): Expression {
  const side = sum.side === 0 ? 1 : 0;
  const edge = moved("edge", sum.width, stride * four);
  const at = operandIndex(sum.shape, side)(edge, moved("key", plan.columnCount, column));
  const read = widen(emitter.emit(sum.tensor, at, { variable: "edge", extent: sum.width }));
  if (plan.columnCount % stride === 0) return read;
  // What is read beyond the last column may be anything, and 0 times anything is not always 0.
  const operands = [fourOf("vec4f()"), read, fourOf(`key + ${column}u < ${plan.columnCount}u`)];
  return { tag: "call", name: "select", operands, dtype: "f32", lanes: 4 };
}

/** Writes the sums; of a softmax, divided by its totals. */
export function writeResults(writer: Writer, sums: readonly SumNames[], running: Running | undefined): void {
  const { emitter, plan } = writer;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const totals = running?.finish();
  for (const { sum, parts } of sums) {
    const names = parts.flat();
    const body = emitter.scope(() => {
      const block = `i / ${4 * sum.fours}u`;
      line(`let r = row + ${plan.blocks === 1 ? "" : `${block} * 4u + `}i % 4u;`);
      line(`let c = edge + i / 4u${plan.blocks === 1 ? "" : ` % ${sum.fours}u`} * ${stride}u;`);
      const beyond = [
        ...(plan.rowCount % (4 * plan.blocks * plan.quads) === 0 ? [] : [`r >= ${plan.rowCount}u`]),
        ...(sum.width % stride === 0 ? [] : [`c >= ${sum.width}u`]),
      ];
      if (beyond.length > 0) line(`if (${beyond.join(" || ")}) { continue; }`);
      const total = totals && (plan.blocks === 1 ? `${totals[0]}[i % 4u]` : `totals[${block}][i % 4u]`);
      line(`let four = tile[i / 4u][i % 4u]${total === undefined ? "" : ` / ${total}`};`);
      storeFour(sum, writer);
    });
    const tile = emitter.scope(() => {
      line(`var tile = array<mat4x4f, ${names.length}>(${names.join(", ")});`);
      if (totals && plan.blocks > 1) line(`var totals = array<vec4f, ${plan.blocks}>(${totals.join(", ")});`);
      emitter.push({ tag: "block", head: `for (var i = 0u; i < ${4 * names.length}u; i++)`, body });
    });
    emitter.push({ tag: "block", head: "", body: tile });
  }
}

function storeFour(sum: Sum, { emitter, plan, held, context }: Writer): void {
  const [row, edge] = [variableIndex("r", plan.rowCount), variableIndex("c", sum.width)];
  const [first, second]: readonly Index[] = sum.side === 0 ? [row, edge] : [edge, row];
  const at = resultIndex(sum.shape, first, second);
  held.set(sum.value, fourOf("four"));
  writeStores([sum.value], () => at, emitter, context, { variable: "c", extent: sum.width });
}
