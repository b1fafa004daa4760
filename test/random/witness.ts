/// What must hold of a random graph: interpreter, simplified graph, kernels' graph and device agree, gradients with differences.
import { difference } from "../../compiler/check/difference.ts";
import { randomStream } from "../../compiler/check/random.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { compileWithFacts } from "../../compiler/compile.ts";
import { runPasses } from "../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../compiler/passes/all.ts";
import { asWritten } from "../../compiler/passes/as-written.ts";
import { bindSizes } from "../../compiler/passes/bind-sizes.ts";
import { kernelPasses } from "../../compiler/passes/kernel-passes.ts";
import { rebuildGraph } from "../../compiler/passes/replace.ts";
import { bindDim } from "../../ir/dim.ts";
import { prepareEvaluation } from "../../ir/evaluate.ts";
import type { Graph } from "../../ir/graph.ts";
import { constant, constantOp, constantValue } from "../../ir/ops/leaf.ts";
import { elementCount } from "../../ir/type.ts";
import { withOperands } from "../../ir/value.ts";
import type { Program } from "../../runtime/abi.ts";
import { buildPlan, sizesOf, type Plan } from "./plan.ts";

/** Numbers by the names of leaves or results. */
export type Numbers = Readonly<Record<string, Float64Array>>;
type Evaluate = (data: Numbers) => Numbers;

/** Data moved by so much, relatively, show how far a graph carries roundings. */
const nudge = 1e-6;

/** Numbers for the leaves, exact in float32. */
export function drawData(graph: Graph, plan: Plan, seed: number): Numbers {
  const random = randomStream(seed);
  const draw: Readonly<Record<string, () => number>> = {
    distinct: () => random.uniform(-1.5, 1.5),
    kernel: () => 0.5 * random.normal(),
    places: () => random.integer(plan.rows),
    place: () => random.integer(plan.columns) - 1,
  };
  const leaves = [...graph.inputs, ...graph.states].map((leaf): readonly [string, Float64Array] => {
    const name = graph.notes.get(leaf)!.name!;
    const length = bindDim(elementCount(leaf.type.shape), sizesOf(plan)) as number;
    return [name, Float64Array.from({ length }, () => Math.fround((draw[name] ?? random.normal)()))];
  });
  return Object.fromEntries(leaves);
}

/** Results of a graph without derivatives, by name; states by their names. */
function evaluator(graph: Graph, plan: Plan): Evaluate {
  const [{ outputs, updates }] = graph.entryPoints;
  const results = [
    ...outputs.map(({ name, value }) => [name, value] as const),
    ...updates.map(({ state, value }) => [graph.notes.get(state)!.name!, value] as const),
  ];
  const evaluate = prepareEvaluation(
    results.map(([, value]) => value),
    sizesOf(plan),
  );
  return (data) => {
    const leaves = [...graph.inputs, ...graph.states];
    const found = evaluate(new Map(leaves.map((leaf) => [leaf, data[graph.notes.get(leaf)!.name!]])));
    return Object.fromEntries(results.map(([name, value]) => [name, found.get(value)!]));
  };
}

/** The graph that kernels are written for. */
function forKernels(derived: Graph, plan: Plan): Graph {
  const simple = simplifyAfterBinding(bindSizes(derived, sizesOf(plan)));
  return runPasses(simple, kernelPasses());
}

/** What one plan came to. */
export interface Finding {
  /** Each a sentence; empty where all agree. */
  readonly disagreements: readonly string[];
  /** Results that could not be compared: not finite, or too sensitive for float32. */
  readonly compared: number;
  readonly left: number;
  /** Whether a derivative was compared with differences. */
  readonly measured: boolean;
}

/** Compares the witnesses on the graph of a plan; all of them where there is a device. */
export async function findDisagreements(plan: Plan, seed: number, device?: GPUDevice): Promise<Finding> {
  const graph = buildPlan(plan);
  const data = drawData(graph, plan, seed);
  const written = asWritten(graph);
  const plain = evaluator(written, plan);
  const wanted = plain(data);
  const moved = sensitivity(plain, data, wanted, seed);
  const tally = { compared: 0, left: 0 };
  const disagreements: string[] = [];
  const compare = (who: string, found: Readonly<Record<string, ArrayLike<number>>>, exactness: Exactness): void => {
    for (const [name, numbers] of Object.entries(wanted)) {
      const worst = compareNumbers(numbers, found[name], moved[name], exactness, tally);
      if (!worst) continue;
      // A constant that is folded rounds as data do. To look at that takes time, and is seldom needed.
      const nudged = evaluator(withNudgedConstants(written, seed), plan)(data)[name];
      const carried = moved[name].map((x, i) => x + Math.abs(nudged[i] - numbers[i]));
      const apart = compareNumbers(numbers, found[name], carried, exactness, { compared: 0, left: 0 });
      if (apart) disagreements.push(`${who}: ${name}${apart}`);
    }
  };
  const compiled = device && compileWithFacts(graph, { dims: sizesOf(plan) });
  const derived = compiled?.derived ?? derive(graph);
  compare("simplified", evaluator(derived, plan)(data), float64);
  compare("for kernels", evaluator(forKernels(derived, plan), plan)(data), float64);
  if (device && compiled) {
    compare("strict", evaluator(derive(graph, { strictFloat: true }), plan)(data), float64);
    compare("device", await runOnDevice(compiled.program, data, device), float32);
  }
  const slope = plan.isSmooth ? compareSlope(plain, data, wanted, seed) : undefined;
  if (slope?.disagreement) disagreements.push(slope.disagreement);
  return { disagreements, ...tally, measured: slope !== undefined };
}

/** How far results may be apart: relatively, and as a multiple of how far nudged data move them. */
interface Exactness {
  readonly relative: number;
  readonly carried: number;
}

/** Constants are float32 wherever they are folded. */
const float64: Exactness = { relative: 2e-6, carried: 1 };
const float32: Exactness = { relative: 1e-4, carried: 20 };

/** The most that results move when every number of the data moves by a millionth, in two directions. */
function sensitivity(evaluate: Evaluate, data: Numbers, wanted: Numbers, seed: number): Numbers {
  const nudged = [1, 2].map((direction) => {
    const random = randomStream(seed + direction);
    const shifted = Object.entries(data).map(([name, numbers]): readonly [string, Float64Array] => {
      const isWhole = name === "places" || name === "place";
      return [
        name,
        isWhole ? numbers : numbers.map((x) => x + nudge * random.uniform(-1, 1) * Math.max(Math.abs(x), 0.1)),
      ];
    });
    return evaluate(Object.fromEntries(shifted));
  });
  return Object.fromEntries(
    Object.entries(wanted).map(([name, numbers]) => {
      const largest = nudged.map((each) => each[name].map((x, i) => Math.abs(x - numbers[i])));
      // A sum of many parts rounds as its largest do, whichever of them moved.
      const typical = largest.map((each) => each.reduce((sum, x) => sum + x, 0) / each.length);
      return [name, numbers.map((_, i) => Math.max(...largest.map((each, k) => Math.max(each[i], typical[k]))))];
    }),
  );
}

/** The graph with every constant that is no whole number moved as data are. */
function withNudgedConstants(graph: Graph, seed: number): Graph {
  const random = randomStream(seed + 4);
  return rebuildGraph(graph, (value, operands) => {
    const number = value.op === constantOp && value.type.dtype === "f32" ? constantValue(value) : undefined;
    if (number === undefined || !Number.isFinite(number) || Number.isInteger(number))
      return withOperands(value, operands);
    return constant(number * (1 + nudge * random.uniform(-1, 1)), "f32", value.type.shape);
  });
}

function compareNumbers(
  wanted: Float64Array,
  found: ArrayLike<number>,
  moved: Float64Array,
  { relative, carried }: Exactness,
  tally: { compared: number; left: number },
): string | undefined {
  const size = wanted.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
  let worst = { over: 1, at: -1 };
  for (let i = 0; i < wanted.length; i++) {
    const ordinary = Math.max(Math.abs(wanted[i]), 0.1 * size, 1e-3);
    if (!Number.isFinite(wanted[i] + moved[i]) || moved[i] > 1e-3 * ordinary) {
      tally.left++;
      continue;
    }
    tally.compared++;
    const over = Math.abs(found[i] - wanted[i]) / (relative * ordinary + carried * moved[i]);
    if (!(over <= worst.over)) worst = { over, at: i };
  }
  return worst.at < 0 ? undefined : `[${worst.at}] is ${found[worst.at]}, not ${wanted[worst.at]}`;
}

async function runOnDevice(
  program: Program,
  data: Numbers,
  device: GPUDevice,
): Promise<Readonly<Record<string, ArrayLike<number>>>> {
  const module = await openDeviceModule(program, { device });
  try {
    const { outputs, states } = await module.run("run", data, data);
    return { ...outputs, ...states };
  } finally {
    module.destroy();
  }
}

/** The derivative along one random direction, from the gradients and from differences; undefined on kinks. */
function compareSlope(
  evaluate: Evaluate,
  data: Numbers,
  wanted: Numbers,
  seed: number,
): { readonly disagreement?: string } | undefined {
  const random = randomStream(seed + 3);
  const directions = ["x", "first", "second", "kernel"].map(
    (name) => [name, data[name].map(() => random.normal())] as const,
  );
  const derived = directions.reduce(
    (sum, [name, direction]) => sum + direction.reduce((dot, x, i) => dot + x * wanted[`d_${name}`][i], 0),
    0,
  );
  const along = (shift: number): number => {
    const shifted = directions.map(
      ([name, direction]) => [name, data[name].map((x, i) => x + shift * direction[i])] as const,
    );
    return evaluate({ ...data, ...Object.fromEntries(shifted) }).total[0];
  };
  const tolerance = 1e-5;
  const { value, floor, smooth } = difference(along, wanted.total[0], 1, tolerance);
  if (!smooth || !Number.isFinite(value + derived)) return undefined;
  const error = Math.abs(value - derived) / Math.max(Math.abs(value), Math.abs(derived), floor, 1e-3);
  return error <= tolerance ? {} : { disagreement: `slope: differences give ${value}, the gradients ${derived}` };
}
