/// The bodies of loops, as printed blocks.
import { letter } from "../ops/leaf.ts";
import type { ScanBody } from "../ops/scan.ts";
import type { Value } from "../value.ts";
import { cursorOf, type Cursor } from "./cursor.ts";
import type { Token } from "./lexer.ts";

/** What a body needs of the reader around it. */
export interface BodyReader {
  /** Gives a value a name within the body; `noted` ones are names of the graph as well. */
  define(token: Token, value: Value, noted: boolean): void;
  formula(cursor: Cursor): Value;
  /** The right side of a line that gives so many names. */
  values(cursor: Cursor, count: number): readonly Value[];
}

const roles = ["carry", "element", "capture", "position"] as const;

/** Names that the printer makes up for letters. */
const automatic = new RegExp(`^(?:${roles.join("|")})\\d+$`);

/** `body step1 reversed over time`, and the statements below it. */
export function readBody(
  head: Cursor,
  statements: readonly (readonly Token[])[],
  reader: BodyReader,
): readonly [name: string, body: ScanBody] {
  const name = head.name().text;
  const reverse = head.acceptWord("reversed");
  if (!head.acceptWord("over")) head.fail('"over"');
  const length = head.dim();
  head.end();
  const carryNames: string[] = [];
  const letters: Record<(typeof roles)[number], Value[]> = { carry: [], element: [], capture: [], position: [] };
  const results: Record<"next" | "output", Value[]> = { next: [], output: [] };
  for (const tokens of statements) {
    const cursor = cursorOf(tokens, tokens[0].place);
    const isLine = tokens[1]?.tag === "symbol" && ["=", ","].includes(tokens[1].text);
    const role = isLine ? undefined : roles.find((each) => cursor.acceptWord(each));
    const result = isLine || role ? undefined : (["next", "output"] as const).find((each) => cursor.acceptWord(each));
    if (role === "carry") carryNames.push(cursor.peek()?.text ?? "");
    if (role) letters[role].push(readLetter(cursor, role, reader));
    else if (result) {
      if (result === "next" && cursor.peek(1)?.text === "←") expectCarry(cursor, carryNames[results.next.length]);
      results[result].push(reader.formula(cursor));
    } else {
      const bound = readNames(cursor);
      const values = reader.values(cursor, bound.length);
      bound.forEach((token, i) => {
        reader.define(token, values[i], !/^v\d+$/.test(token.text) || token.quoted === true);
      });
    }
    cursor.end();
  }
  const { carry: carries, element: elements, capture: captures } = letters;
  const position = letters.position[0] ?? letter({ dtype: "i32", shape: [] });
  const { next, output: outputs } = results;
  return [name, { identity: {}, length, reverse, carries, elements, captures, position, next, outputs }];
}

/** `h, G =` before the results of a loop; one name before anything else. */
export function readNames(cursor: Cursor): readonly Token[] {
  const bound = [cursor.name()];
  while (cursor.accept(",")) bound.push(cursor.name());
  cursor.expect("=");
  return bound;
}

/** `next h ← …`: carries in their order. */
function expectCarry(cursor: Cursor, name: string | undefined): void {
  if (cursor.peek()?.text !== name) cursor.fail(name === undefined ? "no more than a formula for each carry" : name);
  cursor.name();
  cursor.expect("←");
}

/** What is captured has the name of what it is outside, which is a name of that alone. */
function readLetter(cursor: Cursor, role: (typeof roles)[number], reader: BodyReader): Value {
  const token = cursor.name();
  cursor.expect(":");
  const value = letter(cursor.type());
  reader.define(token, value, role !== "capture" && !automatic.test(token.text));
  return value;
}
