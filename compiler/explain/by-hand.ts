/// The derivation that a person would write: the chain rule on the formulas of the model, then algebra.
import type { Graph, NamedValue } from "../../ir/graph.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { runPasses, type Pass } from "../pass.ts";
import { canonicalizeWith } from "../passes/canonicalize.ts";
import { cseWith } from "../passes/cse.ts";
import { expandDerivativesWith } from "../passes/expand-derivatives.ts";
import { foldWith } from "../passes/fold.ts";
import { rewritePass } from "../passes/rewrite-pass.ts";
import { simplifyWith } from "../passes/simplify.ts";
import { stabilizeWith } from "../passes/stabilize.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { makeLog, phasesOf, type DerivationLog } from "../rewrite/log.ts";
import type { Rule } from "../rewrite/rule.ts";
import { collectingRules } from "../rewrite/rules/all.ts";
import { chainRule, type Chain } from "./chain.ts";
import { endOf, type Derivation } from "./derivation.ts";
import { prepared } from "./prepare.ts";
import { replay, type Moment } from "./replay.ts";
import { fromTheLeft, handRules, tidyRules } from "./rules.ts";
import { derivativeName, namesOf, stationsBetween } from "./stations.ts";

/**
 * Derives ∂loss/∂target until the compiled form is reached, with as little of what a person does by hand besides as is
 * needed. Undefined where that does not lead there.
 */
export function deriveByHand(graph: Graph, loss: Value, target: Value, compiled: Value): Derivation | undefined {
  const within = postorder([loss]);
  const names = namesOf(graph);
  const written: Moment = new Map(
    within.flatMap((value) => (names.has(value) ? [[names.get(value)!, value] as const] : [])),
  );
  const [lossName, targetName] = [names.get(loss)!, names.get(target)!];
  // As they are written if that will do; else with each formula made safe by itself, that of the loss last.
  for (const forward of [{ start: written, steps: [] }, prepared(written, [lossName]), prepared(written, [])]) {
    const end = endOf(forward);
    const [from, to] = [end.get(lossName)!, end.get(targetName)!];
    const known = new Map([...end].map(([name, value]) => [value, name]));
    const stations = stationsBetween(from, to, known);
    if (stations.length === 0) continue;
    const chain = chainRule(stations, makeRewriter(tidyRules));
    for (const manner of manners) {
      const log = makeLog();
      if (simplified(graph, { known, chain, compiled, ...manner }, log) !== compiled) continue;
      const start: Moment = new Map([...end, ...derivativesOf(chain)]);
      const steps = replay(start, phasesOf(log));
      const gradient = derivativeName(chain.loss, targetName);
      if ((steps.at(-1)?.after ?? start).get(gradient) === compiled)
        return { chain, forward, backward: { start, steps } };
    }
  }
  return undefined;
}

/** The chain rule on the formulas as they are written, without a step; undefined where the loss is not made from the target. */
export function derivationAsWritten(graph: Graph, loss: Value, target: Value): Derivation | undefined {
  const names = namesOf(graph);
  const stations = stationsBetween(loss, target, names);
  if (stations.length === 0) return undefined;
  const chain = chainRule(stations, makeRewriter(tidyRules));
  const within = postorder([loss]).filter((value) => names.has(value));
  const start: Moment = new Map(within.map((value) => [names.get(value)!, value]));
  const backward = new Map([...start, ...derivativesOf(chain)]);
  return { chain, forward: { start, steps: [] }, backward: { start: backward, steps: [] } };
}

function derivativesOf({ loss, stations, cotangents }: Chain): Moment {
  return new Map(stations.slice(1).map(({ name, value }) => [derivativeName(loss, name), cotangents.get(value)!]));
}

/** How to go about it. */
interface Manner {
  /** Rules besides the compiler's, where it collects. */
  readonly extra: readonly Rule[];
  /** Sums of products are collected before exponentials are looked for. */
  readonly algebraFirst: boolean;
}

const manners: readonly Manner[] = [
  { extra: [], algebraFirst: false },
  { extra: handRules, algebraFirst: false },
  { extra: handRules, algebraFirst: true },
];

interface Attempt extends Manner {
  readonly known: ReadonlyMap<Value, string>;
  readonly chain: Chain;
  readonly compiled: Value;
}

/** The gradient after the compiler's own passes; `compiled` if that is the same but for the order of factors. */
function simplified(graph: Graph, attempt: Attempt, log: DerivationLog): Value {
  const { known, chain, extra, algebraFirst } = attempt;
  const collect = () => rewritePass("collect", "Sums of products are collected.", [...extra, ...collectingRules], log);
  const derivatives = [...derivativesOf(chain)].map(([name, value]) => [value, { name }] as const);
  const forward = [...known].map(([value, name]) => [value, { ...graph.notes.get(value), name }] as const);
  const loss = { name: "loss", value: chain.loss.value };
  const gradient = { name: "gradient", value: chain.cotangents.get(chain.target.value)! };
  const notes = new Map([...derivatives, ...forward]);
  const page = (...outputs: readonly NamedValue[]): Graph => {
    return { ...graph, entryPoints: [{ name: "explain", outputs, updates: [] }], notes };
  };
  const marks = expandDerivativesWith(() => (value) => value, { log });
  const early = algebraFirst ? [marks, canonicalizeWith(log), collect(), collect()] : [];
  const [start] = runPasses(page(gradient), early).entryPoints[0].outputs;
  const algebra = [canonicalizeWith(log), stabilizeWith(log), simplifyWith(log), cseWith(log)];
  const late = [collect(), collect(), foldWith(log), collect(), cseWith(log)];
  const result = runPasses(page(loss, start), [marks, ...algebra, ...late]);
  const [, found] = result.entryPoints[0].outputs;
  // The compiled gradient comes first, so that its spelling stays.
  const compare = (pass: Pass, output: NamedValue): NamedValue =>
    pass.run(page({ name: "compiled", value: attempt.compiled }, output)).entryPoints[0].outputs[1];
  const compared = compare(cseWith(log), found);
  if (compared.value === attempt.compiled) return compared.value;
  const regroup = rewritePass("regroup", "Factors are multiplied from the left.", [fromTheLeft], log);
  return compare(cseWith(log), regroup.run(page(compared)).entryPoints[0].outputs[0]).value;
}
