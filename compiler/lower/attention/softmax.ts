/// A softmax while its scores go by: the largest so far of each row, and the total of exponentials relative to it. When a
/// larger one comes, what was added up before shrinks (Milakov and Gimelshein 2018).
import { exp } from "../../../ir/ops/functions.ts";
import type { Value } from "../../../ir/value.ts";
import { splitIndex } from "../../../ir/ops/layout.ts";
import { constantIndex, indexAlgebra, variableIndex } from "../index.ts";
import { components, type Expression } from "../kernel.ts";
import { writeStores } from "../store.ts";
import { fourOf, range, type Running, type SumNames, type Writer } from "./writer.ts";

const isFinite = (text: string): string => `(bitcast<vec4u>(${text}) & vec4u(0x7fffffffu)) < vec4u(0x7f800000u)`;

/** Declares what runs along. */
export function declareSoftmax({ plan, emitter, namer }: Writer): Running {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const declare = (name: string, start: string): readonly string[] =>
    range(plan.blocks).map(() => {
      const variable = namer(name);
      line(`var ${variable} = vec4f(${start});`);
      return variable;
    });
  const [largest, shift, total] = [declare("largest", "-infinity"), declare("shift", ""), declare("total", "")];
  let finished: readonly string[] | undefined;
  const finish = (): readonly string[] =>
    total.map((each) => {
      const [all, name] = [namer("totals"), namer("whole")];
      line(`let ${all} = exchange(${each}, local.x);`);
      line(`let ${name} = ${all}[0] + ${all}[1] + ${all}[2] + ${all}[3];`);
      return name;
    });
  return { largest, shift, total, finish: () => (finished ??= finish()) };
}

/** Takes in the logits of sixteen columns; the weights are held then, as exponentials relative to the largest so far. */
export function followScores(
  running: Running,
  sums: readonly SumNames[],
  logits: readonly string[],
  writer: Writer,
): void {
  const { plan, emitter, namer, held } = writer;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  for (const block of range(plan.blocks)) {
    const rows = range(4).map((row) => logits[4 * block + row]);
    const [largest, shift, total] = [running.largest[block], running.shift[block], running.total[block]];
    const [tops, next, turned] = [namer("tops"), namer("next"), namer("turned")];
    const top = rows.map((row) => `max(max(${row}.x, ${row}.y), max(${row}.z, ${row}.w))`);
    line(`let ${tops} = exchange(vec4f(${top.join(", ")}), local.x);`);
    line(`let ${next} = max(${largest}, max(max(${tops}[0], ${tops}[1]), max(${tops}[2], ${tops}[3])));`);
    line(`let ${turned} = select(vec4f(), ${next}, ${isFinite(next)});`);
    const shrunk = exponential(`${shift} - ${turned}`, "shrunk", writer);
    // Of nothing, nothing shrinks.
    const factor = namer("factor");
    line(`let ${factor} = select(vec4f(1.0), ${shrunk}, ${isFinite(largest)});`);
    line(`${largest} = ${next};`);
    line(`${shift} = ${turned};`);
    const raised = rows.map((row, i) => exponential(`${row} - ${turned}.${components[i]}`, "raised", writer));
    const added = raised.map((each) => `${each}.x + ${each}.y + ${each}.z + ${each}.w`);
    line(`${total} = ${total} * ${factor} + vec4f(${added.join(", ")});`);
    raised.forEach((each, i) => held.setRow(plan.softmax!.weights, 4 * block + i, fourOf(each)));
    for (const { parts } of sums) {
      for (const part of parts[block]) {
        line(`${part} = mat4x4f(${components.map((each, i) => `${part}[${i}] * ${factor}.${each}`).join(", ")});`);
      }
    }
  }
}

/** e^ of four numbers, in a variable. */
function exponential(text: string, hint: string, { emitter, namer }: Writer): string {
  const name = namer(hint);
  const value: Expression = { tag: "apply", op: exp.op, operands: [fourOf(text)], dtype: "f32", lanes: 4 };
  emitter.push({ tag: "let", name, value });
  return name;
}

/** Writes the shift and the total of each row. */
export function writeStatistics(running: Running, value: Value, writer: Writer): void {
  const { plan, emitter, held, context } = writer;
  const totals = running.finish();
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const shape = value.type.shape.slice(1);
  const [batch, rows] = [plan.attention.space.batch, variableIndex("r", plan.rowCount)];
  const body = emitter.scope(() => {
    for (const block of range(plan.blocks)) {
      for (const i of range(4)) {
        const inner = emitter.scope(() => {
          line(`let r = row + ${4 * block + i}u;`);
          const index = [
            ...splitIndex(variableIndex("batch", plan.batchCount), shape.slice(0, batch), indexAlgebra),
            ...splitIndex(rows, shape.slice(batch), indexAlgebra),
          ];
          const put = (place: number, text: string): void => {
            held.set(value, { tag: "name", text: `${text}.${components[i]}`, dtype: "f32", lanes: 1 });
            writeStores([value], () => [constantIndex(place), ...index], emitter, context);
          };
          put(0, running.shift[block]);
          put(1, totals[block]);
        });
        const head =
          plan.rowCount % 4 === 0 && plan.rowCount % (4 * plan.blocks * plan.quads) === 0
            ? ""
            : `if (row + ${4 * block + i}u < ${plan.rowCount}u)`;
        emitter.push({ tag: "block", head, body: inner });
      }
    }
  });
  emitter.push({ tag: "block", head: "if (lane == 0u)", body });
}
