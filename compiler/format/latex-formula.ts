/// A value as a LaTeX formula.
import { precedence } from "../../ir/notation/form.ts";
import type { CallForm } from "../../ir/notation/form.ts";
import { patternAxes } from "../../ir/notation/implied.ts";
import { shownResult } from "../../ir/notation/loops.ts";
import { literalText, type View, type WrittenOperand } from "../../ir/notation/view.ts";
import { sizeOp } from "../../ir/ops/leaf.ts";
import type { ScanBody } from "../../ir/ops/scan.ts";
import type { LoopWords } from "../../ir/print/expression.ts";
import type { Op, Value } from "../../ir/value.ts";
import { escapeLatex, latexName, latexSize } from "./latex-names.ts";

/** How values are written, and the LaTeX of those that have names. */
export interface LatexVocabulary {
  view(value: Value): View;
  reference(value: Value): string | undefined;
  /** LaTeX of names of the body of a loop where it is written; by default it is left out. */
  loop?(body: ScanBody): LoopWords | undefined;
  /** The results of a loop that a line gives names to. */
  siblings?(value: Value): readonly Value[];
  /** Subscript letters of axes, outermost first. */
  readonly axisLetters: readonly string[];
}

interface Phrase {
  readonly text: string;
  readonly precedence: number;
}

const symbols: Readonly<Record<string, string>> = {
  "==": "=",
  "!=": "\\ne",
  "<=": "\\le",
  ">=": "\\ge",
  "&&": "\\land",
  "||": "\\lor",
  "!": "\\lnot ",
};

/** A function without brackets, such as sin q: a factor beside it would be read as part of what it is applied to. */
const application = 4.6;

/** Cases are open to the right: beside anything else they stand in parentheses. */
const choice = 0.5;

/** What axes are called, outermost first: `i,k` for axes 0 and 2. */
type AxesText = (axes: readonly number[]) => string;

function axesTextOf({ axisLetters }: LatexVocabulary): AxesText {
  return (axes) => axes.map((axis) => axisLetters[axis] ?? axis).join(",");
}

/** An operand with the letters of the axes that it lies along, where text says them as a pattern `[:, _]`. */
interface Part extends WrittenOperand {
  readonly along: string;
}

/** Operands that a pattern belongs to are those of elementwise ops, and have the axes of the result. */
function partsOf({ type }: Value, operands: readonly WrittenOperand[], axesText: AxesText): readonly Part[] {
  const rank = type.shape.length;
  return operands.map((operand) => ({ ...operand, along: axesText(patternAxes(operand.pattern, rank)) }));
}

/** The formula of a value, even where a name refers to it. */
export function latexDefinition(value: Value, words: LatexVocabulary): string {
  return phraseOfView(value, words).text;
}

/** The name of a value, or its formula. */
export function latexReference(value: Value, words: LatexVocabulary): string {
  return words.reference(value) ?? latexDefinition(value, words);
}

function phraseOf({ value, literal }: WrittenOperand, words: LatexVocabulary): Phrase {
  if (literal && value.op === sizeOp) return size(literalText(value));
  if (literal) return number(literalText(value));
  const name = words.reference(value);
  return name === undefined ? phraseOfView(value, words) : { text: name, precedence: precedence.atom };
}

function operandText(operand: Part, atLeast: number, words: LatexVocabulary): string {
  const { text, precedence: own } = phraseOf(operand, words);
  const least = operand.along === "" ? atLeast : precedence.postfix;
  const shown = own < least ? `\\left(${text}\\right)` : text;
  return operand.along === "" ? shown : `{${shown}}_{${operand.along}}`;
}

/** A sum of sizes binds as a sum does. */
function size(text: string): Phrase {
  const own = /[+-]/.test(text) ? 4 : text.includes("*") ? 5 : precedence.atom;
  return { text: latexSize(text), precedence: own };
}

function number(text: string): Phrase {
  const [mantissa, exponent] = text.split("e");
  const shown = text === "nan" ? "\\mathrm{NaN}" : text.replace("∞", "\\infty");
  const power = mantissa === "1" ? "" : `${mantissa} \\cdot `;
  const isWord = /^[A-Za-z_]/.test(text);
  if (isWord) return { text: text === "nan" ? shown : latexName(text), precedence: precedence.atom };
  if (exponent !== undefined) return { text: `${power}10^{${Number(exponent)}}`, precedence: 5 };
  return { text: shown, precedence: text.startsWith("-") ? precedence.prefix : precedence.atom };
}

function phraseOfView(value: Value, words: LatexVocabulary): Phrase {
  const { form, operands: written } = words.view(value);
  const operands = partsOf(value, written, axesTextOf(words));
  const part = (index: number, atLeast: number): string => operandText(operands[index], atLeast, words);
  switch (form.tag) {
    case "name":
      return { text: words.reference(value) ?? "?", precedence: precedence.atom };
    case "number":
      return number(form.text);
    case "square":
      return { text: `{${bracketed(part(0, precedence.postfix))}}^{2}`, precedence: precedence.power };
    case "transposed":
      return { text: `{${part(0, precedence.postfix)}}^{\\top}`, precedence: precedence.power };
    case "product": {
      const factors = [part(0, precedence.product), part(1, precedence.product + 0.1)];
      const text = factors.map((factor, i) => (form.transposed[i] ? `{${bracketed(factor)}}^{\\top}` : factor));
      return { text: text.join(" \\, "), precedence: precedence.product };
    }
    case "infix":
    case "prefix":
      return operation(value, form.precedence, form.symbol, operands, words);
    case "call":
      return call(value, form, operands, words);
    default:
      return form satisfies never;
  }
}

/** Parentheses around anything but a name, before a superscript. */
function bracketed(text: string): string {
  return / /.test(text) && !/^\\left\(/.test(text) ? `\\left(${text}\\right)` : text;
}

function operation(
  { op, attrs }: Value,
  own: number,
  symbol: string,
  operands: readonly Part[],
  words: LatexVocabulary,
): Phrase {
  if (symbol === "·" && operands.some(isScalar)) {
    const [left, right] = operands.map((operand, i) => operandText(operand, own + 0.1 * i, words));
    return { text: `${left} ${/^[-\d]/.test(right) ? "\\cdot" : "\\,"} ${right}`, precedence: own };
  }
  if (op.latex) {
    const texts = operands.map((operand, i) => {
      if (isEnclosed(op, i, operands.length)) return operandText(operand, 0, words);
      const text = operandText(operand, own + 0.1 * i, words);
      return i > 0 ? unsigned(text) : text;
    });
    const isFraction = op.latex(["", ""], attrs).startsWith("\\frac");
    return { text: op.latex(texts, attrs), precedence: isFraction ? precedence.postfix : own };
  }
  const shown = symbols[symbol] ?? symbol;
  if (operands.length === 1) return { text: `${shown}${operandText(operands[0], own + 0.1, words)}`, precedence: own };
  const [left, right] = operands.map((operand, i) => operandText(operand, own + 0.1 * i, words));
  return { text: `${left} ${shown} ${unsigned(right)}`, precedence: own };
}

/** What follows a symbol does not begin with a sign. */
function unsigned(text: string): string {
  return text.startsWith("-") ? `\\left(${text}\\right)` : text;
}

function isScalar({ value, literal }: WrittenOperand): boolean {
  return literal || value.type.shape.length === 0;
}

/** True when the op's own LaTeX puts the operand into braces or brackets. */
function isEnclosed(op: Op, index: number, count: number): boolean {
  const marks = Array.from({ length: count }, (_, i) => (i === index ? "@" : "x"));
  const [before, after] = op.latex!(marks, {}).split("@");
  return /(?:\{|\\left[([|])$/.test(before) && /^(?:\}|\\right)/.test(after ?? "");
}

function call(value: Value, form: CallForm, operands: readonly Part[], words: LatexVocabulary): Phrase {
  const { op } = value;
  const { name, attributes } = form;
  const axesText = axesTextOf(words);
  const part = (index: number, atLeast = 0): string => operandText(operands[index], atLeast, words);
  if (name === op.name && op.latex && operands.length > 0 && attributes.length === 0) {
    const texts = operands.map((_, i) => part(i, isEnclosed(op, i, operands.length) ? 0 : precedence.postfix));
    const text = op.latex(texts, {});
    return { text, precedence: /\\right[)|\]]$|^\\sqrt/.test(text) ? precedence.postfix : application };
  }
  const step = form.body && words.loop?.(form.body)?.name;
  const axes = axesIn(attributes);
  const subscript = step !== undefined ? `_{${step}}` : axes.length === 0 ? "" : `_{${axesText(axes)}}`;
  const rest = axes.length === 0 ? attributes : attributes.slice(1);
  if (name === "sum" && rest.length === 0)
    return { text: `\\sum${subscript} ${unsigned(part(0, 5))}`, precedence: 4.5 };
  if (name === "select") {
    const branches = `${part(1)} & \\text{if } ${part(0)} \\\\ ${part(2)} & \\text{otherwise}`;
    return { text: `\\begin{cases} ${branches} \\end{cases}`, precedence: choice };
  }
  if (name === "f32" && operands[0].value.type.dtype === "bool") {
    return { text: `\\left[${part(0)}\\right]`, precedence: precedence.postfix };
  }
  if (name === "grad") return { text: `\\frac{\\partial ${part(0, 8)}}{\\partial ${part(1, 8)}}`, precedence: 8 };
  if (name === "einsum" && form.before !== undefined) return indexed(form.before, part, axesText);
  if (name === "iota") {
    const text = `\\left(${axesText([value.attrs.axis as number])}\\right)_{${shapeText(value)}}`;
    return { text, precedence: precedence.postfix };
  }
  if (name === "fill" && attributes[0] !== undefined)
    return filled(value, op === sizeOp ? size(attributes[0]) : number(attributes[0]));
  const texts = [
    ...operands.map((_, i) => part(i)),
    ...rest.map((text) => attributeText(text, axesText)),
    ...resultTexts(value, form, words),
  ];
  return {
    text: `\\operatorname{${escapeLatex(name)}}${subscript}\\left(${texts.join(", ")}\\right)`,
    precedence: precedence.postfix,
  };
}

/** `"abe,ecd->abcd"` as a sum over m of products by their indices: i, j, … are the axes of the result, as everywhere. */
function indexed(subscripts: string, part: (index: number, atLeast: number) => string, axesText: AxesText): Phrase {
  const [read, made] = subscripts.replaceAll('"', "").split("->");
  const letter = (each: string): string => axesText([each.charCodeAt(0) - "a".charCodeAt(0)]);
  const text = read
    .split(",")
    .map((own, i) => `{${part(i, precedence.postfix)}}_{${[...own].map(letter).join(",")}}`)
    .join(" \\, ");
  const summed = [...new Set(read.replace(",", ""))].filter((each) => !made.includes(each)).sort();
  if (summed.length === 0) return { text, precedence: precedence.product };
  return { text: `\\sum_{${summed.map(letter).join(",")}} ${text}`, precedence: 4.5 };
}

/** `\text{every } h`, for each result of a loop that a line gives names to. */
function resultTexts(value: Value, { body }: CallForm, words: LatexVocabulary): readonly string[] {
  if (!body) return [];
  const loop = words.loop?.(body);
  return (words.siblings?.(value) ?? [value]).map((each) => {
    const { word, inner, place } = shownResult(each, (one) => (loop ? loop.inside(one) : words.reference(one)));
    return `\\text{${word} } ${inner ?? place}`;
  });
}

/** A tensor of one number, with its shape: 1 beside a matrix would be no factor. */
function filled(value: Value, each: Phrase): Phrase {
  if (value.type.shape.length === 0) return each;
  const over = `_{${shapeText(value)}}`;
  if (/^[01]$/.test(each.text)) return { text: `\\mathbf{${each.text}}${over}`, precedence: precedence.atom };
  const factor = each.precedence < 5 ? `\\left(${each.text}\\right)` : each.text;
  return { text: `${factor} \\, \\mathbf{1}${over}`, precedence: 5 };
}

/** `8 \times batch`. */
function shapeText({ type: { shape } }: Value): string {
  return shape.map(latexSize).join(" \\times ");
}

/** `stride=2` as words, lists in parentheses. */
function attributeText(text: string, axesText: AxesText): string {
  const [, key, given] = /^(?:(\w+)=)?(.*)$/s.exec(text)!;
  const shown = given
    .replace(/^\[(.*)\]$/, "($1)")
    .split(/(, |[()])/)
    .map((each) => (/^(?:, |[()]|-?\d*)$/.test(each) ? each : latexWords(each)))
    .join("");
  if (key === undefined) return shown;
  // Axes have letters everywhere, and what is so needs no word but its name.
  if (given === "true") return `\\text{${escapeLatex(key)}}`;
  const isAxes = key === "axis" || key === "axes";
  return `\\text{${escapeLatex(key)} } ${isAxes ? shown.replace(/\d+/g, (axis) => axesText([Number(axis)])) : shown}`;
}

/** A size or other word of an attribute. */
function latexWords(text: string): string {
  return /^[\w.*]+$/.test(text) && text !== "true" && text !== "false"
    ? latexSize(text)
    : `\\text{${escapeLatex(text)}}`;
}

/** The axes of a reduction, which its attributes begin with. */
function axesIn([first = ""]: readonly string[]): readonly number[] {
  return /^ax[ei]s=\[?([\d, ]+)\]?$/.exec(first)?.[1].split(", ").map(Number) ?? [];
}
