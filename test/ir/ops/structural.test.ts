// Every op that is not elementwise: the device against the interpreter, and derivatives against differences.
import { describe, expect, test } from "vitest";
import { differentiate, gradients } from "../../../compiler/autodiff/reverse.ts";
import { sizeNames } from "../../../compiler/check/sizes.ts";
import { prepareEvaluation } from "../../../ir/evaluate.ts";
import { add, input, model, mul, sum, vjp, type DType, type Graph, type Tensor, type Value } from "chainrule";
import { allOps } from "../../../ir/ops/all.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { parseGraph } from "../../../ir/parse.ts";
import { printGraph } from "../../../ir/print.ts";
import { isFloat, type Shape } from "../../../ir/type.ts";
import { apply, postorder } from "../../../ir/value.ts";
import { loadModel } from "../../compiler/planning.ts";
import { draw, sizes, type Case, type Input, type Table } from "./structural/case.ts";
import { frames } from "./structural/frames.ts";
import { layouts } from "./structural/layouts.ts";
import { loops } from "./structural/loops.ts";
import { pools, products } from "./structural/products.ts";
import { reductions } from "./structural/reductions.ts";
import { running } from "./structural/running.ts";

const ops: Table = { ...layouts, ...frames, ...reductions(), ...running, ...products, ...loops };
const cases: Table = { ...ops, ...pools };

test("every op that is not elementwise has cases", () => {
  const elsewhere = ["elementwise", "leaf", "derivative"];
  const names = allOps().flatMap(({ kind, name }) => (elsewhere.includes(kind) ? [] : [name]));
  expect(Object.keys(ops).sort()).toEqual([...names].sort());
});

/** One result of a program, and what the interpreter is asked for: derivatives without any rewriting. */
interface Output {
  readonly name: string;
  readonly value: Value;
  readonly definition: Value;
}

/** One application in a program: its inputs, its result, and what it hands back of that when it is smooth. */
function applied(each: Case, number: number) {
  const inputs = each.inputs.map(
    ({ dtype, shape }, position) => input(`x${number}_${position}`, dtype, shape) as Tensor<"f32">,
  );
  const result = each.make(...inputs) as Tensor<"f32">;
  const floats = each.smooth ? inputs.filter(({ type }) => isFloat(type.dtype)) : [];
  const definitions = [result, ...differentiate(result, floats, result).gradients];
  const values = [result, ...floats.map((x) => vjp(result, x, result))];
  const outputs = values.map((value, i): Output => ({ name: `y${number}_${i}`, value, definition: definitions[i] }));
  return { each, inputs, outputs };
}

type Applied = ReturnType<typeof applied>;

function graphOf(all: readonly Case[]) {
  const parts: Applied[] = [];
  const graph = model("structural", () => {
    for (const [position, each] of all.entries()) parts.push(applied(each, position));
    return { run: Object.fromEntries(parts.flatMap(({ outputs }) => outputs.map(({ name, value }) => [name, value]))) };
  });
  return { parts, graph };
}

const arrays = { f32: Float32Array, f16: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint32Array };
const largest = 3.4028235e38;

/** What a result has wrong: nothing, or some of the elements. */
function faults(found: ArrayLike<number>, expected: Float64Array, dtype: string) {
  // Beside large elements, small ones are as good as the sums that they come from.
  const scale = expected.reduce((most, each) => (Math.abs(each) < largest ? Math.max(most, Math.abs(each)) : most), 0);
  const floor = Math.max(1e-6, scale / 100);
  const wrong = Array.from(expected).flatMap((value, index) => {
    const got = found[index];
    const near = dtype === "f32" && Math.abs(got - value) <= 1e-4 * Math.max(Math.abs(value), floor);
    const overflows = Math.abs(value) > largest && Math.abs(got) === Infinity && got > 0 === value > 0;
    return near || got === value || (Number.isNaN(got) && Number.isNaN(value)) || overflows
      ? []
      : [{ index, got, value }];
  });
  const short = found.length === expected.length ? [] : [{ length: found.length }];
  return [...short, ...wrong.slice(0, 5)];
}

/** Runs cases as one program, and in the interpreter; what differs, by case and output. */
async function runTogether(all: readonly Case[]): Promise<readonly unknown[]> {
  const { parts, graph } = graphOf(all);
  const fed = parts.flatMap(({ each, inputs }, number) =>
    inputs.map((leaf, i) => ({ leaf, numbers: draw(each.inputs[i], 97 * number + i + 1) })),
  );
  const names = new Set(sizeNames(graph));
  const module = await loadModel(graph, Object.fromEntries(Object.entries(sizes).filter(([name]) => names.has(name))));
  try {
    const feeds = fed.map(({ leaf, numbers }) => {
      return [graph.notes.get(leaf)!.name!, new arrays[leaf.type.dtype](numbers)] as const;
    });
    const call = module.run(Object.fromEntries(feeds));
    const outputs = parts.flatMap((part) => part.outputs.map((output) => ({ ...output, part })));
    const expected = prepareEvaluation(
      outputs.map(({ definition }) => definition),
      sizes,
    )(new Map(fed.map(({ leaf, numbers }) => [leaf, numbers])));
    const all: unknown[] = [];
    for (const { name, value, definition, part } of outputs) {
      const found: unknown = await call[name];
      const numbers = typeof found === "object" ? (found as ArrayLike<number>) : [Number(found)];
      const wrong = faults(numbers, expected.get(definition)!, value.type.dtype);
      if (wrong.length > 0) all.push({ name: `${part.each.name}, ${name}`, wrong });
    }
    return all;
  } finally {
    module.destroy();
  }
}

describe("on the device as in the interpreter", () => {
  test.each(Object.keys(cases))("%s", async (name) => {
    const size = 12;
    for (let from = 0; from < cases[name].length; from += size) {
      expect(await runTogether(cases[name].slice(from, from + size))).toEqual([]);
    }
  });
});

const leaf = (name: string, shape: Shape, dtype: DType): Value =>
  apply(inputOp, [], { identity: { name, dtype, shape } });

/** Σ y·weight, its slope along directions of the float inputs, and the slope of that. */
function slopes(each: Case) {
  const inputs = each.inputs.map(({ dtype, shape }, i) => leaf(`x${i}`, shape, dtype));
  const result = each.make(...(inputs as Tensor<"f32">[]));
  const floats = inputs.filter(({ type }) => isFloat(type.dtype)) as Tensor<"f32">[];
  const like = (value: Value, name: string) => leaf(name, value.type.shape, "f32") as Tensor<"f32">;
  const weights = like(result, "weights");
  const directions = floats.map((x, i) => like(x, `d${i}`));
  const along = (value: Tensor<"f32">): Tensor<"f32"> =>
    gradients(value, floats)
      .map((g, i) => sum(mul(g as Tensor<"f32">, directions[i])) as Tensor<"f32">)
      .reduce((a, b) => add(a, b));
  const loss = sum(mul(result as Tensor<"f32">, weights)) as Tensor<"f32">;
  const slope = along(loss);
  return { inputs, floats, weights, directions, levels: [loss, slope, along(slope)] };
}

describe("derivatives to second order", () => {
  const all = Object.entries(cases).flatMap(([name, each]) =>
    each.filter((one) => one.smooth).map((one) => [`${name} ${one.name}`, one] as const),
  );
  test.each(all)("%s", (_, each) => {
    const { inputs, floats, weights, directions, levels } = slopes(each);
    const others = [weights, ...directions];
    const drawn = [
      ...each.inputs,
      ...others.map(({ type }): Input => ({ dtype: "f32", shape: type.shape, numbers: "normal" })),
    ];
    const feeds = new Map([...inputs, ...others].map((value, i) => [value, draw(drawn[i], 31 * i + 5)]));
    const evaluate = prepareEvaluation(levels, sizes);
    const at = (shift: number, level: number): number => {
      const moved = floats.map(
        (x, i) => [x, feeds.get(x)!.map((from, j) => from + shift * feeds.get(directions[i])![j])] as const,
      );
      return evaluate(new Map([...feeds, ...moved])).get(levels[level])![0];
    };
    const h = 1e-4;
    const difference = (level: number): number =>
      (8 * (at(h, level) - at(-h, level)) - (at(2 * h, level) - at(-2 * h, level))) / (12 * h);
    for (const level of [1, 2]) {
      const found = at(0, level);
      expect(Math.abs(found - difference(level - 1))).toBeLessThan(1e-6 * Math.max(1, Math.abs(found)));
    }
  });
});

test.each(Object.entries(cases))("%s reads back as printed", (_, all) => {
  const { graph } = graphOf(all.map((each) => ({ ...each, smooth: false })));
  const text = printGraph(graph);
  const back = parseGraph(text, "printed.graph");
  const count = ({ entryPoints }: Graph): number => postorder(entryPoints[0].outputs.map(({ value }) => value)).length;
  expect(printGraph(back)).toBe(text);
  expect(count(back)).toBe(count(graph));
});
