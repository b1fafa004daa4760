/// Reads identities: `exp(x) / broadcast[b](sum[a](exp(x))) = exp(x - broadcast[b](logsumexp[a](x)))`.
import { patternOp, type Application, type Pattern } from "./pattern.ts";

/** Both sides of an identity, and the name of the op on top of its left side. */
export interface Identity {
  readonly left: Pattern;
  readonly right: Pattern;
  readonly root: string;
}

/** Parses `left = right`. An identity that does not parse is a mistake in the compiler, so it throws a TypeError. */
export function parseIdentity(text: string): Identity {
  const sides = text.split(" = ");
  if (sides.length !== 2) throw new TypeError(`an identity has two sides: ${text}`);
  const [left, right] = sides.map(parsePattern);
  if (left.tag !== "apply") throw new TypeError(`the left side of an identity applies an op: ${text}`);
  return { left, right, root: left.op.name };
}

interface Reader {
  /** The next token, without taking it. */
  peek(): string | undefined;
  take(): string;
}

function parsePattern(text: string): Pattern {
  const tokens = text.match(/[A-Za-z][A-Za-z0-9]*|\d+(\.\d+)?|[-+*/()[\],]/g) ?? [];
  let position = 0;
  const reader: Reader = {
    peek: () => tokens[position],
    take() {
      if (position >= tokens.length) throw new TypeError(`an identity ends too early: ${text}`);
      return tokens[position++];
    },
  };
  const pattern = parseSum(reader);
  if (reader.peek() !== undefined) throw new TypeError(`unexpected ${reader.peek()} in an identity: ${text}`);
  return pattern;
}

function parseSum(reader: Reader): Pattern {
  return parseInfix(reader, { "+": "add", "-": "sub" }, parseProduct);
}

function parseProduct(reader: Reader): Pattern {
  return parseInfix(reader, { "*": "mul", "/": "div" }, parsePrefix);
}

function parseInfix(reader: Reader, names: Readonly<Record<string, string>>, inner: (r: Reader) => Pattern): Pattern {
  let left = inner(reader);
  for (let name = names[reader.peek() ?? ""]; name; name = names[reader.peek() ?? ""]) {
    reader.take();
    left = application(name, undefined, [left, inner(reader)]);
  }
  return left;
}

function parsePrefix(reader: Reader): Pattern {
  if (reader.peek() !== "-") return parsePrimary(reader);
  reader.take();
  const operand = parsePrefix(reader);
  return operand.tag === "number" ? { tag: "number", value: -operand.value } : application("neg", undefined, [operand]);
}

function parsePrimary(reader: Reader): Pattern {
  const token = reader.take();
  if (token === "(") {
    const inner = parseSum(reader);
    expect(reader, ")");
    return inner;
  }
  if (/^\d/.test(token)) return { tag: "number", value: Number(token) };
  if (reader.peek() !== "(" && reader.peek() !== "[") return { tag: "variable", name: token };
  return parseCall(reader, token);
}

function parseCall(reader: Reader, name: string): Pattern {
  let attrs: string | undefined;
  if (reader.peek() === "[") {
    reader.take();
    attrs = reader.take();
    expect(reader, "]");
  }
  expect(reader, "(");
  const operands = [parseSum(reader)];
  while (reader.peek() === ",") {
    reader.take();
    operands.push(parseSum(reader));
  }
  expect(reader, ")");
  return application(name, attrs, operands);
}

function expect(reader: Reader, token: string): void {
  const found = reader.take();
  if (found !== token) throw new TypeError(`expected ${token} in an identity, found ${found}`);
}

function application(name: string, attrs: string | undefined, operands: readonly Pattern[]): Application {
  const op = patternOp(name);
  if (!op) throw new TypeError(`no op of an identity is called ${name}`);
  return { tag: "apply", op, attrs, operands };
}
