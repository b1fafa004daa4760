/// Names of a model as mathematicians write them.
import type { Value } from "../../ir/value.ts";

const greek = new Set(
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega".split(" "),
);

/** An optimizer without a name of its own is the only one of its kind, which goes without saying. */
const usualOptimizers: ReadonlySet<string> = new Set(["adam", "sgd"]);

/** Combining marks of Unicode as LaTeX accents. */
const accents: Readonly<Record<string, string>> = { "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar" };

/**
 * LaTeX of a name: `hidden.weight` is W with the layer as subscript, `adam.m.hidden.weight` is m of that, and m to the slow
 * where the optimizer is called slow, `∂loss/∂x` a fraction, as is `∂⁺loss/∂x`, `w′` has its prime, `x1` and `z₁` have a
 * subscript, `ŷ` a hat; other words stand upright.
 */
export function latexName(name: string): string {
  if (name.endsWith("′")) return `{${latexName(name.slice(0, -1))}}'`;
  const derivative = /^∂(⁺?)(.+?)\/∂(.+)$/u.exec(name);
  if (derivative) {
    const [, plus, of, by] = derivative;
    return `\\frac{\\partial${plus && "^{+}"} ${latexName(of)}}{\\partial ${latexName(by)}}`;
  }
  // key.0 is an element of key.
  const parts = name.replace(/\.(\d+)$/, "_$1").split(".");
  if (parts.length === 1) return word(parts[0]);
  const last = parts.at(-1)!;
  const symbol = last === "weight" ? "W" : last === "bias" ? "b" : undefined;
  // adam.m.W, sgd.velocity.W, slow.m.W
  if (parts.length > (symbol ? 3 : 2) && /^(?:m|v|velocity)$/.test(parts[1])) {
    const own = usualOptimizers.has(parts[0]) ? word(parts[1]) : `{${word(parts[1])}^{${word(parts[0])}}}`;
    return `${own}_{${latexName(parts.slice(2).join("."))}}`;
  }
  // One subscript: a second one beside it is an error in TeX.
  const [stem, index] = symbol ? [symbol, undefined] : split(last);
  const path = parts.slice(0, -1).map(word);
  return `${symbol ?? base(stem)}_{${[...path, ...(index === undefined ? [] : [index])].join(", ")}}`;
}

/** Letters for axes, in the order in which they are taken. */
const indexLetters = [..."ijklmnpqrstuvwabcdefgh"];

/** Letters of axes on a page, outermost first: those that neither its names nor its sizes use. */
export function axisLettersBeside(named: Iterable<readonly [Value, string]>): readonly string[] {
  const taken = new Set<string>();
  for (const [{ type }, name] of named) {
    // A single letter by itself or with a subscript, wherever it stands in a name.
    for (const text of [name, ...type.shape]) {
      for (const [letter] of `${text}`.matchAll(/(?<![\p{L}_])[a-z](?![\p{L}])/gu)) taken.add(letter);
    }
  }
  return indexLetters.filter((letter) => !taken.has(letter));
}

/** LaTeX of a size: `4*batch*time + 1` without signs of multiplication. */
export function latexSize(size: string | number): string {
  return `${size}`.replace(/[A-Za-z_][\w.]*/g, latexName).replaceAll("*", " \\, ");
}

/** The digits at the end of a word, apart from it. */
function split(text: string): readonly [string, string | undefined] {
  const plain = text.replace(/[₀-₉]/gu, (digit) => `${digit.codePointAt(0)! - "₀".codePointAt(0)!}`);
  const [, stem, index] = /^(.+?)_?(\d+)$/u.exec(plain) ?? [undefined, plain, undefined];
  return [stem, index];
}

/** A word with trailing digits as subscript. */
function word(text: string): string {
  const [stem, index] = split(text);
  return index === undefined ? base(stem) : `${base(stem)}_{${index}}`;
}

function base(text: string): string {
  const [letter, mark, ...rest] = text.normalize("NFD");
  if (mark !== undefined && rest.length === 0 && accents[mark]) return `\\${accents[mark]}{${letter}}`;
  if (/^(?:[A-Za-z]|\d+)$/.test(text)) return text;
  if (greek.has(text)) return `\\${text}`;
  if (text === "θ") return "\\theta";
  // Math mode swallows spaces.
  return /^\w+$/.test(text) ? `\\mathrm{${escapeLatex(text)}}` : `\\text{${escapeLatex(text)}}`;
}

/** Text whose special characters are printed as they are. */
export function escapeLatex(text: string): string {
  const words: Readonly<Record<string, string>> = { "\\": "\\backslash ", "^": "\\hat{}", "~": "\\tilde{}" };
  return text.replace(/[\\{}_%$#&^~]/g, (character) => words[character] ?? `\\${character}`);
}
