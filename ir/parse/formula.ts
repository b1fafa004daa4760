/// Tokens → the tree of a formula, by precedence. What the names mean comes later.
import type { Place } from "../diagnostic.ts";
import type { Attribute } from "../notation/attributes.ts";
import { precedence } from "../notation/form.ts";
import { allOps } from "../ops/all.ts";
import type { ElementwiseOp } from "../value.ts";
import type { Cursor } from "./cursor.ts";
import type { Dim } from "../dim.ts";
import type { TensorType } from "../type.ts";

/** A formula as it is written. */
export type Formula = { readonly place: Place } & (
  | { readonly tag: "number"; readonly value: number; readonly bool: boolean }
  | { readonly tag: "size"; readonly size: Dim }
  | { readonly tag: "name"; readonly name: string; readonly primed: boolean; readonly quoted: boolean }
  | { readonly tag: "operator"; readonly op: ElementwiseOp; readonly operands: readonly Formula[] }
  | { readonly tag: "product"; readonly operands: readonly [Formula, Formula] }
  | { readonly tag: "square" | "transposed" | "group"; readonly operand: Formula }
  | { readonly tag: "pattern"; readonly operand: Formula; readonly marks: readonly string[] }
  | { readonly tag: "fill"; readonly value: Dim; readonly type: TensorType }
  | { readonly tag: "iota"; readonly axis: number; readonly type: TensorType }
  | Call
);

/** `name(operands, shape, key=attribute)`. */
export interface Call {
  readonly tag: "call";
  readonly name: string;
  readonly operands: readonly Formula[];
  readonly text: string | undefined;
  readonly shape: readonly Dim[] | undefined;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

interface Operators {
  readonly infix: ReadonlyMap<string, { readonly op: ElementwiseOp; readonly precedence: number }>;
  readonly prefix: ReadonlyMap<string, { readonly op: ElementwiseOp; readonly precedence: number }>;
}

/** Makes the reader of formulas, with the symbols of all ops. */
export function formulaReader(): (cursor: Cursor) => Formula {
  const operators = allOps().flatMap((op) =>
    op.kind === "elementwise" && op.notation ? [{ op, ...op.notation }] : [],
  );
  const table = (prefix: boolean): Operators["infix"] => {
    return new Map(operators.filter((each) => (each.prefix ?? false) === prefix).map((each) => [each.symbol, each]));
  };
  const known = { infix: table(false), prefix: table(true) };
  return (cursor) => readInfix(cursor, 0, known);
}

function readInfix(cursor: Cursor, atLeast: number, operators: Operators): Formula {
  let left = readPrefix(cursor, operators);
  for (;;) {
    const place = cursor.place();
    const symbol = cursor.peek()?.tag === "symbol" ? cursor.peek()!.text : "";
    if (symbol === "@" && precedence.product >= atLeast) {
      cursor.expect(symbol);
      const right = readInfix(cursor, precedence.product + 0.1, operators);
      left = { tag: "product", operands: [left, right], place };
      continue;
    }
    const operator = operators.infix.get(symbol);
    if (!operator || operator.precedence < atLeast) return left;
    cursor.expect(symbol);
    const right = readInfix(cursor, operator.precedence + 0.1, operators);
    left = { tag: "operator", op: operator.op, operands: [left, right], place };
  }
}

function readPrefix(cursor: Cursor, operators: Operators): Formula {
  const place = cursor.place();
  const token = cursor.peek();
  const operator = token?.tag === "symbol" ? operators.prefix.get(token.text) : undefined;
  if (!operator) return readPostfix(cursor, operators);
  cursor.expect(token!.text);
  const operand = readInfix(cursor, operator.precedence + 0.1, operators);
  if (operand.tag === "number" && !operand.bool) return { ...operand, value: -operand.value };
  return { tag: "operator", op: operator.op, operands: [operand], place };
}

function readPostfix(cursor: Cursor, operators: Operators): Formula {
  let formula = readAtom(cursor, operators);
  for (;;) {
    const place = cursor.place();
    if (cursor.accept("²")) formula = { tag: "square", operand: formula, place };
    else if (cursor.accept("ᵀ")) formula = { tag: "transposed", operand: formula, place };
    else if (cursor.accept("[")) formula = { tag: "pattern", operand: formula, marks: readMarks(cursor), place };
    else return formula;
  }
}

function readMarks(cursor: Cursor): readonly string[] {
  const marks: string[] = [];
  do {
    if (cursor.accept(":")) marks.push(":");
    else if (cursor.acceptWord("_")) marks.push("_");
    else cursor.fail('":" or "_"');
  } while (cursor.accept(","));
  cursor.expect("]");
  return marks;
}

function readAtom(cursor: Cursor, operators: Operators): Formula {
  const place = cursor.place();
  const token = cursor.peek();
  if (token?.text === "(" && token.tag === "symbol" && cursor.peek(2)?.text === "*") {
    cursor.expect("(");
    const size = cursor.dim();
    cursor.expect(")");
    return { tag: "size", size, place };
  }
  if (cursor.accept("(")) {
    const operand = readInfix(cursor, 0, operators);
    cursor.expect(")");
    return { tag: "group", operand, place };
  }
  const isNumber = token?.tag === "number" || (token?.tag === "name" && !token.quoted && token.text === "nan");
  if (isNumber) return { tag: "number", value: cursor.number(), bool: false, place };
  if (token && !token.quoted && ["true", "false"].includes(token.text)) {
    return { tag: "number", value: cursor.number(), bool: true, place };
  }
  if (token?.tag !== "name") cursor.fail("a value");
  const { text: name, quoted = false } = cursor.name();
  if (!quoted && cursor.accept("(")) return { ...readCall(cursor, name, operators), place };
  return { tag: "name", name, primed: cursor.accept("′"), quoted, place };
}

type Unplaced =
  | { readonly tag: "fill"; readonly value: Dim; readonly type: TensorType }
  | { readonly tag: "iota"; readonly axis: number; readonly type: TensorType }
  | { readonly tag: "size"; readonly size: Dim }
  | Call;

function readCall(cursor: Cursor, name: string, operators: Operators): Unplaced {
  if (name === "size") {
    const size = cursor.dim();
    cursor.expect(")");
    return { tag: "size", size };
  }
  if (name === "fill" || name === "iota") return readFill(cursor, name);
  const operands: Formula[] = [];
  const attributes: Record<string, Attribute> = {};
  let [shape, text]: [readonly Dim[] | undefined, string | undefined] = [undefined, undefined];
  while (!cursor.accept(")")) {
    if (cursor.peek()?.tag === "string") text = cursor.string();
    else if (cursor.peek()?.text === "[") shape = cursor.shape();
    else if (cursor.peek(1)?.tag === "symbol" && cursor.peek(1)?.text === "=") {
      const key = cursor.name().text;
      cursor.expect("=");
      attributes[key] = name === "scan" && key.startsWith("result") ? readResults(cursor) : readAttribute(cursor);
    } else if (name === "oneHot" && operands.length === 1) shape = [cursor.dim()];
    else operands.push(readInfix(cursor, 0, operators));
    if (cursor.peek()?.text !== ")") cursor.expect(",");
  }
  return { tag: "call", name, operands, text, shape, attributes };
}

/** `final h`, or `[final h, every next, output 2]`: words in pairs. */
function readResults(cursor: Cursor): readonly Attribute[] {
  const readOne = (): readonly Attribute[] => {
    const word = cursor.name().text;
    return [word, cursor.peek()?.tag === "number" ? cursor.number() : cursor.name().text];
  };
  return cursor.accept("[") ? readUntil("]", cursor, readOne) : [readOne()];
}

/** `fill(0.5, f32[3])`, `fill(4*batch, f32)`, `iota(i32[batch, 10], axis=1)`. */
function readFill(cursor: Cursor, name: "fill" | "iota"): Unplaced {
  if (name === "iota") {
    const type = cursor.type();
    cursor.expect(",");
    if (!cursor.acceptWord("axis")) cursor.fail('"axis"');
    cursor.expect("=");
    const axis = cursor.number();
    cursor.expect(")");
    return { tag: "iota", axis, type };
  }
  const words = [0, 1].map((ahead) => cursor.peek(ahead));
  const isNumber = words.some((word) => word?.tag === "number" || ["nan", "true", "false"].includes(word?.text ?? ""));
  const value = isNumber && isLast(cursor) ? cursor.number() : cursor.dim();
  cursor.expect(",");
  const type = cursor.type();
  cursor.expect(")");
  return { tag: "fill", value, type };
}

/** True when the first argument is one word with at most a sign. */
function isLast(cursor: Cursor): boolean {
  return cursor.peek(cursor.peek()?.text === "-" ? 2 : 1)?.text === ",";
}

/** What `formatAttribute` writes. */
export function readAttribute(cursor: Cursor): Attribute {
  const token = cursor.peek();
  if (token?.tag === "string") return cursor.string();
  if (cursor.acceptWord("true")) return true;
  if (cursor.acceptWord("false")) return false;
  if (cursor.accept("[")) return readUntil("]", cursor, () => readAttribute(cursor));
  if (cursor.accept("{")) {
    const entries = readUntil("}", cursor, (): readonly [string, Attribute] => {
      const key = cursor.name().text;
      cursor.expect("=");
      return [key, readAttribute(cursor)];
    });
    return Object.fromEntries(entries);
  }
  // A size may begin with a number or a sign as well.
  const isNumber = token?.text === "nan" || token?.tag === "number" || token?.text === "-";
  const after = cursor.peek(token?.text === "-" ? 2 : 1)?.text;
  return isNumber && (after === undefined || [",", ")", "]", "}"].includes(after)) ? cursor.number() : cursor.dim();
}

function readUntil<T>(close: string, cursor: Cursor, readOne: () => T): readonly T[] {
  const list: T[] = [];
  while (!cursor.accept(close)) {
    list.push(readOne());
    if (cursor.peek()?.text !== close) cursor.expect(",");
  }
  return list;
}
