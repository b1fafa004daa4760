/// Graphs as LaTeX: one aligned environment, for papers and lecture notes.
import type { Graph } from "../../ir/graph.ts";
import { planFormula } from "../../ir/print/plan.ts";
import { layOutPage, type Page, type PrintOptions } from "../../ir/print/page.ts";
import type { Section, Statement } from "../../ir/print/statements.ts";
import { leafName } from "../../ir/print/expression.ts";
import type { Value } from "../../ir/value.ts";
import { latexDefinition, latexReference, type LatexVocabulary } from "./latex-formula.ts";
import { escapeLatex, latexName } from "./latex-names.ts";

/** The graph as one `aligned` environment for math mode, with the same lines as the printed text. */
export function formatLatex(graph: Graph, options: PrintOptions = {}): string {
  const page = layOutPage(graph, options);
  const words = vocabulary(page, new Map());
  const common = page.common.map((value) => equation({ tag: "line", value, output: false }, words, page));
  const entries = page.sections.flatMap((section, i) => [
    `&\\text{${escapeLatex(page.parts[i].entry.name)}:}`,
    ...sectionRows(section, page),
  ]);
  const rows = [...common, ...entries].map((row) => `  ${row}`);
  return `\\begin{aligned}\n${rows.join(" \\\\\n")}\n\\end{aligned}\n`;
}

/** One value as a formula in terms of `names`; what it shares too much of to be written out follows as `where`. */
export function latexValue(value: Value, names: ReadonlyMap<Value, string>): string {
  const others = new Map([...names].filter(([named]) => named !== value));
  const { plan, shared } = planFormula(value, others);
  const numbers = new Map(shared.map((each, i) => [each, `v${i + 1}`]));
  const words: LatexVocabulary = {
    view: plan.view,
    reference(operand) {
      const name = others.get(operand) ?? numbers.get(operand);
      return name === undefined ? undefined : latexName(name);
    },
  };
  const parts = shared.map((each) => `${latexName(numbers.get(each)!)} = ${latexDefinition(each, words)}`);
  const where = parts.length === 0 ? "" : ` \\quad \\text{where } ${parts.join(",\\; ")}`;
  return latexDefinition(value, words) + where;
}

function sectionRows(section: Section, page: Page): readonly string[] {
  const primed = new Map([...section.primed.keys()].map((value) => [value, primedName(value, page)]));
  const words = vocabulary(page, primed);
  return section.statements.map((statement) => equation(statement, words, page));
}

function primedName(value: Value, page: Page): string {
  const update = page.parts.flatMap((part) => part.updates).find((each) => each.value === value);
  return update ? `{${nameOf(update.state, page)}}'` : "?";
}

function nameOf(value: Value, { names, automatic }: Page): string {
  return latexName(names.get(value) ?? automatic.get(value) ?? leafName(value));
}

function vocabulary(page: Page, primed: ReadonlyMap<Value, string>): LatexVocabulary {
  return {
    view: page.plan.view,
    reference(value) {
      const known = primed.get(value);
      if (known !== undefined) return known;
      return page.names.has(value) || page.automatic.has(value) ? nameOf(value, page) : undefined;
    },
  };
}

function equation(statement: Statement, words: LatexVocabulary, page: Page): string {
  switch (statement.tag) {
    case "line":
      return `${nameOf(statement.value, page)} &= ${latexDefinition(statement.value, words)}`;
    case "output": {
      const { name, value } = statement.output;
      const reference = latexReference(value, words);
      const left = latexName(name);
      return left === reference ? `&\\phantom{=} ${left}` : `${left} &= ${reference}`;
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
