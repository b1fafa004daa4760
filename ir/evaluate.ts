/// The reference interpreter: float64, one value at a time, no cleverness about formulas. The oracle of every test.
import { checkArgument, checkOptions, builtGraph, manyTensors, mapped, record, text } from "./options.ts";
import { bindDim, type Dim } from "./dim.ts";
import {
  feedLength,
  inputUnknown,
  missingFeed,
  unboundSize,
  unknownEntryPoint,
  type EvaluationSubject,
} from "./evaluate/errors.ts";
import { countOf, type EvaluationKernel } from "./evaluate/indices.ts";
import { makeKernel } from "./evaluate/kernels.ts";
import { entryPointRoots, type EntryPoint, type Graph } from "./graph.ts";
import type { NestedNumbers } from "./initializer.ts";
import { elementCount, formatType } from "./type.ts";
import { postorder, type Value } from "./value.ts";

/** Data of values that are given instead of computed, row-major; booleans are 0 and 1. */
export type Feeds = ReadonlyMap<Value, ArrayLike<number>>;

/** Numbers for named sizes. */
export type Sizes = Readonly<Record<string, number>>;

/** Computes the values that it was prepared for from feeds, in float64, row-major. */
export type Evaluation = (feeds: Feeds) => Map<Value, Float64Array>;

interface Step {
  readonly value: Value;
  /** Positions of the operands in the order of steps. */
  readonly operands: readonly number[];
  kernel?: EvaluationKernel;
}

/**
 * Sorts the graph below `values` once, for many evaluations with different feeds. A feed wins over evaluation at any
 * value, and what only it depends on is not computed. Throws `missing-feed` for an input or state that is needed and not
 * fed, `unbound-size`, `feed-length`, and `underived-gradient` for a `grad` that nobody expanded. `nameOf` puts names
 * into messages.
 */
export function prepareEvaluation(
  values: readonly Value[],
  sizes: Sizes = {},
  nameOf: (value: Value) => string | undefined = () => undefined,
): Evaluation {
  const order = postorder(values);
  const positions = new Map(order.map((value, position) => [value, position]));
  const steps = order.map((value): Step => {
    return { value, operands: value.operands.map((operand) => positions.get(operand)!) };
  });
  const bind = sizeBinder(sizes);
  const wanted = values.map((value) => positions.get(value)!);
  return (feeds) => {
    const needed = neededSteps(steps, wanted, feeds);
    const missing: EvaluationSubject[] = [];
    const results = steps.map((): Float64Array | undefined => undefined);
    steps.forEach((step, position) => {
      if (!needed[position]) return;
      const { value } = step;
      const fed = feeds.get(value);
      if (fed) results[position] = checkedFeed(fed, value, bind, nameOf);
      else if ((step.kernel ??= makeKernel(value, bind))) {
        if (missing.length === 0) results[position] = step.kernel(step.operands.map((operand) => results[operand]!));
      } else missing.push({ name: nameOf(value) ?? ownName(value), what: value.op.name });
    });
    if (missing.length > 0) throw missingFeed(missing);
    return new Map(values.map((value, i) => [value, results[wanted[i]]!.slice()]));
  };
}

/** Evaluates values once; see `prepareEvaluation`. Shared values are computed once, only `values` are returned. */
export function evaluateValues(values: readonly Value[], feeds: Feeds, sizes: Sizes = {}): Map<Value, Float64Array> {
  checkArgument("evaluateValues", "what is evaluated", values, manyTensors);
  checkArgument("evaluateValues", "the data", feeds, mapped);
  checkArgument("evaluateValues", "sizes", sizes, record);
  return prepareEvaluation(values, sizes)(feeds);
}

function neededSteps(steps: readonly Step[], wanted: readonly number[], feeds: Feeds): Uint8Array {
  const needed = new Uint8Array(steps.length);
  for (const position of wanted) needed[position] = 1;
  for (let position = steps.length - 1; position >= 0; position--) {
    if (!needed[position] || feeds.has(steps[position].value)) continue;
    for (const operand of steps[position].operands) needed[operand] = 1;
  }
  return needed;
}

function sizeBinder(sizes: Sizes): (size: Dim) => number {
  return (size) => {
    const bound = bindDim(size, sizes);
    if (typeof bound !== "number") throw unboundSize(size);
    return bound;
  };
}

function checkedFeed(
  feed: ArrayLike<number>,
  value: Value,
  bind: (size: Dim) => number,
  nameOf: (value: Value) => string | undefined,
): Float64Array {
  const count = countOf(value.type.shape.map(bind));
  if (feed.length !== count) {
    throw feedLength(nameOf(value) ?? ownName(value) ?? "a value", formatType(value.type), count, feed.length);
  }
  return feed instanceof Float64Array ? feed : Float64Array.from(feed);
}

function ownName(value: Value): string | undefined {
  return (value.attrs.identity as { readonly name?: string } | undefined)?.name;
}

/** What an evaluated entry point gives back, by name, row-major. */
export interface EvaluationResult {
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** New values of the states that the entry point updates: spread them into the next call's data. */
  readonly states: Readonly<Record<string, Float64Array>>;
}

/** Choices of one evaluation. */
export interface EvaluationOptions {
  /** Which entry point; may be left out when there is one. */
  readonly entry?: string;
  /** Named sizes; those that the lengths of the data determine may be left out. */
  readonly sizes?: Sizes;
}

/**
 * Computes an entry point in float64 without a GPU: `evaluate(graph, { image, label, "hidden.weight": weight })`.
 * Inputs, states and settings are given by name, flat and row-major or nested; settings default to their value.
 * Throws `missing-feed` with the names of all that is needed and not given, `unknown-feed`, `feed-length`,
 * `unbound-size`, `unknown-entry-point`, and `underived-gradient` for a graph whose gradients nobody derived.
 */
export function evaluate(
  graph: Graph,
  data: Readonly<Record<string, NestedNumbers | ArrayLike<number>>>,
  options: EvaluationOptions = {},
): EvaluationResult {
  checkArgument("evaluate", "what is evaluated", graph, builtGraph);
  checkArgument("evaluate", "the data", data, record);
  checkOptions("evaluate", options, { entry: text, sizes: record });
  const entry = chosenEntryPoint(graph, options.entry);
  const nameOf = (value: Value): string | undefined => graph.notes.get(value)?.name;
  const leaves = new Map([...graph.inputs, ...graph.states].map((leaf) => [nameOf(leaf), leaf]));
  const feeds = new Map<Value, ArrayLike<number>>();
  for (const [name, numbers] of Object.entries(data)) {
    const leaf = leaves.get(name);
    if (!leaf)
      throw inputUnknown(
        name,
        [...leaves.keys()].filter((known) => known !== undefined),
      );
    feeds.set(leaf, flatten(numbers));
  }
  const results = prepareEvaluation(entryPointRoots(entry), sizesFrom(feeds, options.sizes ?? {}), nameOf)(feeds);
  return {
    outputs: Object.fromEntries(entry.outputs.map(({ name, value }) => [name, results.get(value)!])),
    states: Object.fromEntries(entry.updates.map(({ state, value }) => [nameOf(state) ?? "", results.get(value)!])),
  };
}

function chosenEntryPoint(graph: Graph, name: string | undefined): EntryPoint {
  const entry = name === undefined && graph.entryPoints.length === 1 ? graph.entryPoints[0] : undefined;
  const found = entry ?? graph.entryPoints.find((each) => each.name === name);
  if (found) return found;
  throw unknownEntryPoint(
    name,
    graph.entryPoints.map((each) => each.name),
  );
}

function flatten(numbers: NestedNumbers | ArrayLike<number>): ArrayLike<number> {
  if (typeof numbers === "number") return [numbers];
  if (!Array.isArray(numbers) || numbers.every((part) => typeof part === "number")) return numbers as ArrayLike<number>;
  return numbers.flatMap((part: NestedNumbers) => Array.from(flatten(part)));
}

/** Completes sizes where the length of a feed leaves one way to bind the one name that is open. */
function sizesFrom(feeds: Feeds, given: Sizes): Sizes {
  const sizes = { ...given };
  for (const [value, feed] of feeds) {
    const count = bindDim(elementCount(value.type.shape), sizes);
    const [, factor, name] = /^(?:(\d+)\*)?([A-Za-z_][\w.]*)$/.exec(`${count}`) ?? [];
    if (name !== undefined) sizes[name] = Math.max(0, Math.floor(feed.length / Number(factor ?? 1)));
  }
  return sizes;
}
