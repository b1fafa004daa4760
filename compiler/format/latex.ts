/// Graphs as LaTeX: one aligned environment, for papers and lecture notes.
import type { Graph } from "../../ir/graph.ts";
import type { BodyPage, LoopPage } from "../../ir/print/bodies.ts";
import { planFormula } from "../../ir/print/plan.ts";
import { layOutPage, type Page, type PrintOptions } from "../../ir/print/page.ts";
import type { Plan } from "../../ir/print/plan.ts";
import { aliasLines, type Section, type Statement } from "../../ir/print/statements.ts";
import { leafName } from "../../ir/print/expression.ts";
import { groupRepeated, placeholder, type UpdateText } from "../../ir/print/repeat.ts";
import type { StateIdentity } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { latexDefinition, latexReference, type LatexVocabulary } from "./latex-formula.ts";
import { axisLettersBeside, escapeLatex, latexName, latexSize } from "./latex-names.ts";

/** The graph as one `aligned` environment for math mode, with the same lines as the printed text. */
export function formatLatex(graph: Graph, options: PrintOptions = {}): string {
  const page = layOutPage(graph, options);
  const { loops } = page;
  const loop: Shared["loop"] = ({ identity }) => {
    const body = loops.get(identity);
    return body && { name: latexName(body.title), inside: (value) => nameInBody(body, value) };
  };
  const named = [...page.names, ...[...loops.values()].flatMap((body) => [...body.names])];
  const shared = { loop, axisLetters: axisLettersBeside(named) };
  const words = vocabulary(page, () => undefined, shared);
  const bodies = [...loops.values()].flatMap((body) => bodyRows(body, shared));
  const lines = page.common.flatMap((value) => [
    { tag: "line", value, output: false } as const,
    ...aliasLines(value, page.plan, page.aliases),
  ]);
  const common = lines.map((line) => equation(line, words, page));
  const entries = page.sections.flatMap((section, i) => [
    `&\\text{${escapeLatex(page.parts[i].entry.name)}:}`,
    ...sectionRows(section, page, shared),
  ]);
  const rows = [...bodies, ...common, ...entries].map((row) => `  ${row}`);
  return `\\begin{aligned}\n${rows.join(" \\\\\n")}\n\\end{aligned}\n`;
}

/** How one value is written. */
export interface ValueOptions {
  readonly reading?: boolean;
  /** Letters of axes, the same for a whole page. */
  readonly axisLetters?: readonly string[];
}

/**
 * One value as a formula in terms of `names`; what it shares too much of to be written out follows as `where`. Only for
 * `reading` a number is a number, whatever shape it fills.
 */
export function latexValue(
  value: Value,
  names: ReadonlyMap<Value, string>,
  { reading = false, axisLetters = axisLettersBeside(names) }: ValueOptions = {},
): string {
  const others = names.has(value) ? new Map([...names].filter(([named]) => named !== value)) : names;
  const { plan, shared } = planFormula(value, others, { reading });
  const numbers = new Map(shared.map((each, i) => [each, `v${i + 1}`]));
  const words: LatexVocabulary = {
    ...{ view: plan.view, axisLetters },
    reference(operand) {
      const name = others.get(operand) ?? numbers.get(operand);
      return name === undefined ? undefined : latexName(name);
    },
  };
  const parts = shared.map((each) => `${latexName(numbers.get(each)!)} = ${latexDefinition(each, words)}`);
  const where = parts.length === 0 ? "" : ` \\quad \\text{where } ${parts.join(",\\; ")}`;
  return latexDefinition(value, words) + where;
}

/** What the formulas of a page have in common. */
type Shared = Pick<LatexVocabulary, "loop" | "axisLetters">;

function nameInBody({ names, automatic }: BodyPage, value: Value): string | undefined {
  const name = names.get(value) ?? automatic.get(value);
  return name === undefined ? undefined : latexName(name);
}

/** `h,\\; G`: the names of the results of a loop, or of one value. */
function leftSide(value: Value, { siblings }: Plan, nameOf: (each: Value) => string | undefined): string {
  return siblings(value)
    .map((each) => nameOf(each) ?? "?")
    .join(",\\; ");
}

const plurals = { carry: "carries", element: "elements", capture: "captures", position: "positions" };

/** The step of a loop: what it stands on, its lines, what the next step finds in the carries, and what is kept of each. */
function bodyRows(page: LoopPage, shared: Shared): readonly string[] {
  const { body, letters, plan, lines } = page;
  const nameIn = (value: Value): string | undefined => nameInBody(page, value);
  const words: LatexVocabulary = { view: plan.view, siblings: plan.siblings, reference: nameIn, ...shared };
  const roles = [...new Set(letters.map(({ role }) => role))].map((role) => {
    const own = letters.filter((letter) => letter.role === role);
    return `\\text{, ${own.length > 1 ? plurals[role] : role} } ${own.map(({ name }) => latexName(name)).join(", ")}`;
  });
  const over = latexSize(body.length);
  return [
    `&${latexName(page.title)} \\text{${body.reverse ? " reversed" : ""} over } ${over}${roles.join("")}\\text{:}`,
    ...lines.map((value) => `${leftSide(value, plan, nameIn)} &= ${latexDefinition(value, words)}`),
    ...body.next.map((value, index) => `${nameIn(body.carries[index])} &\\leftarrow ${latexReference(value, words)}`),
    ...body.outputs.map((value) => `&\\text{output } ${latexReference(value, words)}`),
  ];
}

/** Rows of one entry point. Updates that are the same for several parameters stand once, for θ. */
function sectionRows(section: Section, page: Page, shared: Shared): readonly string[] {
  const updates = page.parts.flatMap((part) => part.updates).toReversed();
  const updated = new Map(updates.map(({ state, value }) => [value, state]));
  const rowsFor = (named: Page): ((statement: Statement) => string) => {
    const primed = (value: Value): string | undefined =>
      section.primed.has(value) ? `{${nameOf(updated.get(value)!, named)}}'` : undefined;
    const words = vocabulary(named, primed, shared);
    return (statement) => equation(statement, words, named);
  };
  const plain = rowsFor(page);
  const rowsOf = remember((parameter: string) => rowsFor(withPlaceholder(page, parameter)));
  const rows: string[] = [];
  let pending: UpdateText[] = [];
  const flush = (): void => {
    for (const { parameters, lines } of groupRepeated(pending)) {
      if (parameters.length > 0) rows.push(...parameterRows(parameters));
      rows.push(...lines.map((line) => (parameters.length > 0 ? `\\quad ${line}` : line)));
    }
    pending = [];
  };
  for (const statement of section.statements) {
    if (statement.tag !== "update") {
      flush();
      rows.push(plain(statement));
      continue;
    }
    const { state } = statement.update;
    const { parameter } = state.attrs.identity as StateIdentity;
    pending.push({
      text: plain(statement),
      parameter: parameter ? page.names.get(state) : undefined,
      repeated: (name) => rowsOf(name)(statement),
    });
  }
  flush();
  return rows;
}

/** `for θ in W, b:`, a few names in a row. */
function parameterRows(parameters: readonly string[]): readonly string[] {
  const inRow = 4;
  const rows = Array.from({ length: Math.ceil(parameters.length / inRow) }, (_, i) =>
    parameters
      .slice(i * inRow, (i + 1) * inRow)
      .map(latexName)
      .join(",\\; "),
  );
  const last = rows.length - 1;
  return rows.map((row, i) => {
    return `&${i === 0 ? `\\text{for } ${latexName(placeholder)} \\text{ in } ` : "\\quad "}${row}${i === last ? "\\text{:}" : ","}`;
  });
}

/** The page with θ in the place of a parameter's name, and in the names of what belongs to the parameter. */
function withPlaceholder(page: Page, parameter: string): Page {
  const names = new Map(
    [...page.names].map(([value, name]) => {
      const isOwn = name === parameter || name.endsWith(`.${parameter}`) || name.endsWith(`/∂${parameter}`);
      return [value, isOwn ? name.slice(0, -parameter.length) + placeholder : name] as const;
    }),
  );
  return { ...page, names };
}

function remember<Result>(make: (name: string) => Result): (name: string) => Result {
  const known = new Map<string, Result>();
  return (name) => {
    if (!known.has(name)) known.set(name, make(name));
    return known.get(name)!;
  };
}

function nameOf(value: Value, { names, automatic }: Page): string {
  return latexName(names.get(value) ?? automatic.get(value) ?? leafName(value));
}

/** The words of a page; `primed` is what a value is called that is the new one of a state. */
function vocabulary(page: Page, primed: (value: Value) => string | undefined, shared: Shared): LatexVocabulary {
  return {
    ...{ view: page.plan.view, siblings: page.plan.siblings, ...shared },
    reference(value) {
      const known = primed(value);
      if (known !== undefined) return known;
      return page.names.has(value) || page.automatic.has(value) ? nameOf(value, page) : undefined;
    },
  };
}

function equation(statement: Statement, words: LatexVocabulary, page: Page): string {
  switch (statement.tag) {
    case "line":
      return `${leftSide(statement.value, page.plan, (each) => nameOf(each, page))} &= ${latexDefinition(statement.value, words)}`;
    case "alias":
      return `${latexName(statement.name)} &= ${latexReference(statement.value, words)}`;
    case "output": {
      const { name, value } = statement.output;
      const reference = latexReference(value, words);
      const left = latexName(name);
      const text = `\\text{output } ${left}`;
      return left === reference ? `&${text}` : `${text} &= ${reference}`;
    }
    case "update": {
      const { state, value } = statement.update;
      const isDefinition = words.reference(value) === `{${nameOf(state, page)}}'`;
      const right = isDefinition ? latexDefinition(value, words) : latexReference(value, words);
      return `${nameOf(state, page)} &\\leftarrow ${right}`;
    }
    default:
      return statement satisfies never;
  }
}
