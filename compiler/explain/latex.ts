/// An explanation as LaTeX: one aligned environment a section.
import { axisLettersBeside, escapeLatex, latexName } from "../format/latex-names.ts";
import { latexValue } from "../format/latex.ts";
import type { Value } from "../../ir/value.ts";
import type { RuleText } from "../rewrite/log.ts";
import { cotangentLetter } from "./chain.ts";
import { writtenPart, type Formula, type Row, type Section } from "./lines.ts";
import { isFormula } from "./text.ts";

/** The sections as `aligned` environments for math mode, with the same lines as the text. */
export function explanationLatex(sections: readonly Section[]): string {
  const axisLetters = axisLettersBeside(sections.flatMap(({ rows }) => rows.flatMap(namesOfRow)));
  const write: Write = ({ value, names }) => {
    const written = writtenPart({ value, names });
    const name = names.get(value) ?? names.get(written);
    return name === undefined ? latexValue(written, names, { reading: true, axisLetters }) : latexName(name);
  };
  const parts = sections.map(({ title, rows, rules = [] }) => {
    const own = rows.map((row) => rowLatex(row, write));
    const lines = [`&\\text{${escapeLatex(title)}:}`, ...own, ...rules.map(ruleLatex)];
    return `\\begin{aligned}\n${lines.map((line) => `  ${line}`).join(" \\\\\n")}\n\\end{aligned}\n`;
  });
  return parts.join("\n");
}

/** A formula as LaTeX. */
type Write = (formula: Formula) => string;

function namesOfRow({ right, within = [] }: Row): readonly (readonly [Value, string])[] {
  const formulas = [...(isFormula(right) ? [right] : []), ...within.map(({ formula }) => formula)];
  return formulas.flatMap(({ names }) => [...names]);
}

function rightLatex({ right, words, within = [] }: Row, write: Write): string {
  if (words !== undefined) return `\\text{${escapeLatex(words)}}`;
  if (isFormula(right)) return write(right) + whereLatex(within, write);
  return right.map((factors) => factors.map(latexName).join(" \\cdot ")).join(" + ");
}

function whereLatex(within: NonNullable<Row["within"]>, write: Write): string {
  const parts = within.map(({ name, formula }) => `${latexName(name)} = ${write(formula)}`);
  return parts.length === 0 ? "" : ` \\quad \\text{where } ${parts.join(",\\; ")}`;
}

function rowLatex(row: Row, write: Write): string {
  const { left, label, relation, note } = row;
  const formula = rightLatex(row, write);
  const sign = relation === "↦" ? `&\\colon ${cotangentLetter} \\mapsto` : "&=";
  const name = label !== undefined ? `\\text{${escapeLatex(label)}}` : left === undefined ? undefined : latexName(left);
  const start = name === undefined ? "&=" : `${name} ${sign}`;
  return `${start} ${formula}${note === undefined ? "" : ` && \\text{${escapeLatex(note)}}`}`;
}

function ruleLatex({ name, identity, example, contract }: RuleText): string {
  return `&\\text{${escapeLatex(name)}: ${example ? "for example " : ""}\\texttt{${escapeLatex(identity)}} (${contract})}`;
}
