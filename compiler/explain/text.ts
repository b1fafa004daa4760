/// An explanation as plain text: formulas on the left, rules and places on the right.
import { formatName } from "../../ir/notation/form.ts";
import { pageWidth, wrap } from "../../ir/print/wrap.ts";
import type { RuleText } from "../rewrite/log.ts";
import { cotangentLetter } from "./chain.ts";
import { formulaText, primed, type Formula, type Row, type Section } from "./lines.ts";

/** The sections as text of at most 100 columns where lines can be broken. */
export function explanationText(sections: readonly Section[]): string {
  const parts = sections.map(({ title, rows, rules = [] }) => {
    return [...wrap(title, pageWidth, "    "), ...rowLines(rows), ...ruleLines(rules)].join("\n");
  });
  return `${parts.join("\n\n")}\n`;
}

/** A note stands at the end of the last line of its formula where there is room, in one column as far as it goes. */
function rowLines(rows: readonly Row[]): readonly string[] {
  const texts = rows.map((row) => {
    const text = rowText(row);
    const room = row.note === undefined ? pageWidth : roomBeside(row.note);
    return text.includes("\n") ? text.split("\n") : wrap(text, pageWidth, "      ", room);
  });
  const fitting = rows.flatMap(({ note }, i) =>
    note && fits(texts[i].at(-1)!, note) ? [texts[i].at(-1)!.length] : [],
  );
  const column = Math.max(0, ...fitting) + 2;
  return rows.flatMap(({ note }, i) => {
    const [lines, last] = [texts[i], texts[i].at(-1)!];
    if (!note) return lines;
    if (!fits(last, note)) return [...lines, `      # ${note}`];
    return lines.with(-1, `${last.padEnd(Math.min(column, pageWidth - note.length - 2))}# ${note}`);
  });
}

function fits(text: string, note: string): boolean {
  return text.length <= roomBeside(note);
}

const roomBeside = (note: string): number => pageWidth - note.length - 4;

/** A name, which may be that of an immediate derivative: ∂⁺ begins none that a graph has. */
function leftText(left: string): string {
  const plain = nameText(left.replace(/^∂⁺/u, "∂"));
  return left.startsWith("∂⁺") && plain.startsWith("∂") ? `∂⁺${plain.slice(1)}` : nameText(left);
}

function rightText(right: Row["right"]): string {
  return isFormula(right) ? formulaText(right) : right.map((factors) => factors.join(" · ")).join(" + ");
}

function rowText({ left, label, relation, right, words, within = [] }: Row): string {
  const inner = within.map(({ name, formula }) => `${name} = ${formulaText(formula)}`);
  const last = words ?? rightText(right);
  // A long formula comes with lines of its own, and calls the last of them the result already.
  const result = last.includes("\n") ? last : `result = ${last}`;
  const formula =
    inner.length === 0 ? last : [...inner, result].flatMap((line) => wrap(line, pageWidth - 6, "    ")).join("\n");
  const sign = relation === "↦" ? `: ${cotangentLetter} ↦` : " =";
  // What is too long for a line comes as lines of its own, the last of which is the result.
  const shown = formula.includes("\n") ? `\n${formula.replace(/^/gm, "      ")}` : ` ${formula}`;
  const start = label ?? (left === undefined ? undefined : leftText(left));
  return start === undefined ? `    =${shown}` : `  ${start}${sign}${shown}`;
}

/** A name, or the new value of a state: the name with a prime. `v1` is what a page calls a value without a name. */
function nameText(name: string): string {
  const plain = name.replaceAll(primed, "");
  if (/^v\d+$/.test(name) || formatName(plain) === plain) return name;
  return name.endsWith(primed) ? `${formatName(name.slice(0, -primed.length))}${primed}` : formatName(name);
}

/** True for a formula, false for a sum of products of names. */
export function isFormula(right: Row["right"]): right is Formula {
  return !Array.isArray(right);
}

function ruleLines(rules: readonly RuleText[]): readonly string[] {
  const width = Math.max(0, ...rules.map(({ name }) => name.length));
  const hanging = " ".repeat(width + 6);
  return rules.flatMap(({ name, identity, example, contract }) => {
    const lines = wrap(`  ${name.padEnd(width)}  ${example ? "for example " : ""}${identity}`, pageWidth, hanging);
    const whole = `${lines.at(-1)}  (${contract})`;
    return whole.length <= pageWidth ? lines.with(-1, whole) : [...lines, `${hanging}(${contract})`];
  });
}
