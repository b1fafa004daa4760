/// What a row comes to: the truth in many digits, what the formula gives as it is written, and which rules mended it.
import { runPasses } from "../../../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../../../compiler/passes/all.ts";
import { expandDerivativesWith } from "../../../../compiler/passes/expand-derivatives.ts";
import { makeLog, phasesOf } from "../../../../compiler/rewrite/log.ts";
import { expandComposites } from "../../../../compiler/passes/expand-composites.ts";
import { keepDigits } from "../../../../compiler/passes/keep-digits.ts";
import { kernelPasses } from "../../../../compiler/passes/kernel-passes.ts";
import type { Graph } from "../../../../ir/graph.ts";
import { evaluatePrecise, preciseGradient } from "../../../precise/index.ts";
import { float32Values } from "../../rewrite/float32.ts";
import { flat, type Point, type Program } from "./row.ts";

/** A loss and its gradients, as float64 numbers. */
export interface Results {
  readonly loss: number;
  /** Input → gradient, in the order of the tensor. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

type Feeds = Map<Program["loss"], readonly number[]>;

/** Inputs as float32 has them. */
function feedsOf({ inputs }: Program, { at }: Point): Feeds {
  return new Map([...inputs].map(([name, value]) => [value, flat(at[name]).map(Math.fround)]));
}

/** The loss in 60 digits and more, its gradient by differences of it: no derivative rule and no rewrite has a say. */
export function truthOf(program: Program, point: Point): Results {
  const feeds = feedsOf(program, point);
  const { meant, side } = point;
  const loss = meant?.loss ?? evaluatePrecise([program.loss], feeds).get(program.loss)![0].toNumber();
  const gradients = program.differentiated.map((name) => {
    const stated = meant?.gradient?.[name];
    if (stated !== undefined) return [name, flat(stated)] as const;
    const leaf = program.inputs.get(name)!;
    const slopes = preciseGradient(program.loss, [leaf], feeds, {}, { side, step: stepAt(feeds.get(leaf)!) }).get(
      leaf,
    )!;
    return [name, slopes.map((slope) => slope.toNumber())] as const;
  });
  return { loss, gradients: Object.fromEntries(gradients) };
}

/** log₁₀ of a step that is small beside every entry. */
function stepAt(entries: readonly number[]): number {
  const sizes = entries.map(Math.abs).filter((size) => size > 0);
  return -25 + Math.min(0, ...sizes.map((size) => Math.floor(Math.log10(size))));
}

/** Loss and gradient of the formula step by step in float32, differentiated as it is: what no compiler has touched. */
export function asWritten(program: Program, point: Point): Results {
  const untouched = expandDerivativesWith(() => (value) => value).run(program.graph);
  return inFloat32(expandComposites.run(untouched), program, point);
}

/** The same of what kernels are made of. */
export function asCompiled(program: Program, point: Point): Results {
  return inFloat32(runPasses(simplifyAfterBinding(derive(program.graph)), kernelPasses()), program, point);
}

function inFloat32({ entryPoints: [{ outputs }] }: Graph, program: Program, point: Point): Results {
  const values = outputs.map(({ value }) => value);
  const found = float32Values(values, feedsOf(program, point));
  const byName = new Map(outputs.map(({ name, value }) => [name, Array.from(found.get(value)!)]));
  const gradients = program.differentiated.map((name) => [name, byName.get(`gradient_${name}`)!] as const);
  return { loss: byName.get("loss")![0], gradients: Object.fromEntries(gradients) };
}

/** How far a number may be from the truth, relative to it, or absolutely near 0. */
export const allowed = { relative: 1e-5, absolute: 1e-6 };

/** Error in units of what is allowed: 1 is the most; ∞ where one is a number and the other is not. */
export function errorOf(found: number, truth: number): number {
  if (Object.is(found, truth) || found === truth) return 0;
  const error = Math.abs(found - truth) / Math.max(allowed.relative * Math.abs(truth), allowed.absolute);
  return Number.isNaN(error) ? Infinity : error;
}

/** The largest error of loss and gradients. */
export function worstError(found: Results, truth: Results): number {
  const errors = Object.entries(truth.gradients).flatMap(([name, gradient]) =>
    gradient.map((entry, i) => errorOf(found.gradients[name][i], entry)),
  );
  return Math.max(errorOf(found.loss, truth.loss), ...errors);
}

/** Names of the stabilising rules that fire, in the order in which they do, and of the pass that keeps digits in kernels. */
export function rulesOf({ graph }: Program): readonly string[] {
  const log = makeLog();
  const kernels: string[] = [];
  runPasses(simplifyAfterBinding(derive(graph, { log })), kernelPasses(), ({ name }, before, after) => {
    if (name === keepDigits.name && after !== before) kernels.push(name);
  });
  const fired = phasesOf(log).flatMap(({ firings }) => firings);
  const stabilizing = fired.filter(({ rule }) => rule.contract === "stabilizes");
  return [...new Set(stabilizing.map(({ rule }) => rule.name)), ...kernels];
}
