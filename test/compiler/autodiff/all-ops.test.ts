// Every op there is, found by itself: reverse against differences, forward against reverse, and both again on gradients;
// and what a device makes of all of them.
import { describe, expect, it } from "vitest";
import { pushForward, type WithTangent } from "../../../compiler/autodiff/forward.ts";
import { gradients } from "../../../compiler/autodiff/reverse.ts";
import { compile } from "../../../compiler/compile.ts";
import { openDeviceModule } from "../../../compiler/cli/device.ts";
import { bottomUp } from "../../../compiler/rewrite/bottom-up.ts";
import { prepareEvaluation } from "../../../ir/evaluate.ts";
import type { Graph } from "../../../ir/graph.ts";
import { allOps } from "../../../ir/ops/all.ts";
import { add, mul } from "../../../ir/ops/arithmetic.ts";
import { grad, jvp, vjp } from "../../../ir/ops/derivative.ts";
import type { InputIdentity } from "../../../ir/ops/leaf.ts";
import { sum } from "../../../ir/ops/sum.ts";
import { elementCount } from "../../../ir/type.ts";
import { withOperands, type Op, type Value } from "../../../ir/value.ts";
import { testDevice } from "../../gpu.ts";
import { noise } from "../symbolic.ts";
import { domainOf, exampleOf, inputsOf, leaf } from "./examples.ts";

const seed = 7;

/** Σ of products, over all pairs. */
const dot = (a: readonly Value[], b: readonly Value[]): Value =>
  a.map((each, position): Value => sum(mul(each, b[position]))).reduce((total, term) => add(total, term));
const like = (value: Value, name: string): Value => leaf(name, value.type.shape as number[]);

/** What is tested of one op: scalars in the inputs, and directions. */
function subjects(op: Op, result: Value) {
  const inputs = inputsOf(result);
  const weights = like(result, "weights");
  const directions = inputs.map((input, position) => like(input, `direction${position}`));
  const moved = inputs.map((input, position): WithTangent => [input, directions[position]]);
  const slopes = gradients(sum(mul(result, weights)), inputs);
  const alongSlope = dot(slopes, directions);
  const bends = gradients(alongSlope, inputs);
  return { op, result, inputs, weights, directions, moved, slopes, alongSlope, bends };
}

/** Random numbers for the inputs within the op's domain, for all else in (−1, 1). */
function feedsOf({ op, inputs, weights, directions }: ReturnType<typeof subjects>): Map<Value, Float64Array> {
  const next = noise(seed);
  const [low, high] = domainOf(op);
  const draw = (value: Value, scale: (unit: number) => number): [Value, Float64Array] => {
    return [value, Float64Array.from({ length: elementCount(value.type.shape) as number }, () => scale(next()))];
  };
  return new Map([
    ...inputs.map((input) => draw(input, (unit) => low + ((high - low) * (unit + 1)) / 2)),
    ...[weights, ...directions].map((value) => draw(value, (unit) => unit)),
  ]);
}

/** d/ds of a scalar at inputs + s·directions: central differences, extrapolated to fourth order. */
function slopeAlong(
  scalar: Value,
  inputs: readonly Value[],
  directions: readonly Value[],
  feeds: Map<Value, Float64Array>,
) {
  const evaluate = prepareEvaluation([scalar]);
  const at = (shift: number): number => {
    const shifted = inputs.map((input, position) => {
      const step = feeds.get(directions[position])!;
      return [input, feeds.get(input)!.map((each, i) => each + shift * step[i])] as const;
    });
    return evaluate(new Map([...feeds, ...shifted])).get(scalar)![0];
  };
  const h = 1e-4;
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

function number(value: Value, feeds: Map<Value, Float64Array>): number {
  return prepareEvaluation([value])(feeds).get(value)![0];
}

function expectClose(found: number, expected: number, tolerance: number): void {
  expect(Math.abs(found - expected), `found ${found}, expected ${expected}`).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(expected)),
  );
}

const ops = allOps();
const linear = ["neg", "add", "sub", "copy", "sum", "cumsum", "scatterAdd", "concatenate"];
const isLinear = ({ name, kind }: Op): boolean => kind === "layout" || kind === "gather" || linear.includes(name);

describe("derivatives of every op", () => {
  it.each(ops.map((op) => [op.name, op] as const))("%s", (_, op) => {
    const result = exampleOf(op);
    if (!result) return;
    const all = subjects(op, result);
    const { inputs, directions, moved, weights, alongSlope, bends } = all;
    const feeds = feedsOf(all);
    const loss = sum(mul(result, weights));
    const alongBend = dot(bends, directions);
    // Reverse mode against differences, to third order.
    expectClose(number(alongSlope, feeds), slopeAlong(loss, inputs, directions, feeds), 1e-6);
    expectClose(number(alongBend, feeds), slopeAlong(alongSlope, inputs, directions, feeds), 1e-6);
    const third = dot(gradients(alongBend, inputs), directions);
    expectClose(number(third, feeds), slopeAlong(alongBend, inputs, directions, feeds), 1e-5);
    // ⟨J t, w⟩ = ⟨t, Jᵀ w⟩: forward mode against reverse, of the op and of its gradient.
    const tangent = pushForward(result, moved);
    expect(tangent.type).toEqual(result.type);
    expectClose(number(sum(mul(tangent, weights)), feeds), number(alongSlope, feeds), 1e-10);
    // What only moves and adds elements is its own forward mode: J t is the op of t.
    if (isLinear(op)) {
      const moving = new Map([...feeds, ...inputs.map((input, i) => [input, feeds.get(directions[i])!] as const)]);
      expectClose(number(loss, moving), number(sum(mul(tangent, weights)), feeds), 1e-12);
    }
    const pushed = all.slopes.map((slope) => pushForward(slope, moved));
    expectClose(number(dot(pushed, directions), feeds), number(alongBend, feeds), 1e-9);
    const twice = pushForward(tangent, moved);
    expectClose(number(sum(mul(twice, weights)), feeds), number(alongBend, feeds), 1e-9);
  });
});

/** A derivative as a model asks for it, and as the rules of differentiation give it, without any rewriting. */
interface Asked {
  readonly name: string;
  readonly value: Value;
  readonly definition: Value;
}

/** First and second derivatives of one op in both modes. */
function askedOf({ op, result, inputs, weights, directions, moved, slopes, bends }: ReturnType<typeof subjects>) {
  const pulled = vjp(result, inputs, weights as never) as readonly Value[];
  const along = dot(pulled, directions);
  const pushed = jvp(result, inputs, directions);
  const tangent = pushForward(result, moved);
  const all: readonly Asked[] = [
    ...pulled.map((value, i) => ({ name: `reverse ${i}`, value, definition: slopes[i] })),
    ...inputs.map((input, i) => ({
      name: `reverse twice ${i}`,
      value: grad(along as never, input),
      definition: bends[i],
    })),
    { name: "forward", value: pushed, definition: tangent },
    { name: "forward twice", value: jvp(pushed, inputs, directions), definition: pushForward(tangent, moved) },
  ];
  return all.map((each) => ({ ...each, name: `${op.name} ${each.name}` }));
}

/** What of these is wrong on the device: all are one program, called once. */
async function faultsOnDevice(all: readonly ReturnType<typeof subjects>[]): Promise<readonly string[]> {
  const parts = all.map((each) => {
    const feeds = new Map([...feedsOf(each)].map(([input, numbers]) => [input, numbers.map(Math.fround)] as const));
    const asked = askedOf(each);
    const evaluate = prepareEvaluation(asked.map(({ definition }) => definition));
    // Examples share inputs and names of inputs: in a program each has its own.
    const own = new Map([...feeds.keys()].map((input) => [input, renamed(input, each.op.name)] as const));
    return { feeds, asked, own, expected: evaluate(feeds) };
  });
  const graph: Graph = {
    name: "derivatives",
    entryPoints: [{ name: "run", outputs: parts.flatMap(({ asked, own }) => outputsOf(asked, own)), updates: [] }],
    inputs: parts.flatMap(({ own }) => [...own.values()]),
    states: [],
    notes: new Map(parts.flatMap(({ own }) => [...own.values()].map((input) => [input, { name: nameOf(input) }]))),
  };
  const module = await openDeviceModule(compile(graph), { device: await testDevice() });
  try {
    const fed = parts.flatMap(({ feeds, own }) => [...feeds].map(([input, data]) => [nameOf(own.get(input)!), data]));
    const { outputs } = await module.run("run", {}, Object.fromEntries(fed) as Record<string, Float64Array>);
    return parts.flatMap(({ asked, expected }) =>
      asked.flatMap(({ name, definition }) => faultOf(name, outputs[name], expected.get(definition)!)),
    );
  } finally {
    module.destroy();
  }
}

const nameOf = (input: Value): string => (input.attrs.identity as InputIdentity).name;

function renamed(input: Value, prefix: string): Value {
  return leaf(`${prefix}_${nameOf(input)}`, input.type.shape as number[]);
}

/** What is asked of other inputs. */
function outputsOf(asked: readonly Asked[], own: ReadonlyMap<Value, Value>) {
  const done = new Map(own);
  return asked.map(({ name, value }) => ({ name, value: bottomUp(value, done, withOperands) }));
}

/** Float32 is right to 1e-4, relatively to the number itself, but not finer than to a hundredth of the largest. */
function faultOf(name: string, found: ArrayLike<number>, expected: Float64Array): readonly string[] {
  const largest = expected.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-4);
  const at = expected.findIndex((each, i) => {
    return !(Math.abs(found[i] - each) <= 1e-4 * Math.max(Math.abs(each), largest / 100));
  });
  return at < 0 ? [] : [`${name}[${at}]: ${found[at]} for ${expected[at]}`];
}

describe("derivatives of every op on the device", () => {
  const tried = ops.flatMap((op) => {
    const result = exampleOf(op);
    return result ? [[op, result] as const] : [];
  });
  // Programs of so many ops are compiled at once, and still say soon what is wrong.
  const size = 24;
  const groups = Array.from({ length: Math.ceil(tried.length / size) }, (_, i) =>
    tried.slice(i * size, (i + 1) * size),
  );
  it.each(groups.map((group) => [group.map(([op]) => op.name).join(", "), group] as const))("%s", async (_, group) => {
    expect(await faultsOnDevice(group.map(([op, result]) => subjects(op, result)))).toEqual([]);
  });
});
