/// What holds of states between calls: a mean of squares that starts at 0 stays at 0 or above.
import type { Graph } from "../../ir/graph.ts";
import type { Initializer } from "../../ir/initializer.ts";
import type { StateIdentity } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { analyse, openFrame } from "./analysis.ts";
import { equalBounds, makeBounds, unknown, widened, type Bounds } from "./bounds.ts";
import type { Node } from "./node.ts";

/** Rounds after which nothing is taken to hold. */
const mostRounds = 12;

/** Bounds of every state: those of its first value, and of what every update makes of them, as often as it runs. */
export function stateNodes(graph: Graph): ReadonlyMap<Value, Node> {
  const updates = graph.entryPoints.flatMap((entry) => entry.updates);
  let before = new Map(graph.states.map((state) => [state, firstBounds(state.attrs.identity as StateIdentity)]));
  for (let round = 0; round < mostRounds; round++) {
    const nodes = analyse(
      updates.map(({ value }) => value),
      openFrame(asNodes(before)),
    );
    const after = new Map(before);
    updates.forEach(({ state }, i) => {
      // What overflows is reported where it does; the state is taken to have stayed finite.
      const next = { ...nodes[i].bounds, specials: 0 };
      after.set(state, widened(after.get(state) ?? unknown, next));
    });
    const known = before;
    if ([...after].every(([state, bounds]) => equalBounds(bounds, known.get(state) ?? unknown))) return asNodes(before);
    before = after;
  }
  return asNodes(new Map(graph.states.map((state) => [state, unknown])));
}

function asNodes(bounds: ReadonlyMap<Value, Bounds>): ReadonlyMap<Value, Node> {
  return new Map([...bounds].map(([value, each]) => [value, { value, bounds: each, arises: 0, inputs: [] }]));
}

function firstBounds({ initializer, parameter }: StateIdentity): Bounds {
  // Parameters may be given at load.
  return parameter ? unknown : initialBounds(initializer);
}

function initialBounds(initializer: Initializer): Bounds {
  switch (initializer.tag) {
    case "constant":
      return makeBounds({ low: initializer.value, high: initializer.value }, false, 0);
    case "uniform":
      return makeBounds(initializer, false, 0);
    case "values":
      return makeBounds({ low: Math.min(...initializer.values), high: Math.max(...initializer.values) }, false, 0);
    case "normal":
    case "scaled":
    case "key":
      return unknown;
    default:
      return initializer satisfies never;
  }
}
