/// The derivation as the compiler did it: formulas are rewritten first, then differentiated, then simplified.
import type { Graph } from "../../ir/graph.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { beforeDerivatives } from "../passes/all.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { expandedBy, phasesOf, type DerivationLog, type Differentiation } from "../rewrite/log.ts";
import { chainRule } from "./chain.ts";
import { endOf, type Course, type Derivation } from "./derivation.ts";
import { replay, type Moment } from "./replay.ts";
import { tidyRules } from "./rules.ts";
import { derivativeName, namesOf, stationsBetween } from "./stations.ts";

/** What the log says about ∂loss/∂target; undefined where no derivative came to the target. */
export function recordedDerivation(
  graph: Graph,
  loss: Value,
  target: Value,
  log: DerivationLog,
): Derivation | undefined {
  const taken = differentiationOf(log, loss, target);
  if (!taken) return undefined;
  const known = namesOf(graph);
  const rewrittenFirst = forwardCourse(graph, loss, log);
  // Rules may have left a formula without the target: then the chain is that of the formulas as they are written.
  const [way] = [rewrittenFirst, { start: rewrittenFirst.start, steps: [] }].flatMap((forward) => {
    const end = endOf(forward);
    const names = new Map([...end].map(([name, value]) => [value, name]));
    const at = (value: Value): Value => end.get(known.get(value)!) ?? value;
    const stations = stationsBetween(at(loss), at(target), names);
    return stations.length === 0 ? [] : [{ forward, stations }];
  });
  if (!way) return undefined;
  const { forward, stations } = way;
  const rewritten = endOf(forward);
  const chain = chainRule(stations, makeRewriter(tidyRules));
  const derivatives = new Map<string, Value>();
  for (const [value, name] of known) {
    const image = taken.forward(value);
    const cotangent = image && taken.cotangents.get(image);
    if (cotangent && value !== loss && !taken.partial.has(value))
      derivatives.set(derivativeName(chain.loss, name), cotangent);
  }
  const start: Moment = new Map([...rewritten, ...derivatives]);
  return { chain, forward, backward: { start, steps: replay(start, phasesOf(log)) }, untidy: true };
}

/** When a loss was differentiated with respect to a value. */
function differentiationOf(log: DerivationLog, loss: Value, target: Value): Differentiation | undefined {
  return log.entries.find((entry): entry is Differentiation => {
    if (entry.tag !== "differentiation" || entry.loss !== loss || entry.partial.has(target)) return false;
    const image = entry.forward(target);
    return image !== undefined && entry.cotangents.has(image);
  });
}

/** What is done to named values before they are differentiated; derivatives within them are in place already. */
function forwardCourse(graph: Graph, loss: Value, log: DerivationLog): Course {
  const within = new Set(postorder([loss]));
  const known = [...namesOf(graph)].filter(([value]) => within.has(value));
  const start: Moment = new Map(known.map(([value, name]) => [name, expandedBy(log, value)]));
  const phases = phasesOf(log).filter((phase) => phase.name === beforeDerivatives);
  return { start, steps: replay(start, phases) };
}
