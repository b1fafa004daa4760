/// What of a graph a page shows, in which order, and what unnamed shared values are called: the same for every format.
import type { Graph } from "../graph.ts";
import type { Value } from "../value.ts";
import { bodiesBelow, layOutLoops, type LoopPage } from "./bodies.ts";
import { leafName } from "./expression.ts";
import { firstOfLoops, planPage, type Plan } from "./plan.ts";
import { arrange, type Aliases, type EntryPart, type Section } from "./statements.ts";

/** What of a graph is printed. */
export interface PrintOptions {
  /** Only this entry point; by default all. */
  readonly entry?: string;
  /** False leaves out updates and whatever only they need: the forward graph remains. Default true. */
  readonly gradient?: boolean;
}

/** What of a graph is shown, with names for everything that has one: the same for every format. */
export interface Page {
  readonly inputs: readonly Value[];
  readonly states: readonly Value[];
  readonly parts: readonly EntryPart[];
  readonly names: ReadonlyMap<Value, string>;
  readonly plan: Plan;
  /** Values with lines that several entry points share. */
  readonly common: readonly Value[];
  readonly aliases: Aliases;
  /** Statements of each part. */
  readonly sections: readonly Section[];
  /** The bodies of loops by their identity, inner ones first. */
  readonly loops: ReadonlyMap<object, LoopPage>;
  /** `v1`, `v2`… for lines without a name, bodies apart; no two values of a page share one. */
  readonly automatic: ReadonlyMap<Value, string>;
  /** What bodies make up. */
  readonly madeUp: ReadonlySet<string>;
}

/**
 * Selects what the options ask for. Leaves that nothing shown depends on are left out of a partial page. One entry point by
 * itself has the letters that the page of all of them has.
 */
export function layOutPage(graph: Graph, { entry, gradient = true }: PrintOptions = {}): Page {
  const parts = graph.entryPoints
    .filter((each) => entry === undefined || each.name === entry)
    .map((each): EntryPart => {
      const updates = gradient ? each.updates : [];
      const roots = [...each.outputs.map((output) => output.value), ...updates.map((update) => update.value)];
      return { entry: each, updates, roots };
    });
  const names = new Map<Value, string>();
  for (const [value, { name }] of graph.notes) if (name !== undefined) names.set(value, name);
  for (const leaf of [...graph.inputs, ...graph.states]) if (!names.has(leaf)) names.set(leaf, leafName(leaf));
  const isAll = entry === undefined && gradient;
  const plan = planPage(parts, names);
  const roots = parts.flatMap((part) => part.roots);
  const order = plan.order(roots);
  const used = new Set(order);
  for (const part of parts) for (const { state } of part.updates) used.add(state);
  const shown = (leaf: Value): boolean => isAll || used.has(leaf);
  const aliases = aliasesOf(graph, parts);
  const sections = parts.map((part) => arrange(part, plan, names, aliases));
  const common = firstOfLoops(
    order.filter((value) => plan.lines.has(value) && plan.partsOf(value).size > 1),
    plan,
  );
  const whole = entry === undefined ? undefined : layOutPage(graph, { gradient });
  const madeUp = new Set(whole?.madeUp);
  const loops = whole ? loopsOf(whole, roots) : layOutLoops(roots, names, madeUp);
  return {
    inputs: graph.inputs.filter(shown),
    states: graph.states.filter(shown),
    parts,
    names,
    plan,
    common,
    aliases,
    sections,
    loops,
    madeUp,
    automatic: numberLines(common, sections, names, plan, madeUp, whole?.automatic),
  };
}

/** The bodies of a page that loops below some of its roots repeat. */
function loopsOf({ loops }: Page, roots: readonly Value[]): Page["loops"] {
  const below = new Set<object>(bodiesBelow(roots).map(({ identity }) => identity));
  return new Map([...loops].filter(([identity]) => below.has(identity)));
}

/** Second names, but for those that an output gives as well. */
function aliasesOf({ notes }: Graph, parts: readonly EntryPart[]): Aliases {
  const outputs = new Set(parts.flatMap(({ entry }) => entry.outputs.map(({ name }) => name)));
  return (value) => notes.get(value)?.aliases?.filter((name) => !outputs.has(name)) ?? [];
}

/** `v1`, `v2`… for shared values without a name; `madeUp` are names of others, `given` letters that values have already. */
export function numberLines(
  common: readonly Value[],
  sections: readonly Section[],
  names: ReadonlyMap<Value, string>,
  { siblings }: Pick<Plan, "siblings">,
  madeUp: ReadonlySet<string> = new Set(),
  given: ReadonlyMap<Value, string> = new Map(),
): ReadonlyMap<Value, string> {
  const taken = new Set([...names.values(), ...madeUp, ...given.values()]);
  const automatic = new Map<Value, string>();
  const own = sections.flatMap(({ statements }) =>
    statements.flatMap((each) => (each.tag === "line" ? [each.value] : [])),
  );
  let count = 0;
  for (const value of [...common, ...own].flatMap(siblings)) {
    if (names.has(value)) continue;
    if (!given.has(value))
      do count++;
      while (taken.has(`v${count}`));
    automatic.set(value, given.get(value) ?? `v${count}`);
  }
  return automatic;
}
