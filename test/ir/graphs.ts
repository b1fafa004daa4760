/// Graphs for the tests of the notation: hand-made ones, and random ones from a seed.
import fc from "fast-check";
import type { Graph } from "../../ir/graph.ts";
import { add, div, mul, neg, square, sub } from "../../ir/ops/arithmetic.ts";
import { allOps } from "../../ir/ops/all.ts";
import { cast, where } from "../../ir/ops/choose.ts";
import { contract } from "../../ir/ops/contract.ts";
import { exp, pow, relu, sigmoid } from "../../ir/ops/functions.ts";
import { transpose } from "../../ir/ops/layout.ts";
import { constant, inputOp, stateOp } from "../../ir/ops/leaf.ts";
import { logsumexp, max, mean } from "../../ir/ops/reduce.ts";
import { spread, sum } from "../../ir/ops/sum.ts";
import { softmax } from "../../ir/nn/softmax.ts";
import { greater, less } from "../../ir/ops/compare.ts";
import { scan } from "../../ir/scan.ts";
import { zeros } from "../../ir/initializer.ts";
import type { DType, Shape } from "../../ir/type.ts";
import { apply, postorder, type Value } from "../../ir/value.ts";

/** An input leaf. */
export function leaf(name: string, shape: Shape, dtype: DType = "f32"): Value {
  return apply(inputOp, [], { identity: { name, dtype, shape } });
}

/** A parameter leaf. */
export function weight(name: string, shape: Shape): Value {
  const identity = { name, dtype: "f32", shape, parameter: true, trainable: true, initializer: zeros() };
  return apply(stateOp, [], { identity });
}

/** A graph with one entry point; `names` are the values that have names besides leaves. */
export function graphOf(
  outputs: Readonly<Record<string, Value>>,
  names: Readonly<Record<string, Value>> = {},
  updates: readonly { readonly state: Value; readonly value: Value }[] = [],
): Graph {
  const named = Object.entries(outputs).map(([name, value]) => ({ name, value }));
  const roots = [...named.map(({ value }) => value), ...updates.flatMap(({ state, value }) => [state, value])];
  const leaves = postorder(roots).filter((value) => value.op.kind === "leaf" && !value.op.structural);
  const notes = new Map(leaves.map((each) => [each, { name: (each.attrs.identity as { name: string }).name }]));
  for (const [name, value] of Object.entries(names)) notes.set(value, { name });
  for (const { name, value } of named) if (!notes.has(value)) notes.set(value, { name });
  return {
    name: "test",
    entryPoints: [{ name: "run", outputs: named, updates }],
    inputs: leaves.filter((each) => each.op !== stateOp),
    states: leaves.filter((each) => each.op === stateOp),
    notes,
  };
}

/** For each elementwise op of numbers or truths an application, with a bare number where the op takes one. */
export function elementwiseSamples(): readonly (readonly [string, Value])[] {
  const operands: readonly (readonly [string, (dtype: DType) => readonly Value[]])[] = [
    ["one", (dtype) => [leaf("x", [2, 3], dtype)]],
    ["two", (dtype) => [leaf("x", [2, 3], dtype), leaf("y", [2, 3], dtype)]],
    ["number", (dtype) => [leaf("x", [2, 3], dtype), constant(1, dtype, [2, 3])]],
    ["other number", (dtype) => [constant(0, dtype, [2, 3]), leaf("x", [2, 3], dtype)]],
    [
      "choice",
      (dtype) => [
        leaf("c", [2, 3], "bool"),
        leaf("x", [2, 3], dtype),
        constant(dtype === "f32" || dtype === "i32" ? -1 : 1, dtype, [2, 3]),
      ],
    ],
  ];
  return allOps().flatMap((op) => {
    if (op.kind !== "elementwise" || ["cast", "bitcast"].includes(op.name)) return [];
    return (["f32", "i32", "u32", "bool"] as const).flatMap((dtype) =>
      operands.flatMap(([what, make]): readonly (readonly [string, Value])[] => {
        const values = make(dtype);
        try {
          const result = apply(op, values);
          const dtypes = values.map((value) => value.type.dtype);
          const names = ["a", "b", "c"].slice(0, values.length);
          const text = op.wgsl(names, { result: result.type.dtype, operands: dtypes, lanes: 1 });
          const wanted = names.filter((name) => new RegExp(`\\b${name}\\b`).test(text)).length;
          return wanted === values.length && !text.includes("undefined")
            ? [[`${op.name} of ${what} ${dtype}`, result]]
            : [];
        } catch {
          return [];
        }
      }),
    );
  });
}

type Step = readonly [operation: number, left: number, right: number, named: boolean];

/** Random programs over matrices [batch, 4], vectors [batch] and [4], and scalars. */
export const randomGraphs: fc.Arbitrary<Graph> = fc
  .array(fc.tuple(fc.nat(19), fc.nat(1000), fc.nat(1000), fc.boolean()), { minLength: 1, maxLength: 40 })
  .map((steps) => buildRandom(steps));

function buildRandom(steps: readonly Step[]): Graph {
  const matrices = [leaf("x", ["batch", 4]), leaf("y", ["batch", 4])];
  const square4 = weight("layer.weight", [4, 4]);
  const columns = [leaf("column", ["batch"])];
  const names: Record<string, Value> = {};
  steps.forEach(([operation, left, right, isNamed], i) => {
    const [a, b] = [matrices[left % matrices.length], matrices[right % matrices.length]];
    const column = columns[right % columns.length];
    const made = applyRandom(operation, a, b, column, square4);
    if (made.type.shape.length === 2) matrices.push(made);
    else columns.push(made);
    if (isNamed && !made.constant && !Object.values(names).includes(made)) names[i % 3 ? `t${i}` : `∂L/∂t${i}`] = made;
  });
  const last = matrices.at(-1)!;
  return graphOf({ total: sum(mul(last, last)), again: mean(columns.at(-1)!) }, leavesOut(names));
}

function leavesOut(names: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value.op.kind !== "leaf"));
}

function applyRandom(operation: number, a: Value, b: Value, column: Value, weights: Value): Value {
  const along = spread(column, a.type, [1]);
  const choices: readonly (() => Value)[] = [
    () => add(a, b),
    () => sub(a, sub(b, a)),
    () => mul(a, add(b, 1)),
    () => div(sub(a, b), 3),
    () => neg(mul(a, b)),
    () => mul(neg(a), -2.5),
    () => square(sub(a, b)),
    () => pow(sigmoid(a), 2),
    () => relu(a),
    () => exp(sub(a, along)),
    () => softmax(a),
    () => sum(mul(a, b), { axis: 1 }),
    () => logsumexp(a, { axis: 1 }),
    () => max(a, { axis: 1 }),
    () => where(greater(a, 0), b, where(less(b, along), 0, a)),
    () => cast(greater(a, b), "f32"),
    () => contract(a, weights, { batch: [], contracted: [[1, 0]] }),
    () => contract(a, weights, { batch: [], contracted: [[1, 1]] }),
    () => transpose(transpose(add(a, along))),
    () => contract(a, b, { batch: [[0, 0]], contracted: [[1, 1]] }),
  ];
  return choices[operation]();
}

/** A loop within a loop, over a named size; the inner one reads the outer one's carry. */
export function loops(): Value {
  const [sequence, start] = [leaf("sequence", ["time", 4]), leaf("start", [4])];
  const { carry, outputs } = scan(
    ([total], [row], position) => {
      const inner = scan(([part], [each]) => ({ carry: [add(part, each)] }), {
        initial: [constant(0)],
        sequences: [mul(row, total)],
        reverse: true,
      });
      const next = add(mul(total, 0.5), mul(inner.carry[0], cast(position, "f32")));
      return { carry: [next], outputs: [exp(next), exp(next)] };
    },
    { initial: [start], sequences: [sequence] },
  );
  return add(add(carry[0], sum(outputs[0], { axis: 0 })), sum(outputs[1], { axis: 0 }));
}
