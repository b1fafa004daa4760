/// The root of a mean of squares that an optimizer keeps: exponentials in a gradient are no reason to measure it by exponents.
import {
  adam,
  div,
  exp,
  grad,
  input,
  mean,
  model,
  mul,
  param,
  sigmoid,
  softplus,
  sqrt,
  square,
  state,
} from "chainrule";
import { add, sub, tanh, type Graph, type Value } from "chainrule";
import { expect, it } from "vitest";
import { derive } from "../../../compiler/passes/all.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectNear, onDevice } from "../stability/scoreboard/device.ts";
import { truthOf } from "../stability/scoreboard/measure.ts";
import { programOf, type Row } from "../stability/scoreboard/row.ts";

/** A parameter within a loss → what numbers are multiplied by. */
const gates: Readonly<Record<string, (s: Value) => Value>> = {
  exp: (s) => exp(s),
  "1/exp": (s) => div(1, exp(s)) as Value,
  sigmoid: (s) => sigmoid(s),
  softplus: (s) => softplus(s),
  tanh: (s) => tanh(s),
};

/** The derived graph of a gate that is trained, as one text without lines. */
function trained(gate: (s: Value) => Value, update: (loss: Value, s: Value) => unknown): string {
  const graph: Graph = model("gate", () => {
    const x = input("x", "f32", [8]);
    const s = param([], { name: "s" }) as Value;
    const loss = mean(mul(x as Value, gate(s))) as Value;
    return { train: { loss, update: update(loss, s) } } as never;
  });
  return printGraph(derive(graph)).replace(/\s+/g, " ");
}

it.each(Object.entries(gates))("Adam's stays a root: %s", (_, gate) => {
  const text = trained(gate, (loss) => adam(loss as never));
  expect(text).toContain("(sqrt(adam.v.s′ / adam.v.norm) + 1e-8)");
  expect(text).not.toContain("-1e+38");
});

it.each(Object.entries(gates))("and so does one that is written by hand: %s", (_, gate) => {
  const text = trained(gate, (loss, s) => {
    const squares = state([], { name: "v" }) as Value;
    const slope = grad(loss as never, s) as Value;
    const next = add(mul(0.9, squares), mul(0.1, square(slope))) as Value;
    const step = mul(0.01, div(slope, sqrt(add(next, 1e-8) as Value))) as Value;
    return [
      { state: squares, value: next },
      { state: s, value: sub(s, step) },
    ];
  });
  expect(text).toContain("/ sqrt(v′ + 1e-8)");
  expect(text).not.toContain("-1e+38");
});

it("keeps its digits where the weight's square vanishes or overflows, and the gradient's does not", async () => {
  const row: Row = {
    name: "Adam's step",
    about: "",
    program: "const g = mul(x, exp(s)); return div(g, add(sqrt(add(mul(0.999, v), mul(0.001, square(g)))), 1e-8));",
    given: ["x", "s", "v"],
    points: [{ at: { x: 1e-26, s: 60, v: 0 } }, { at: { x: 1e24, s: -60, v: 0 } }, { at: { x: 2, s: 1, v: 3 } }],
  };
  const program = programOf(row);
  const results = await onDevice(row, program);
  row.points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
});
