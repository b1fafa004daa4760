/// Every elementwise op there is, on every combination of element types that it takes: the device against the float64
/// reference over the whole range of float32, and derivatives against differences. New ops come along by themselves.
import { describe, expect, it } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { gradients } from "../../../compiler/autodiff/reverse.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { broadcastTo, sum } from "../../../ir/ops/sum.ts";
import { input, model, type Value } from "../../../ir/index.ts";
import type { DType } from "../../../ir/type.ts";
import { apply } from "../../../ir/value.ts";
import { load } from "../../../runtime/index.ts";
import type { AnyModule } from "../../compiler/planning.ts";
import { testDevice } from "../../gpu.ts";
import { casesOf, elementwiseOps, stream, tuplesOf, type Case } from "./cases.ts";
import { rows, type Row } from "./rows.ts";

/** An application of a case to inputs of certain shapes, and what it has to give. */
interface Trial {
  readonly name: string;
  readonly of: Case;
  readonly shapes: readonly (readonly number[])[];
  readonly data: readonly (readonly number[])[];
  /** Operands of each element of the result. */
  readonly tuples: readonly (readonly number[])[];
}

/** The same numbers one by one, four by four, and broadcast against each other. */
function trialsOf(each: Case): readonly Trial[] {
  const all = tuplesOf(each, 150);
  const trial = (suffix: string, shape: readonly number[], tuples: readonly (readonly number[])[]): Trial => ({
    name: `${each.name}_${suffix}`,
    of: each,
    shapes: each.dtypes.map(() => shape),
    data: each.dtypes.map((_, i) => tuples.map((tuple) => tuple[i])),
    tuples,
  });
  const odd = all.slice(0, all.length - (all.length % 2 === 0 ? 1 : 0));
  const fours = all.slice(0, all.length - (all.length % 4));
  return [
    trial("one", [odd.length], odd),
    trial("four", [fours.length / 4, 4], fours),
    ...([2, 3].includes(each.dtypes.length) ? [broadcastTrial(each, all)] : []),
  ];
}

/** Operands of shapes [3, 1, 5], [7, 1], [7, 5]. */
function broadcastTrial(of: Case, all: readonly (readonly number[])[]): Trial {
  const extents = [
    [3, 1, 5],
    [7, 1],
    [7, 5],
  ];
  const shapes = of.dtypes.map((_, i) => extents[i]);
  const data = shapes.map((shape, i) => {
    return Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => all[(at * 11 + 3 * i) % all.length][i]);
  });
  const places = Array.from({ length: 105 }, (_, at) => [Math.floor(at / 35), Math.floor(at / 5) % 7, at % 5]);
  const tuples = places.map(([p, q, r]) => shapes.map((_, i) => data[i][[5 * p + r, q, 5 * q + r][i]]));
  return { name: `${of.name}_broadcast`, of, shapes, data, tuples };
}

function graphOfTrials(trials: readonly Trial[]) {
  return model("ops", () => {
    const outputs = trials.map(({ name, of, shapes }): [string, Value] => {
      const operands = of.dtypes.map((dtype, i) => input(`${name}_${i}`, dtype, shapes[i]) as Value);
      const shape = operands.length > 1 && name.endsWith("broadcast") ? [3, 7, 5] : shapes[0];
      return [
        name,
        apply(
          of.op,
          operands.map((each) => broadcastTo(each, shape)),
          of.attrs,
        ),
      ];
    });
    return { run: Object.fromEntries(outputs) };
  });
}

function typed(dtype: DType, data: readonly number[]): Float32Array | Int32Array | Uint32Array {
  return dtype === "f32" ? Float32Array.from(data) : dtype === "i32" ? Int32Array.from(data) : Uint32Array.from(data);
}

const largest = 3.4028234663852886e38;
const smallest = 1.1754943508222875e-38;
/** Half a unit in the last place of 1. */
const unit = 2 ** -24;

/** How far a result of the device may be from the reference. */
function allowed(row: Row, tuple: readonly number[], expected: number): number {
  const rounding = row.units === 0 ? unit : row.units * unit;
  return smallest + rounding * (Math.abs(expected) + (row.terms?.(...tuple) ?? 0));
}

/** What is wrong with a result; undefined where nothing is. */
function fault({ of, tuples }: Trial, found: ArrayLike<number>): string | undefined {
  const { op, row, dtypes, result } = of;
  for (let i = 0; i < tuples.length; i++) {
    const expected = op.reference(tuples[i], { result, operands: dtypes });
    const same =
      result === "f32" ? agrees(found[i], expected, allowed(row, tuples[i], expected)) : found[i] === expected;
    if (!same)
      return `${op.name}(${tuples[i].map((x) => (Object.is(x, -0) ? "-0" : x)).join(", ")}): ${found[i]} for ${expected}`;
  }
  return undefined;
}

function agrees(found: number, expected: number, tolerance: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(found);
  if (found === expected) return true;
  // Next to the largest float32, either side of the overflow is right.
  if (Math.abs(found) === Infinity) return found > 0 === expected > 0 && Math.abs(expected) > largest * (1 - 1e-6);
  return (
    Math.abs(found - Math.max(-largest, Math.min(largest, expected))) <= tolerance &&
    Math.abs(expected) < largest * (1 + 1e-6)
  );
}

async function run(trials: readonly Trial[]): Promise<readonly string[]> {
  const module = await load<AnyModule>(compile(graphOfTrials(trials)), { device: await testDevice() });
  try {
    const inputs = trials.flatMap(({ name, of, data }) =>
      of.dtypes.map((dtype, i) => [`${name}_${i}`, typed(dtype, data[i])] as const),
    );
    const outputs = await module.run(Object.fromEntries(inputs));
    return trials.flatMap((trial) => {
      const wrong = fault(trial, outputs[trial.name] as Float32Array);
      return wrong === undefined ? [] : [`${trial.name}: ${wrong}`];
    });
  } finally {
    module.destroy();
  }
}

describe("elementwise ops on the device", () => {
  it("have a row each, and there is no row without an op", () => {
    expect(Object.keys(rows).sort()).toEqual([...new Set(elementwiseOps.map((op) => op.name))].sort());
  });
  const size = 16;
  const groups = Array.from({ length: Math.ceil(elementwiseOps.length / size) }, (_, i) => {
    const ops = elementwiseOps.slice(i * size, (i + 1) * size).filter((op) => op.name in rows);
    return [ops.map((op) => op.name).join(", "), ops] as const;
  });
  it.each(groups)("%s", async (_, ops) => {
    expect(await run(ops.flatMap(casesOf).flatMap(trialsOf))).toEqual([]);
  });
});
/** Numbers of which nothing is a kink or pole, the same in every run. */
function smoothPoints(row: Row, random: () => number): readonly Float64Array[] {
  return row.smooth.map((intervals, i) => {
    const only = row.only?.[i];
    return Float64Array.from({ length: 24 }, (_, at) => {
      if (only) return only[at % only.length];
      const [low, high] = intervals[at % intervals.length] ?? [0.3, 0.7];
      return low + (high - low) * random();
    });
  });
}

/** ∂f/∂(operand) at every point: f is a function of each element by itself, so all are moved at once. */
function differences(f: Value, operand: Value, feeds: ReadonlyMap<Value, Float64Array>): Float64Array {
  const shifted = (by: number): Float64Array => {
    const moved = feeds.get(operand)!.map((x) => x + by * Math.max(1, Math.abs(x)));
    return evaluateValues([f], new Map([...feeds, [operand, moved]])).get(f)!;
  };
  const h = 1e-4;
  const [farLeft, left, right, farRight] = [-2 * h, -h, h, 2 * h].map(shifted);
  return feeds.get(operand)!.map((x, at) => {
    const slope = (8 * (right[at] - left[at]) - (farRight[at] - farLeft[at])) / (12 * h);
    return slope / Math.max(1, Math.abs(x));
  });
}

/** Derivatives of `f` with respect to operands, each compared with differences. */
function checkedDerivatives(
  f: Value,
  operands: readonly Value[],
  feeds: ReadonlyMap<Value, Float64Array>,
  what: string,
): readonly Value[] {
  return operands.map((operand, i) => {
    const derivative = gradients(sum(f), [operand])[0];
    const found = evaluateValues([derivative], feeds).get(derivative)!;
    const expected = differences(f, operand, feeds);
    expected.forEach((each, at) => {
      const error = Math.abs(found[at] - each) / Math.max(1, Math.abs(each));
      const point = [...feeds.values()].map((values) => values[at]).join(", ");
      expect(error, `${what} by operand ${i} at ${point}: ${found[at]}, by differences ${each}`).toBeLessThan(1e-5);
    });
    return derivative;
  });
}

describe("derivatives of elementwise ops", () => {
  const smooth = elementwiseOps.filter(({ name }) => rows[name]?.smooth.some((intervals) => intervals.length > 0));
  it.each(smooth.map((op) => [op.name, op] as const))("%s, first and second", (_, op) => {
    const row = rows[op.name];
    const each = casesOf(op).find(({ result, dtypes }) => result === "f32" && dtypes.includes("f32"));
    const leaves = each!.dtypes.map((dtype, i) => {
      return apply(inputOp, [], { identity: { name: `x${i}`, dtype, shape: [24] } });
    });
    const points = smoothPoints(row, stream(op.name.charCodeAt(0)));
    const feeds = new Map(leaves.map((leaf, i) => [leaf, points[i]]));
    const moved = leaves.filter((_, i) => row.smooth[i].length > 0 && each!.dtypes[i] === "f32");
    const y = apply(op, leaves, each!.attrs);
    const first = checkedDerivatives(y, moved, feeds, op.name);
    first.forEach((slope, i) => checkedDerivatives(slope, moved, feeds, `derivative of ${op.name} by operand ${i}`));
  });
});
