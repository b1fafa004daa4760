/// Text of a graph → statements of tokens. A line that is indented by four or more goes on with the statement before it.
import type { CompileError, Place } from "../diagnostic.ts";
import { graphSyntax } from "./errors.ts";
import { namePattern } from "../notation/form.ts";

/** A `graph-syntax` error at a place. */
export function syntaxError(wanted: string, found: string, place: Place): CompileError {
  return Object.assign(graphSyntax(wanted, found), { place });
}

/** One word of a graph's text. */
export interface Token {
  readonly tag: "name" | "number" | "string" | "symbol";
  readonly text: string;
  /** A name in backquotes: never an automatic name or a keyword. */
  readonly quoted?: true;
  readonly place: Place;
}

/** A line as it stands in the text. */
export interface SourceLine {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

/** A line with the lines that continue it. */
export type SourceStatement = readonly SourceLine[];

/** Splits the text into statements; comments from `#` on and empty lines are left out. */
export function splitStatements(text: string): readonly SourceStatement[] {
  const statements: SourceLine[][] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.replace(/^((?:[^#`"]|`[^`]*`|"[^"]*")*)#.*$/u, "$1").trimEnd();
    if (line.trim() === "") return;
    const indent = line.length - line.trimStart().length;
    const current = statements.at(-1);
    const source = { number: index + 1, indent, text: line };
    if (current && indent >= current[0].indent + 4) current.push(source);
    else statements.push([source]);
  });
  return statements;
}

const pattern = new RegExp(
  [
    String.raw`(?<space>\s+)`,
    String.raw`(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|∞)`,
    String.raw`\x60(?<quoted>(?:[^\x60]|\x60\x60)+)\x60`,
    `(?<name>${namePattern})`,
    String.raw`"(?<string>(?:[^"\\]|\\.)*)"`,
    String.raw`(?<symbol>==|!=|<=|>=|&&|\|\||->|[-+·/@^<>!()[\]{},:=←~*²ᵀ′])`,
  ].join("|"),
  "uy",
);

/** The words of a statement. Throws `graph-syntax` at a character that begins none. */
export function tokenize(statement: SourceStatement, file: string): readonly Token[] {
  return statement.flatMap((line) => tokenizeLine(line, file));
}

function tokenizeLine({ number, text }: SourceLine, file: string): readonly Token[] {
  const tokens: Token[] = [];
  const scan = new RegExp(pattern);
  for (let at = 0; at < text.length; at = scan.lastIndex) {
    scan.lastIndex = at;
    const match = scan.exec(text);
    const place = { file, line: number, column: at + 1, endColumn: scan.lastIndex + 1 };
    if (!match) throw syntaxError("a word or symbol", text[at], { file, line: number, column: at + 1 });
    const { name, number: digits, quoted, string, symbol } = match.groups!;
    if (quoted !== undefined) tokens.push({ tag: "name", text: quoted.replaceAll("``", "`"), quoted: true, place });
    else if (name !== undefined) tokens.push({ tag: "name", text: name, place });
    else if (digits !== undefined) tokens.push({ tag: "number", text: digits, place });
    else if (string !== undefined) tokens.push({ tag: "string", text: JSON.parse(`"${string}"`) as string, place });
    else if (symbol !== undefined) tokens.push({ tag: "symbol", text: symbol, place });
  }
  return tokens;
}
