/// The textual graph: what a person reads, and what `parseGraph` reads back to the same graph.
import type { Graph } from "./graph.ts";
import { formatName } from "./notation/form.ts";
import type { StateIdentity } from "./ops/leaf.ts";
import { formatInput, formatStates } from "./print/declarations.ts";
import { formatDefinition, formatReference, leafName, type Vocabulary } from "./print/expression.ts";
import { planPage, type Plan } from "./print/plan.ts";
import { groupRepeated, type UpdateText } from "./print/repeat.ts";
import { arrange, type EntryPart, type Section, type Statement } from "./print/statements.ts";
import { pageWidth, wrap } from "./print/wrap.ts";
import { formatType } from "./type.ts";
import type { Value } from "./value.ts";

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
}

/** Selects what the options ask for. Leaves that nothing shown depends on are left out of a partial page. */
export function selectPage(graph: Graph, { entry, gradient = true }: PrintOptions = {}): Page {
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
  const whole = entry === undefined && gradient;
  const used = new Set(planPage(parts, names).order(parts.flatMap((part) => part.roots)));
  for (const part of parts) for (const { state } of part.updates) used.add(state);
  const shown = (leaf: Value): boolean => whole || used.has(leaf);
  return { inputs: graph.inputs.filter(shown), states: graph.states.filter(shown), parts, names };
}

/** The graph as text of at most 100 columns where lines can be broken; `parseGraph` reads it back. */
export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  const { inputs, states, parts, names } = selectPage(graph, options);
  const nameOf = (value: Value): string => names.get(value) ?? leafName(value);
  const plan = planPage(parts, names);
  const sections = parts.map((part) => arrange(part, plan, names));
  const common = plan.order(parts.flatMap((part) => part.roots)).filter((value) => {
    return plan.lines.has(value) && plan.partsOf(value).size > 1;
  });
  const automatic = numberLines(common, sections, names);
  const words = vocabulary(plan, names, automatic);
  const head = [...inputs.map((value) => formatInput(value, nameOf(value))), ...formatStates(states, nameOf)];
  const shared = annotate(common.map((value) => lineText({ tag: "line", value, output: false }, words, names)));
  const entries = sections.map((section, i) => {
    return [
      `entry ${formatName(parts[i].entry.name)}`,
      ...sectionLines(section, { ...words, ...primes(section, words) }, names),
    ];
  });
  const blocks = [[`graph ${formatName(graph.name)}`, ...head], shared, ...entries].filter((block) => block.length > 0);
  return `${blocks.map((block) => block.join("\n")).join("\n\n")}\n`;
}

/** Values as lines `name = formula`, with lines for what they share; `names` are values that formulas refer to. */
export function printValues(
  values: readonly { readonly name: string; readonly value: Value }[],
  names: ReadonlyMap<Value, string> = new Map(),
): string {
  const all = new Map([...names, ...values.map(({ name, value }) => [value, name] as const)]);
  const roots = values.map(({ value }) => value);
  const plan = planPage([{ roots }], all);
  const given = new Set(names.keys());
  const lines = plan
    .order(roots)
    .filter((value) => plan.lines.has(value) && (!given.has(value) || roots.includes(value)));
  const words = vocabulary(plan, all, numberLines(lines, [], all));
  return lines
    .flatMap((value) => wrap(lineText({ tag: "line", value, output: false }, words, all).text, pageWidth, "    "))
    .join("\n");
}

/** One value as a formula in terms of `names`. What it shares is written out each time it is short enough. */
export function printValue(value: Value, names: ReadonlyMap<Value, string> = new Map()): string {
  const others = new Map([...names].filter(([named]) => named !== value));
  const plan = planPage([{ roots: [value] }], others);
  const words: Vocabulary = {
    view: plan.view,
    reference: (operand) => (others.has(operand) ? formatName(others.get(operand)!) : undefined),
    isTaken: (name) => [...others.values()].includes(name),
  };
  return formatDefinition(value, words);
}

function vocabulary(plan: Plan, names: ReadonlyMap<Value, string>, automatic: ReadonlyMap<Value, string>): Vocabulary {
  const taken = new Set(names.values());
  return {
    view: plan.view,
    isTaken: (name) => taken.has(name),
    reference(value) {
      const name = names.get(value);
      return name === undefined ? automatic.get(value) : formatName(name);
    },
  };
}

function primes({ primed }: Section, words: Vocabulary): Pick<Vocabulary, "reference"> {
  return { reference: (value) => primed.get(value) ?? words.reference(value) };
}

/** `v1`, `v2`… for shared values without a name. */
function numberLines(
  common: readonly Value[],
  sections: readonly Section[],
  names: ReadonlyMap<Value, string>,
): ReadonlyMap<Value, string> {
  const taken = new Set(names.values());
  const automatic = new Map<Value, string>();
  const own = sections.flatMap(({ statements }) =>
    statements.flatMap((each) => (each.tag === "line" ? [each.value] : [])),
  );
  let count = 0;
  for (const value of [...common, ...own]) {
    if (names.has(value)) continue;
    do count++;
    while (taken.has(`v${count}`));
    automatic.set(value, `v${count}`);
  }
  return automatic;
}

interface LineText {
  readonly text: string;
  /** The type, where it helps: of named values that are no derivatives. */
  readonly comment?: string;
}

function lineText(statement: Statement, words: Vocabulary, names: ReadonlyMap<Value, string>): LineText {
  switch (statement.tag) {
    case "line": {
      const { value, output } = statement;
      const text = `${output ? "output " : ""}${words.reference(value)} = ${formatDefinition(value, words)}`;
      return (names.get(value) ?? "∂").startsWith("∂") ? { text } : { text, comment: formatType(value.type) };
    }
    case "output": {
      const { name, value } = statement.output;
      const reference = formatReference(value, words);
      if (reference === formatName(name)) return { text: `output ${reference}` };
      const comment = words.reference(value) === undefined ? formatType(value.type) : undefined;
      return { text: `output ${formatName(name)} = ${reference}`, comment };
    }
    case "update": {
      const { state, value } = statement.update;
      const name = formatName(names.get(state) ?? leafName(state));
      // The update is where a primed value is defined.
      const isDefinition = words.reference(value) === `${name}′`;
      return {
        text: `update ${name} ← ${isDefinition ? formatDefinition(value, words) : formatReference(value, words)}`,
      };
    }
    default:
      return statement satisfies never;
  }
}

function sectionLines(section: Section, words: Vocabulary, names: ReadonlyMap<Value, string>): readonly string[] {
  const lines: string[] = [];
  let texts: LineText[] = [];
  let updates: UpdateText[] = [];
  const flush = (): void => {
    lines.push(...annotate(texts, "  "));
    for (const { parameters, lines: repeated } of groupRepeated(updates)) {
      if (parameters.length > 0) lines.push(...wrap(`  for θ in ${parameters.join(", ")}`, pageWidth, "      "));
      const indent = parameters.length > 0 ? "    " : "  ";
      for (const line of repeated) lines.push(...wrap(indent + line, pageWidth, `${indent}    `));
    }
    [texts, updates] = [[], []];
  };
  for (const statement of section.statements) {
    const line = lineText(statement, words, names);
    if (statement.tag === "update") {
      const { state } = statement.update;
      const { parameter } = state.attrs.identity as StateIdentity;
      updates.push({ text: line.text, parameter: parameter ? formatName(names.get(state) ?? "") : undefined });
    } else {
      if (updates.length > 0) flush();
      texts.push(line);
    }
  }
  flush();
  return lines;
}

/** Wraps lines and puts types at the right where there is room, one under the other. */
function annotate(texts: readonly LineText[], indent = ""): readonly string[] {
  const fitting = texts.filter(({ text, comment }) => comment && text.length + comment.length + 6 <= pageWidth);
  const column = Math.max(0, ...fitting.map(({ text }) => indent.length + text.length)) + 2;
  return texts.flatMap(({ text, comment }) => {
    const [first, ...rest] = wrap(indent + text, pageWidth, `${indent}    `);
    if (rest.length > 0 || !comment || first.length + comment.length + 4 > pageWidth) return [first, ...rest];
    const at = Math.min(column, pageWidth - comment.length - 2);
    return [`${first.padEnd(Math.max(at, first.length + 2))}# ${comment}`];
  });
}
