/// What is checked: scalars of the user's formulas, and the gradients that were derived from them.
import type { Place } from "../../ir/diagnostic.ts";
import type { EntryPoint, Graph } from "../../ir/graph.ts";
import { entryPointRoots } from "../../ir/graph.ts";
import { add, mul } from "../../ir/ops/arithmetic.ts";
import {
  derivativeTargets,
  grad,
  gradOp,
  isDerivative,
  jvpOp,
  stopGradient,
  suppliedDerivative,
  vjpOp,
  type SuppliedDerivative,
} from "../../ir/ops/derivative.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { constant, iota } from "../../ir/ops/leaf.ts";
import { bodyResults, scanBody, scanOp, withBodies } from "../../ir/ops/scan.ts";
import { broadcastTo, sum } from "../../ir/ops/sum.ts";
import { elementCount, isFloat } from "../../ir/type.ts";
import { apply, postorder, type Value } from "../../ir/value.ts";
import { derive } from "../passes/all.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import { containsDerivative, scenesOf, standIn, type Scene } from "./steps.ts";

/** A gradient to check: `gradient` is derived, `loss` as a function of `target` is the witness. */
export interface Pair {
  readonly name: string;
  /** Where the model file takes the derivative, or uses the rule. */
  readonly place?: Place | undefined;
  readonly loss: Value;
  readonly target: Value;
  readonly gradient: Value;
  /** Leaves and values of the graph that are given instead of computed → the values whose numbers they take. */
  readonly fed: ReadonlyMap<Value, Value>;
}

/** A gradient that is none by intention: the rule of this name is not the derivative of its formula. */
export interface Unchecked {
  readonly name: string;
  readonly place?: Place | undefined;
  readonly inexact: string;
}

/** All pairs of an entry point: its derivatives, and the rules that the model supplies. */
export function makePairs(graph: Graph, entry: EntryPoint, strictFloat: boolean): readonly (Pair | Unchecked)[] {
  const scenes = scenesOf(postorder(entryPointRoots(entry)), graph.notes);
  const placeholders = scenes.flatMap((scene) =>
    scene.values.filter(isDerivative).map((each) => withNumbers(scene, each, placeholderPair(scene.notes, each))),
  );
  // A rule matters where something is differentiated.
  const rules = scenes.flatMap((scene) =>
    scene.values.flatMap((value) => suppliedPairs(scene.notes, value).map((pair) => withNumbers(scene, value, pair))),
  );
  return derivePairs(graph, placeholders.length > 0 ? [...placeholders, ...rules] : [], strictFloat);
}

/** A pair of a loop's step takes the numbers of the step; what is about a value is where the value is. */
function withNumbers({ fed, notes }: Scene, value: Value, pair: Pair | Unchecked): Pair | Unchecked {
  const place = notes.get(value)?.place;
  if (!("loss" in pair)) return { ...pair, place };
  const known = substitution(fed);
  return {
    ...pair,
    place,
    fed: new Map([...fed, ...[...pair.fed].map(([leaf, origin]) => [leaf, known(origin)] as const)]),
  };
}

/** Losses that contain derivatives, all gradients, and what is fed are derived in one go. */
function derivePairs(
  graph: Graph,
  pairs: readonly (Pair | Unchecked)[],
  strictFloat: boolean,
): readonly (Pair | Unchecked)[] {
  const roots = pairs.flatMap((pair) => ("loss" in pair ? [pair.loss, pair.gradient, ...pair.fed.values()] : []));
  if (roots.length === 0) return pairs;
  const outputs = roots.map((value, position) => ({ name: String(position), value }));
  const derived = derive({ ...graph, entryPoints: [{ name: "check", outputs, updates: [] }] }, { strictFloat });
  const results = new Map(roots.map((root, position) => [root, derived.entryPoints[0].outputs[position].value]));
  // The user's own formula is the witness; only where it contains a derivative must that be derived first.
  const witness = (value: Value): Value => (containsDerivative(value) ? results.get(value)! : value);
  return pairs.map((pair) => {
    if (!("loss" in pair)) return pair;
    const fed = new Map([...pair.fed].map(([stand, origin]) => [stand, witness(origin)]));
    return { ...pair, loss: witness(pair.loss), gradient: results.get(pair.gradient)!, fed };
  });
}

function placeholderPair(notes: Graph["notes"], placeholder: Value): Pair | Unchecked {
  const [y] = placeholder.operands;
  const targets = derivativeTargets(placeholder);
  const name = `∂${nameOf(notes, y)}/∂${targets.map((target) => nameOf(notes, target)).join(", ")}`;
  const inexact = inexactBetween(y, targets);
  if (inexact !== undefined) return { name, inexact };
  const pair =
    placeholder.op === jvpOp
      ? alongTangents(placeholder)
      : placeholder.op === vjpOp
        ? withCotangent(placeholder)
        : plain(placeholder);
  return { name, ...held(pair) };
}

type Bare = Omit<Pair, "name" | "place">;

/**
 * A loss that contains derivatives loses sight of values between: there the graph is cut, and the target becomes a leaf.
 * Otherwise the value itself is given other numbers.
 */
function plain(placeholder: Value): Bare {
  const [loss, target] = placeholder.operands;
  if (target.op.kind === "leaf") return { loss, target, gradient: placeholder, fed: new Map() };
  if (!containsDerivative(loss)) return { loss, target, gradient: placeholder, fed: new Map([[target, target]]) };
  const letter = standIn(target.type);
  const cut = substitution(new Map([[target, letter]]))(loss);
  return { loss: cut, target: letter, gradient: grad(cut, letter), fed: new Map([[letter, target]]) };
}

/** Σ y · cotangent, where the cotangent keeps its numbers. */
function withCotangent(placeholder: Value): Bare {
  const [y, x, cotangent] = placeholder.operands;
  const kept = standIn(cotangent.type);
  const pair = plain(apply(gradOp, [sum(mul(y, kept)), x]));
  const gradient = pair.target === x ? placeholder : pair.gradient;
  return { ...pair, gradient, fed: new Map([...pair.fed, [kept, cotangent]]) };
}

/** A weighted sum of y at x + s·tangent, as a function of s at 0. */
function alongTangents(placeholder: Value): Bare {
  const [y, ...rest] = placeholder.operands;
  const shift = standIn({ dtype: y.type.dtype, shape: [] });
  const xs = derivativeTargets(placeholder);
  const steps = new Map<Value, Value>();
  xs.forEach((x, position) => {
    const step = mul(broadcastTo(shift, x.type.shape), rest[xs.length + position]);
    steps.set(x, add(steps.get(x) ?? x, step));
  });
  const loss = weighted(substitution(steps)(y));
  return { loss, target: shift, gradient: weighted(placeholder), fed: new Map([[shift, constant(0, y.type.dtype)]]) };
}

/** What stands behind `stopGradient` keeps its numbers while the target moves. */
function held(pair: Bare): Bare {
  const stopped = postorder([pair.loss]).filter(({ op }) => op === stopGradient.op);
  if (stopped.length === 0) return pair;
  const letters = new Map(stopped.map((value) => [value, standIn(value.type)]));
  const fed = new Map([...pair.fed, ...stopped.map((value) => [letters.get(value)!, value] as const)]);
  return { ...pair, loss: substitution(letters)(pair.loss), fed };
}

/** The name of a rule that is not meant to be the derivative, on the way from targets to a value. */
function inexactBetween(y: Value, targets: readonly Value[]): string | undefined {
  const above = new Set(targets);
  for (const value of postorder([y])) {
    if (!value.operands.some((operand) => above.has(operand))) continue;
    above.add(value);
    const found = inexactName(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a loop stops at inside changes from step to step, and cannot be held by feeding it. */
function inexactName(value: Value): string | undefined {
  const supplied = suppliedDerivative(value);
  if (supplied) return supplied.exact ? undefined : supplied.name;
  if (value.op !== scanOp) return undefined;
  for (const each of withBodies(bodyResults(scanBody(value.attrs)))) {
    if (each.op === stopGradient.op) return "stopGradient in a loop";
    const inner = suppliedDerivative(each);
    if (inner && !inner.exact) return inner.name;
  }
  return undefined;
}

/** The rule of a supplied derivative by itself, for each operand that could have one: a wrong rule is found by its name. */
function suppliedPairs(notes: Graph["notes"], value: Value): readonly (Pair | Unchecked)[] {
  const supplied = suppliedDerivative(value);
  if (!supplied) return [];
  const operands = value.operands.slice(1);
  if (!supplied.exact) return [{ name: supplied.name, inexact: supplied.name }];
  const letters = operands.map((operand) => standIn(operand.type));
  const fed = new Map(letters.map((letter, position) => [letter, operands[position]]));
  const { loss, ruled } = suppliedLoss(supplied, value, letters);
  return letters.flatMap((letter, position): Pair[] => {
    if (!isFloat(letter.type.dtype)) return [];
    const name = `${supplied.name}: rule for ${notes.get(operands[position])?.name ?? `operand ${position}`}`;
    return [{ name, loss, target: letter, gradient: grad(ruled, letter), fed }];
  });
}

/** The formula alone, and the formula with its rule, on letters. */
function suppliedLoss(supplied: SuppliedDerivative, value: Value, letters: readonly Value[]) {
  const formula = supplied.forward(...letters);
  return { loss: weighted(formula), ruled: weighted(apply(value.op, [formula, ...letters], value.attrs)) };
}

/** A sum in which no two elements count alike. */
function weighted(y: Value): Value {
  const position = reshapeTo(iota([elementCount(y.type.shape)], 0, "f32"), y.type.shape);
  return sum(mul(y, add(1, mul(0.37, position))));
}

function nameOf(notes: Graph["notes"], value: Value): string {
  return notes.get(value)?.name ?? value.op.name;
}
