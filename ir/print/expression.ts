/// A value as a line of text: infix where ops have a symbol, with as few parentheses as read back to the same value.
import { formatName, precedence } from "../notation/form.ts";
import { shownResult } from "../notation/loops.ts";
import { literalText, type View, type WrittenOperand } from "../notation/view.ts";
import { scanOp, scanResult, type ScanBody } from "../ops/scan.ts";
import { sizeOp } from "../ops/leaf.ts";
import type { Value } from "../value.ts";

/** What a formula may refer to. */
export interface Vocabulary {
  /** The text that stands for a value, when it is defined elsewhere. */
  reference(value: Value): string | undefined;
  /** How a value is written. */
  view(value: Value): View;
  /** True when a value has this name, so that nothing else may be written so. */
  isTaken(name: string): boolean;
  /** The body of a loop where it is printed; by default it is left out. */
  loop?(body: ScanBody): LoopWords | undefined;
  /** The results of a loop that a line gives names to: this value is one of them. By default it stands alone. */
  siblings?(value: Value): readonly Value[];
  /** True for a text that need not read back. */
  readonly reading?: boolean;
}

/** A body that is printed. */
export interface LoopWords {
  readonly name: string;
  /** What a value is called in the body. */
  inside(value: Value): string | undefined;
}

/** Text with the precedence of its outermost operator. */
interface Phrase {
  readonly text: string;
  readonly precedence: number;
}

/** The formula of a value, even where a name refers to it. */
export function formatDefinition(value: Value, words: Vocabulary): string {
  return phraseOfView(value, words.view(value), words).text;
}

/** The name of a value, or its formula. */
export function formatReference(value: Value, words: Vocabulary): string {
  return phraseOf(value, words).text;
}

function phraseOf(value: Value, words: Vocabulary): Phrase {
  const name = words.reference(value) ?? pastOfCarry(value, words);
  return name === undefined
    ? phraseOfView(value, words.view(value), words)
    : { text: name, precedence: precedence.atom };
}

function phraseOfView(value: Value, { form, operands }: View, words: Vocabulary): Phrase {
  const part = (index: number, atLeast: number): string => operandText(operands[index], atLeast, words);
  switch (form.tag) {
    case "name":
      return { text: formatName(leafName(value)), precedence: precedence.atom };
    case "number":
      return number(form.text);
    case "infix": {
      const chains = form.precedence !== precedence.comparison && form.precedence !== precedence.power;
      const left = part(0, chains ? form.precedence : form.precedence + 1);
      const right = part(1, form.precedence + 0.1);
      const shown = right.startsWith("-") ? `(${right})` : right;
      return { text: `${left} ${form.symbol} ${shown}`, precedence: form.precedence };
    }
    case "prefix":
      return { text: `${form.symbol}${part(0, form.precedence + 1)}`, precedence: form.precedence };
    case "square":
      return { text: `${part(0, precedence.postfix)}²`, precedence: precedence.postfix };
    case "transposed":
      return { text: `${part(0, precedence.postfix)}ᵀ`, precedence: precedence.postfix };
    case "product": {
      const factors = form.transposed.map((transposed, index) => factor(operands[index], index, transposed, words));
      return { text: factors.join(" @ "), precedence: precedence.product };
    }
    case "call": {
      const parts = operands.map((_, index) => part(index, 0));
      const before = form.before === undefined ? [] : [form.before];
      const attributes = form.body ? loopAttributes(value, form.body, words) : form.attributes;
      const text = `${form.name}(${[...before, ...parts, ...attributes].join(", ")})`;
      return { text, precedence: precedence.atom };
    }
    default:
      return form satisfies never;
  }
}

/** `every h` within a formula by itself, which has no page that could bind the past of a carry. */
function pastOfCarry(value: Value, words: Vocabulary): string | undefined {
  if (value.op !== scanOp || words.loop || scanResult(value.attrs).tag !== "history") return undefined;
  const { word, inner } = shownResult(value, (one) => words.reference(one));
  return `${word} ${inner}`;
}

/** `body=step1, results=[final h, every next]`. */
function loopAttributes(value: Value, body: ScanBody, words: Vocabulary): readonly string[] {
  const loop = words.loop?.(body);
  const shown = (words.siblings?.(value) ?? [value]).map((each) => {
    const { word, inner, place } = shownResult(each, (one) => (loop ? loop.inside(one) : words.reference(one)));
    return `${word} ${inner ?? place}`;
  });
  const results = shown.length > 1 ? `results=[${shown.join(", ")}]` : `result=${shown[0]}`;
  return loop ? [`body=${loop.name}`, results] : [results];
}

/** A factor of `@`. A transposed value is not the same as a transposed reading of a factor: it gets parentheses. */
function factor(operand: WrittenOperand, index: number, transposed: boolean, words: Vocabulary): string {
  if (transposed) return `${operandText(operand, precedence.postfix, words)}ᵀ`;
  const text = operandText(operand, precedence.product + 0.1 * index, words);
  return text.endsWith("ᵀ") && !words.reading ? `(${text})` : text;
}

function operandText(operand: WrittenOperand, atLeast: number, words: Vocabulary): string {
  if (operand.pattern.length > 0) {
    return `${operandText({ ...operand, pattern: [] }, precedence.postfix, words)}[${operand.pattern.join(", ")}]`;
  }
  const phrase = operand.literal ? literal(operand.value, words) : phraseOf(operand.value, words);
  return phrase.precedence < atLeast ? `(${phrase.text})` : phrase.text;
}

function literal(value: Value, words: Vocabulary): Phrase {
  const text = literalText(value);
  if (value.op !== sizeOp) return number(text);
  const isPlain = /^[A-Za-z_]\w*$/.test(text) && !words.isTaken(text);
  // A star tells a product of sizes from one of values, whatever the names in it stand for here.
  const isProduct = /^[\w.*]+$/.test(text) && text.includes("*");
  if (!isPlain) return { text: `${isProduct ? "" : "size"}(${text})`, precedence: precedence.atom };
  return number(text);
}

function number(text: string): Phrase {
  return { text, precedence: text.startsWith("-") ? precedence.prefix : precedence.atom };
}

/** The name that a leaf gave itself. */
export function leafName(value: Value): string {
  return (value.attrs.identity as { readonly name?: string } | undefined)?.name ?? value.op.name;
}
