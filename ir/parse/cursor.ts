/// A place in a list of tokens, with the few questions that a parser asks.
import type { Place } from "../diagnostic.ts";
import { parseDim, type Dim } from "../dim.ts";
import { dtypes, type DType, type TensorType } from "../type.ts";
import { syntaxError, type Token } from "./lexer.ts";

/** Reads tokens from left to right. All expectations throw `graph-syntax` with the place. */
export interface Cursor {
  peek(ahead?: number): Token | undefined;
  place(): Place;
  /** Takes the next token when it is this symbol. */
  accept(symbol: string): boolean;
  /** Takes the next token when it is this word without quotes. */
  acceptWord(word: string): boolean;
  expect(symbol: string): void;
  name(): Token;
  number(): number;
  string(): string;
  /** A size: everything up to a comma or closing bracket. */
  dim(): Dim;
  /** `[4*batch, 3]`. */
  shape(): readonly Dim[];
  /** `f32[batch, 784]`. */
  type(): TensorType;
  end(): void;
  fail(wanted: string): never;
}

/** Makes a cursor; `fallback` is the place of the end of an empty statement. */
export function cursorOf(tokens: readonly Token[], fallback: Place): Cursor {
  let next = 0;
  const peek = (ahead = 0): Token | undefined => tokens[next + ahead];
  const place = (): Place => peek()?.place ?? tokens.at(-1)?.place ?? fallback;
  const fail = (wanted: string): never => {
    throw syntaxError(wanted, peek()?.text ?? "the end of the statement", place());
  };
  const is = (tag: Token["tag"], text: string): boolean => peek()?.tag === tag && peek()?.text === text;
  const accept = (symbol: string): boolean => is("symbol", symbol) && ++next > 0;
  const acceptWord = (word: string): boolean => is("name", word) && !peek()?.quoted && ++next > 0;
  const expect = (symbol: string): void => void (accept(symbol) || fail(`"${symbol}"`));
  const dim = (): Dim => {
    const words: string[] = [];
    while (peek() && ![",", ")", "]", "}"].includes(peek()!.text)) words.push(tokens[next++].text);
    return parseDim(words.length === 1 && /^\d+$/.test(words[0]) ? Number(words[0]) : words.join("")) ?? fail("a size");
  };
  const shape = (): readonly Dim[] => {
    expect("[");
    const dims: Dim[] = [];
    while (!accept("]")) {
      dims.push(dim());
      if (!is("symbol", "]")) expect(",");
    }
    return dims;
  };
  return {
    peek,
    place,
    accept,
    acceptWord,
    expect,
    dim,
    shape,
    name: () => (peek()?.tag === "name" ? tokens[next++] : fail("a name")),
    string: () => (peek()?.tag === "string" ? tokens[next++].text : fail("a text in quotes")),
    number() {
      const sign = accept("-") ? -1 : 1;
      if (acceptWord("nan")) return NaN;
      if (acceptWord("true")) return 1;
      if (acceptWord("false")) return 0;
      if (peek()?.tag !== "number") fail("a number");
      const { text } = tokens[next++];
      return sign * (text === "∞" ? Infinity : Number(text));
    },
    type() {
      if (!dtypes.includes((peek()?.text ?? "") as DType)) fail("an element type such as f32");
      const dtype = tokens[next++].text as DType;
      return { dtype, shape: is("symbol", "[") ? shape() : [] };
    },
    end: () => void (peek() && fail("the end of the statement")),
    fail,
  };
}

/** True for the name of an element type. */
export function isDType(text: string): text is DType {
  return dtypes.includes(text as DType);
}
