/// Reads the textual graph: `parseGraph(printGraph(graph))` is the same graph.
import { dimNames } from "./dim.ts";
import { noteClasses } from "./classes.ts";
import { duplicateName } from "./errors.ts";
import { unknownWord } from "./parse/errors.ts";
import {
  graphRoots,
  graphValues,
  type EntryPoint,
  type Graph,
  type NamedValue,
  type Note,
  type Update,
} from "./graph.ts";
import { namesDerivative } from "./notation/form.ts";
import { allOps } from "./ops/all.ts";
import { settingOp } from "./ops/leaf.ts";
import { scanBody, scanLetters, scanOp, withBodies } from "./ops/scan.ts";
import { readBody, readNames } from "./parse/bodies.ts";
import { cursorOf, type Cursor } from "./parse/cursor.ts";
import { readInput, readLetter, readSetting, readStates, sizeNames, type Declared } from "./parse/declarations.ts";
import { elaborate, elaborateLine, type Meanings, type NamedBody } from "./parse/elaborate.ts";
import { formulaReader, type Formula } from "./parse/formula.ts";
import { splitStatements, tokenize, type SourceStatement, type Token } from "./parse/lexer.ts";
import { underLayouts, type Op, type Value } from "./value.ts";

interface EntryDraft {
  readonly name: string;
  readonly outputs: NamedValue[];
  readonly updates: Update[];
}

interface Reader {
  readonly file: string;
  name: string;
  readonly inputs: Value[];
  readonly states: Value[];
  readonly entries: EntryDraft[];
  readonly values: Map<string, Value>;
  readonly notes: Map<Value, Note>;
  readonly sizes: Set<string>;
  readonly bodies: Map<string, NamedBody>;
  readonly ops: ReadonlyMap<string, Op>;
  readonly readFormula: (cursor: Cursor) => Formula;
}

/**
 * Reads a graph as `printGraph` writes it. `file` stands in the places of values and errors. Throws `graph-syntax`,
 * `unknown-word`, `duplicate-name` and the errors of the ops, each with line and column.
 */
export function parseGraph(text: string, file = "graph"): Graph {
  const reader: Reader = {
    file,
    name: "graph",
    inputs: [],
    states: [],
    entries: [],
    values: new Map(),
    notes: new Map(),
    sizes: new Set(),
    bodies: new Map(),
    ops: new Map(allOps().map((op) => [op.name, op])),
    readFormula: formulaReader(),
  };
  const statements = splitStatements(text);
  for (let at = 0; at < statements.length; at++) {
    const tokens = tokenize(statements[at], file);
    const read = isWord(tokens, "for") ? readRepeated : isWord(tokens, "body") ? readLoop : undefined;
    if (!read) {
      readStatement(tokens, reader);
      continue;
    }
    const rest = statements.slice(at + 1);
    const end = rest.findIndex((statement) => statement[0].indent <= statements[at][0].indent);
    const below = end < 0 ? rest : rest.slice(0, end);
    read(tokens, below, reader);
    at += below.length;
  }
  const { name, inputs, states, notes } = reader;
  const graph: Graph = { name, entryPoints: reader.entries.map((entry): EntryPoint => entry), inputs, states, notes };
  forgetBorrowedNames(reader, graphRoots(graph));
  return { ...graph, notes: noteClasses(notes, graphValues(graph)) };
}

function isWord(tokens: readonly Token[], word: string): boolean {
  return tokens[0]?.text === word && !tokens[0].quoted && tokens[1]?.tag === "name";
}

/** `for θ in a, b`: the statements below it once for each, with the name in the place of θ. */
function readRepeated(tokens: readonly Token[], body: readonly SourceStatement[], reader: Reader): void {
  const cursor = cursorOf(tokens, tokens[0].place);
  cursor.acceptWord("for");
  const placeholder = cursor.name().text;
  if (!cursor.acceptWord("in")) cursor.fail('"in"');
  const names: string[] = [];
  do names.push(cursor.name().text);
  while (cursor.accept(","));
  cursor.end();
  for (const name of names) {
    for (const statement of body) {
      const lines = statement.map((line) => ({ ...line, text: line.text.replaceAll(placeholder, name) }));
      readStatement(tokenize(lines, reader.file), reader);
    }
  }
}

/** `body step1 over time`: a closed graph, with names of its own. */
function readLoop(tokens: readonly Token[], below: readonly SourceStatement[], reader: Reader): void {
  const cursor = cursorOf(tokens, tokens[0].place);
  cursor.acceptWord("body");
  const inner: Reader = { ...reader, values: new Map() };
  const [name, body] = readBody(
    cursor,
    below.map((statement) => tokenize(statement, reader.file)),
    {
      formula: (each) => readValue(each, inner),
      values: (each, count) => elaborateLine(inner.readFormula(each), meanings(inner), count),
      define(token, value, noted) {
        for (const size of sizeNames(value.type.shape)) reader.sizes.add(size);
        define(token, value, noted ? inner : { ...inner, notes: new Map() });
      },
    },
  );
  for (const size of dimNames(body.length)) reader.sizes.add(size);
  reader.bodies.set(name, { body, inside: (each) => inner.values.get(each) });
}

/** A letter may go by the name of what it is bound to, or of what it is in the end, which is the name of that alone. */
function forgetBorrowedNames({ bodies, values, notes }: Reader, roots: readonly Value[]): void {
  const borrowed = new Map<Value, Set<string | undefined>>();
  for (const value of withBodies(roots)) {
    if (value.op !== scanOp) continue;
    scanLetters(scanBody(value.attrs)).forEach((letter, place) => {
      const operand = value.operands[place];
      const names = borrowed.get(letter) ?? new Set();
      borrowed.set(letter, names);
      for (const each of [operand, underLayouts(operand), value]) if (each !== letter) names.add(notes.get(each)?.name);
    });
  }
  for (const letter of [...bodies.values()].flatMap(({ body }) => scanLetters(body))) {
    const name = notes.get(letter)?.name;
    if (name === undefined) continue;
    if (values.has(name) || borrowed.get(letter)?.has(name)) notes.delete(letter);
  }
}

function readStatement(tokens: readonly Token[], reader: Reader): void {
  const cursor = cursorOf(tokens, tokens[0].place);
  if (isWord(tokens, "graph")) {
    cursor.acceptWord("graph");
    reader.name = cursor.name().text;
  } else if (isWord(tokens, "entry")) {
    cursor.acceptWord("entry");
    reader.entries.push({ name: cursor.name().text, outputs: [], updates: [] });
  } else if (!readDeclaration(tokens, cursor, reader)) {
    if (isWord(tokens, "output")) readOutput(cursor, reader);
    else if (isWord(tokens, "update")) readUpdate(cursor, reader);
    else readLine(cursor, reader);
  }
  cursor.end();
}

function readDeclaration(tokens: readonly Token[], cursor: Cursor, reader: Reader): boolean {
  const declare = (declared: Declared, list: Value[]): boolean => {
    for (const [token, leaf] of declared) {
      define(token, leaf, reader);
      list.push(leaf);
      if (leaf.op !== settingOp) for (const size of sizeNames(leaf.type.shape)) reader.sizes.add(size);
    }
    return true;
  };
  const isDeclared = (word: string): boolean => isWord(tokens, word) && cursor.acceptWord(word);
  if (isDeclared("input")) return declare(readInput(cursor), reader.inputs);
  if (isDeclared("letter")) return declare(readLetter(cursor), reader.inputs);
  if (isDeclared("setting")) return declare(readSetting(cursor), reader.inputs);
  if (isDeclared("parameter")) return declare(readStates(cursor, true, true), reader.states);
  if (isDeclared("state")) return declare(readStates(cursor, false, false), reader.states);
  if (!isDeclared("frozen")) return false;
  if (!cursor.acceptWord("parameter")) cursor.fail('"parameter"');
  return declare(readStates(cursor, true, false), reader.states);
}

/**
 * Gives a value a name, and a note unless the printer made the name up (`v1`), or it is a number that an output is: what is
 * known without computing takes no name.
 */
function define(token: Token, value: Value, { values, notes }: Reader, isOutput = false): void {
  const name = token.text;
  if (values.has(name)) {
    throw Object.assign(duplicateName(name, "a value", "another one"), { place: token.place });
  }
  values.set(name, value);
  const automatic = /^v\d+$/.test(name) && !token.quoted;
  if (automatic || (isOutput && value.constant)) return;
  const known = notes.get(value);
  if (known?.name !== undefined) {
    if (!isOutput) notes.set(value, { ...known, aliases: [...(known.aliases ?? []), name] });
    return;
  }
  notes.set(value, { name, place: token.place, ...(namesDerivative(name) ? { derivative: "backward" } : {}) });
}

function readValue(cursor: Cursor, reader: Reader): Value {
  return elaborate(reader.readFormula(cursor), meanings(reader));
}

function meanings({ values, sizes, ops, entries, bodies }: Reader): Meanings {
  return {
    isSize: (name) => sizes.has(name),
    op: (name) => ops.get(name),
    body: (name) => bodies.get(name),
    value(name, primed) {
      const value = values.get(name);
      return primed ? entries.at(-1)?.updates.find((update) => update.state === value)?.value : value;
    },
  };
}

function readLine(cursor: Cursor, reader: Reader): void {
  const bound = readNames(cursor);
  const values = elaborateLine(reader.readFormula(cursor), meanings(reader), bound.length);
  bound.forEach((token, i) => define(token, values[i], reader));
}

function readOutput(cursor: Cursor, reader: Reader): void {
  cursor.acceptWord("output");
  const token = cursor.name();
  const { outputs } = currentEntry(cursor, reader);
  if (!cursor.accept("=")) {
    const value = reader.values.get(token.text);
    if (!value) throw Object.assign(unknownWord(token.text), { place: token.place });
    outputs.push({ name: token.text, value });
    return;
  }
  const isReference = cursor.peek()?.tag === "name" && cursor.peek(1) === undefined;
  const value = readValue(cursor, reader);
  if (!isReference && !reader.values.has(token.text)) define(token, value, reader, true);
  outputs.push({ name: token.text, value });
}

function readUpdate(cursor: Cursor, reader: Reader): void {
  cursor.acceptWord("update");
  const token = cursor.name();
  const state = reader.values.get(token.text);
  if (!state) throw Object.assign(unknownWord(token.text), { place: token.place });
  cursor.expect("←");
  currentEntry(cursor, reader).updates.push({ state, value: readValue(cursor, reader) });
}

function currentEntry(cursor: Cursor, reader: Reader): EntryDraft {
  return reader.entries.at(-1) ?? cursor.fail("an entry point before outputs and updates");
}
