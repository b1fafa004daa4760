/// The textual graph: what a person reads, and what `parseGraph` reads back to the same graph.
import { checkArgument, checkOptions, checkTensor, builtGraph, flag, mapped, text } from "./options.ts";
import type { Graph } from "./graph.ts";
import { formatName, namesDerivative } from "./notation/form.ts";
import type { StateIdentity } from "./ops/leaf.ts";
import { formatBody, loopWords } from "./print/bodies.ts";
import { formatInput, formatStates } from "./print/declarations.ts";
import { formatDefinition, formatReference, leafName, type Vocabulary } from "./print/expression.ts";
import { layOutPage, numberLines, type PrintOptions } from "./print/page.ts";
import { firstOfLoops, planFormula, planPage, type Plan } from "./print/plan.ts";
import { groupRepeated, type UpdateText } from "./print/repeat.ts";
import { aliasLines, type Section, type Statement } from "./print/statements.ts";
import { pageWidth, wrap } from "./print/wrap.ts";
import { formatType } from "./type.ts";
import type { Value } from "./value.ts";

export type { PrintOptions } from "./print/page.ts";

/** The graph as text of at most 100 columns where lines can be broken; `parseGraph` reads it back. */
export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  checkArgument("printGraph", "what is printed", graph, builtGraph);
  checkOptions("printGraph", options, { entry: text, gradient: flag });
  const { inputs, states, parts, names, plan, sections, common, aliases, loops, automatic } = layOutPage(
    graph,
    options,
  );
  const nameOf = (value: Value): string => names.get(value) ?? leafName(value);
  const roots = parts.flatMap((part) => part.roots);
  const second = new Set([...names.keys()].flatMap(aliases));
  const own = vocabulary(plan, names, automatic);
  const isTaken = (name: string): boolean => own.isTaken(name) || second.has(name);
  const words: Vocabulary = { ...own, isTaken, loop: loopWords(loops) };
  const bodies = [...loops.values()].map((page) => formatBody(page, loopWords(loops)));
  const used = new Set([...plan.order(roots), ...parts.flatMap(({ updates }) => updates.map(({ state }) => state))]);
  const head = [
    ...inputs.map((value) => formatInput(value, nameOf(value))),
    ...formatStates(states, nameOf, (state) => used.has(state)),
  ];
  const lines = common.flatMap((value) => [
    { tag: "line", value, output: false } as const,
    ...aliasLines(value, plan, aliases),
  ]);
  const shared = annotate(lines.map((line) => lineText(line, words, names)));
  const entries = sections.map((section, i) => {
    return [
      `entry ${formatName(parts[i].entry.name)}`,
      ...sectionLines(section, { ...words, ...primes(section, words) }, names),
    ];
  });
  const blocks = [[`graph ${formatName(graph.name)}`, ...head], ...bodies, shared, ...entries].filter(
    (block) => block.length > 0,
  );
  return `${blocks.map((block) => block.join("\n")).join("\n\n")}\n`;
}

/** Values as lines `name = formula`, with lines for what they share; `names` are values that formulas refer to. */
export function printValues(
  values: readonly { readonly name: string; readonly value: Value }[],
  names: ReadonlyMap<Value, string> = new Map(),
  reading = false,
): string {
  const all = new Map([...names, ...values.map(({ name, value }) => [value, name] as const)]);
  const roots = values.map(({ value }) => value);
  const isGiven = (value: Value): boolean => names.has(value) && !roots.includes(value);
  const plan = planPage([{ roots }], all, { reading, isGiven });
  const shown = plan.order(roots).filter((value) => plan.lines.has(value) && !isGiven(value));
  const lines = firstOfLoops(shown, plan);
  const words = { ...vocabulary(plan, all, numberLines(lines, [], all, plan)), reading };
  return lines
    .flatMap((value) => wrap(lineText({ tag: "line", value, output: false }, words, all).text, pageWidth, "    "))
    .join("\n");
}

/**
 * One value as a formula in terms of `names`. Shared values are written out each time, unless that makes the formula long:
 * then they stand above it in lines of their own, and it follows as `result`.
 */
export function printValue(value: Value, names: ReadonlyMap<Value, string> = new Map()): string {
  checkTensor("printValue", "what is printed", value);
  checkArgument("printValue", "the names", names, mapped);
  return formulaOf(value, names, false);
}

/** One value as `printValue` has it, but only to be read: `1 / n`, where text that reads back says of which shape 1 is. */
export function printReading(value: Value, names: ReadonlyMap<Value, string>): string {
  return formulaOf(value, names, true);
}

function formulaOf(value: Value, names: ReadonlyMap<Value, string>, reading: boolean): string {
  const others = names.has(value) ? new Map([...names].filter(([named]) => named !== value)) : names;
  const { plan, shared } = planFormula(value, others, { reading });
  if (shared.length > 0) return printValues([{ name: "result", value }], others, reading);
  let taken: ReadonlySet<string> | undefined;
  const words: Vocabulary = {
    ...{ view: plan.view, reading },
    reference: (operand) => (others.has(operand) ? formatName(others.get(operand)!) : undefined),
    isTaken: (name) => (taken ??= new Set(others.values())).has(name),
  };
  return formatDefinition(value, words);
}

function vocabulary(plan: Plan, names: ReadonlyMap<Value, string>, automatic: ReadonlyMap<Value, string>): Vocabulary {
  const taken = new Set(names.values());
  return {
    ...{ view: plan.view, siblings: plan.siblings },
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

interface LineText {
  readonly text: string;
  /** The type, where it helps: of named values, unless the name of a derivative says it. */
  readonly comment?: string;
}

function lineText(statement: Statement, words: Vocabulary, names: ReadonlyMap<Value, string>): LineText {
  switch (statement.tag) {
    case "line": {
      const { value, output } = statement;
      const bound = words.siblings?.(value) ?? [value];
      const left = bound.map((each) => words.reference(each)).join(", ");
      const text = `${output ? "output " : ""}${left} = ${formatDefinition(value, words)}`;
      const types = bound.flatMap((each) => {
        const name = names.get(each);
        if (name === undefined || namesDerivative(name)) return [];
        return `${bound.length > 1 ? `${formatName(name)}: ` : ""}${formatType(each.type)}`;
      });
      return types.length === 0 ? { text } : { text, comment: types.join(", ") };
    }
    case "alias":
      return { text: `${formatName(statement.name)} = ${formatReference(statement.value, words)}` };
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
