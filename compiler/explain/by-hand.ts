/// The derivation that a person would write: the chain rule on the formulas of the model, then algebra.
import type { Graph } from "../../ir/graph.ts";
import type { Value } from "../../ir/value.ts";
import { runPasses } from "../pass.ts";
import { canonicalizeWith } from "../passes/canonicalize.ts";
import { cseWith } from "../passes/cse.ts";
import { foldWith } from "../passes/fold.ts";
import { rewritePass } from "../passes/rewrite-pass.ts";
import { simplifyWith } from "../passes/simplify.ts";
import { stabilizeWith } from "../passes/stabilize.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { makeLog, phasesOf, type DerivationLog } from "../rewrite/log.ts";
import type { Rule } from "../rewrite/rule.ts";
import { collectingRules } from "../rewrite/rules/all.ts";
import { chainRule, type Chain } from "./chain.ts";
import type { Derivation } from "./derivation.ts";
import { replay, type Moment } from "./replay.ts";
import { handRules, tidyRules } from "./rules.ts";
import { derivativeName, namesOf, stationsBetween } from "./stations.ts";

/**
 * Derives ∂loss/∂target until the compiled form is reached, with as little of what a person does by hand besides as is
 * needed. Undefined where that does not lead there.
 */
export function deriveByHand(graph: Graph, loss: Value, target: Value, compiled: Value): Derivation | undefined {
  const names = namesOf(graph);
  const chain = chainRule(stationsBetween(loss, target, names), makeRewriter(tidyRules));
  for (const extra of [[], handRules]) {
    const log = makeLog();
    if (simplified(graph, chain, extra, log) !== compiled) continue;
    const forward: Moment = new Map([...names].map(([value, name]) => [name, value]));
    const start: Moment = new Map([...forward, ...derivativesOf(chain)]);
    return { chain, forward: { start: forward, steps: [] }, backward: { start, steps: replay(start, phasesOf(log)) } };
  }
  return undefined;
}

function derivativesOf({ loss, stations, cotangents }: Chain): Moment {
  return new Map(stations.slice(1).map(({ name, value }) => [derivativeName(loss, name), cotangents.get(value)!]));
}

/** The gradient after the compiler's own passes, and `extra` rules where it collects. */
function simplified(graph: Graph, chain: Chain, extra: readonly Rule[], log: DerivationLog): Value {
  const collect = () => rewritePass("collect", "Sums of products are collected.", [...extra, ...collectingRules], log);
  const derivatives = [...derivativesOf(chain)].map(([name, value]) => [value, { name }] as const);
  const outputs = [
    { name: "loss", value: chain.loss.value },
    { name: "gradient", value: chain.cotangents.get(chain.target.value)! },
  ];
  const page: Graph = {
    ...graph,
    entryPoints: [{ name: "explain", outputs, updates: [] }],
    notes: new Map([...derivatives, ...graph.notes]),
  };
  const algebra = [canonicalizeWith(log), stabilizeWith(log), simplifyWith(log), cseWith(log)];
  const result = runPasses(page, [...algebra, collect(), collect(), foldWith(log), cseWith(log)]);
  return result.entryPoints[0].outputs[1].value;
}
