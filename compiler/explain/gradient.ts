/// How a gradient is derived: the chain rule on the model's formulas, and every rule on the way to the compiled form.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { grad, isDerivative } from "../../ir/ops/derivative.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { derive } from "../passes/all.ts";
import { rewritePass } from "../passes/rewrite-pass.ts";
import { valueNamed } from "../passes/stop-at.ts";
import { makeLog, type DerivationLog } from "../rewrite/log.ts";
import { deriveByHand } from "./by-hand.ts";
import type { Chain } from "./chain.ts";
import { endOf, type Derivation } from "./derivation.ts";
import { linesOf, namesWithin, type Formula, type Line } from "./lines.ts";
import { recordedDerivation } from "./recorded.ts";
import type { Step } from "./replay.ts";
import { notationRules } from "./rules.ts";
import { derivativeName, namesOf, stationsBetween } from "./stations.ts";

/** A derivation of ∂loss/∂target. */
export interface GradientExplanation {
  readonly graph: Graph;
  readonly loss: string;
  readonly target: string;
  /** Names of the values that the chain is written with. */
  readonly names: ReadonlyMap<Value, string>;
  readonly chain: Chain;
  /** Formulas of the model that rules changed before they were differentiated. */
  readonly prepared: readonly Line[];
  /** Derivatives from the loss back, the last one the gradient itself. */
  readonly lines: readonly Line[];
  /** Formulas of the model that rules changed afterwards. */
  readonly forward: readonly Line[];
  /** The gradient in its compiled form, in terms of the model's own values. */
  readonly compiled: Formula;
  /** All that was done, also where it shows in no line. */
  readonly steps: readonly Step[];
}

/**
 * Explains ∂loss/∂target of two named values of a model; undefined where the loss does not depend on the target. Throws
 * `value-unknown`, and `loss-not-scalar` or `gradient-of-integer`.
 */
export function explainGradient(model: Graph, lossName: string, targetName: string): GradientExplanation | undefined {
  const graph = notation.run(model);
  const [loss, target] = [valueNamed(graph, lossName), valueNamed(graph, targetName)];
  const placeholder = grad(loss, target);
  if (stationsBetween(loss, target, namesOf(graph)).length === 0) return undefined;
  const { compiled, log, wanted } = compiledGradient(
    graph,
    placeholder,
    derivativeName({ name: lossName }, targetName),
  );
  const nested = postorder([loss]).some(isDerivative);
  const derivation =
    (nested ? undefined : deriveByHand(wanted, loss, target, compiled)) ??
    recordedDerivation(wanted, loss, target, log)!;
  return explanation(graph, lossName, targetName, derivation);
}

/** `aᵀ @ b` is one and the same, whichever way a model makes it. */
const notation = rewritePass("notation", "Products of transposed matrices in one spelling.", notationRules);

function explanation(graph: Graph, loss: string, target: string, derivation: Derivation): GradientExplanation {
  const { chain, forward, backward } = derivation;
  const end = endOf(backward);
  const known = new Set(forward.start.keys());
  const gradient = derivativeName({ name: loss }, target);
  const derivatives = [...backward.start.keys()].filter((name) => !known.has(name));
  const kept = namesWithin(end, derivatives, end.get(gradient)!, known).filter((name) => name !== gradient);
  const onTheWay = chain.stations.map((station) => station.name).filter((name) => forward.start.has(name));
  const changed = (lines: readonly Line[]): readonly Line[] => lines.filter(({ equalities }) => equalities.length > 0);
  const lines = linesOf(backward.start, backward.steps, [...kept, gradient], known);
  const [alone] = linesOf(end, [], [gradient], known);
  return {
    ...{ graph, loss, target, chain, lines },
    names: new Map([...endOf(forward)].map(([name, value]) => [value, name])),
    prepared: changed(linesOf(forward.start, forward.steps, onTheWay, known)),
    forward: changed(linesOf(backward.start, backward.steps, onTheWay, known)),
    compiled: alone.first,
    steps: [...forward.steps, ...backward.steps],
  };
}

interface Compiled {
  /** The graph that was derived: the model, which may lack the gradient that is asked for. */
  readonly wanted: Graph;
  readonly compiled: Value;
  readonly log: DerivationLog;
}

/** The gradient as the compiler has it in the model, or would have it if the model asked for it. */
function compiledGradient(graph: Graph, placeholder: Value, name: string): Compiled {
  const log = makeLog();
  const derived = derive(graph, { log });
  const alive = new Set(graphValues(derived));
  for (const [value, note] of derived.notes) {
    if (note.name === name && alive.has(value)) return { wanted: graph, compiled: value, log };
  }
  const entry = { name: "explain", outputs: [{ name, value: placeholder }], updates: [] };
  const wanted: Graph = { ...graph, entryPoints: [...graph.entryPoints, entry] };
  const second = makeLog();
  const compiled = derive(wanted, { log: second }).entryPoints.at(-1)!.outputs[0].value;
  return { wanted, compiled, log: second };
}
