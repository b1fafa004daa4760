/// An explanation as LaTeX: one aligned environment a section.
import { escapeLatex, latexName } from "../format/latex-names.ts";
import { latexValue } from "../format/latex.ts";
import type { RuleText } from "../rewrite/log.ts";
import { cotangentLetter } from "./chain.ts";
import { writtenPart, type Formula, type Row, type Section } from "./lines.ts";
import { isFormula } from "./text.ts";

/** The sections as `aligned` environments for math mode, with the same lines as the text. */
export function explanationLatex(sections: readonly Section[]): string {
  const parts = sections.map(({ title, rows, rules = [] }) => {
    const lines = [`&\\text{${escapeLatex(title)}:}`, ...rows.map(rowLatex), ...rules.map(ruleLatex)];
    return `\\begin{aligned}\n${lines.map((line) => `  ${line}`).join(" \\\\\n")}\n\\end{aligned}\n`;
  });
  return parts.join("\n");
}

function rightLatex({ right, words, within = [] }: Row): string {
  if (words !== undefined) return `\\text{${escapeLatex(words)}}`;
  if (isFormula(right)) return formulaLatex(right) + whereLatex(within);
  return right.map((factors) => factors.map(latexName).join(" \\cdot ")).join(" + ");
}

function whereLatex(within: NonNullable<Row["within"]>): string {
  const parts = within.map(({ name, formula }) => `${latexName(name)} = ${formulaLatex(formula)}`);
  return parts.length === 0 ? "" : ` \\quad \\text{where } ${parts.join(",\\; ")}`;
}

function rowLatex(row: Row): string {
  const { left, label, relation, note } = row;
  const formula = rightLatex(row);
  const sign = relation === "↦" ? `&\\colon ${cotangentLetter} \\mapsto` : "&=";
  const name = label !== undefined ? `\\text{${escapeLatex(label)}}` : left === undefined ? undefined : latexName(left);
  const start = name === undefined ? "&=" : `${name} ${sign}`;
  return `${start} ${formula}${note === undefined ? "" : ` && \\text{${escapeLatex(note)}}`}`;
}

function formulaLatex({ value, names }: Formula): string {
  const written = writtenPart({ value, names });
  const name = names.get(value) ?? names.get(written);
  return name === undefined ? latexValue(written, names, true) : latexName(name);
}

function ruleLatex({ name, identity, example, contract }: RuleText): string {
  return `&\\text{${escapeLatex(name)}: ${example ? "for example " : ""}\\texttt{${escapeLatex(identity)}} (${contract})}`;
}
