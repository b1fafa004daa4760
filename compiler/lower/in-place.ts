/// Whether a kernel may write a result where an operand lies. It is told from what the kernel is lowered to, whatever its
/// kind: each element of the operand must be read by the thread that writes this element of the result, and before.
import type { Value } from "../../ir/value.ts";
import { placeName } from "../cluster/loop.ts";
import { indexKey, type Index } from "./index.ts";
import { targetTensor, type Expression, type Statement } from "./kernel.ts";

type Block = Statement & { readonly tag: "block" };

/** An access to the operand or the result. */
interface Access {
  readonly isStore: boolean;
  /** The same text for the same element of the same thread. */
  readonly key: string;
  readonly index: Index;
  readonly lanes: number;
  /** The blocks around it, outermost first. */
  readonly blocks: readonly Block[];
}

/**
 * True where the body may write `result` into the memory of `operand`. A kernel writes an element in one thread, at one
 * index: what is read at this index by itself, in the same blocks with the same variables, is read by that thread.
 */
export function fitsInPlace(body: readonly Statement[], operand: Value, result: Value): boolean {
  const accesses = accessesTo(body, operand, result);
  const stores = accesses.map((access, at) => ({ access, at })).filter(({ access }) => access.isStore);
  const definitions = definitionsIn(body);
  // What is not seen to be read is read in some other way.
  if (stores.length === accesses.length) return false;
  return accesses.every((load, at) => {
    if (load.isStore) return isOwnElement(load, definitions);
    const own = stores.filter(({ access }) => access.key === load.key);
    return (
      own.length > 0 &&
      own.every((store) => at < store.at && store.access.lanes === load.lanes && isSamePath(store.access, load))
    );
  });
}

/** Loads of the operand and stores of the result, in the order in which a thread meets them. */
function accessesTo(body: readonly Statement[], operand: Value, result: Value): readonly Access[] {
  const accesses: Access[] = [];
  const visit = (expression: Expression, blocks: readonly Block[]): void => {
    if (expression.tag === "load" && expression.tensor === operand) {
      const { index, lanes } = expression;
      accesses.push({ isStore: false, key: indexKey(index), index, lanes, blocks });
    }
    if (expression.tag === "apply" || expression.tag === "call")
      expression.operands.forEach((each) => visit(each, blocks));
    if (expression.tag === "vector") expression.parts.forEach((each) => visit(each, blocks));
    if (expression.tag === "splat") visit(expression.operand, blocks);
  };
  const walk = (statements: readonly Statement[], blocks: readonly Block[]): void => {
    for (const statement of statements) {
      if (statement.tag === "block") walk(statement.body, [...blocks, statement]);
      else if (statement.tag !== "line") visit(statement.value, blocks);
      if (statement.tag !== "store" || targetTensor(statement.target) !== result) continue;
      const { index, value } = statement;
      accesses.push({ isStore: true, key: indexKey(index), index, lanes: value.lanes, blocks });
    }
  };
  walk(body, []);
  return accesses;
}

/** True for accesses under the same loops and conditions: a thread comes to the same elements in both. */
const isSamePath = (a: Access, b: Access): boolean =>
  a.blocks.length === b.blocks.length && a.blocks.every(({ head }, at) => head === b.blocks[at].head);

/** Texts that give variables their values, by the names of these. */
type Definitions = ReadonlyMap<string, ReadonlySet<string>>;

/** What a text speaks of: no suffixes of numbers, no components. */
const word = /(?<![\w.])[A-Za-z_]\w*/g;

/** What a thread is told of itself, of its turn and of sizes, and changes of type. */
const given: ReadonlySet<string> = new Set(["group", "local", "sizes", placeName, "u32", "i32"]);

/** The text of a variable that says nothing about where a thread is. */
const unknown = "unknown;";

/** A declaration: the name, and what it begins with. */
const declaration = /\b(let|var) (\w+)(?:: [^=]*)? = ([^;]*);/g;

function definitionsIn(body: readonly Statement[]): Definitions {
  const definitions = new Map<string, Set<string>>();
  const note = (name: string, text: string): void => {
    definitions.set(name, (definitions.get(name) ?? new Set()).add(text));
  };
  const declared = (text: string, whole: (kind: string, value: string) => string): void => {
    for (const [, kind, name, value] of text.matchAll(declaration)) note(name, whole(kind, value));
  };
  const walk = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.tag === "block") {
        declared(statement.head, () => statement.head);
        walk(statement.body);
      }
      // A variable that changes, or that data gives a value, says nothing about where a thread is.
      if (statement.tag === "line") declared(statement.text, (kind, value) => (kind === "let" ? value : unknown));
      if (statement.tag === "let") note(statement.name, unknown);
      const written = statement.tag === "assign" ? /\b(?:let|var) (\w+)/.exec(statement.before) : undefined;
      if (written) note(written[1], unknown);
    }
  };
  walk(body);
  return definitions;
}

/**
 * True where no other thread is at the element of a store: variables mean one thing in the whole kernel, none is held within
 * bounds, where threads beyond an edge would meet those at it, and every loop around the store goes to other elements.
 */
function isOwnElement({ index, blocks }: Access, definitions: Definitions): boolean {
  const reached = new Set(variablesOf(index));
  for (const name of reached) {
    const texts = definitions.get(name) ?? new Set(given.has(name) ? [] : [unknown]);
    if (texts.size > 1) return false;
    for (const text of texts) {
      const isHead = text.startsWith("for (");
      if (/\b(min|max|clamp|select)\(/.test(isHead ? text.slice(0, text.indexOf(";")) : text) || text === unknown)
        return false;
      if (!isHead) for (const [other] of text.matchAll(word)) reached.add(other);
    }
  }
  return blocks.every(({ head }) => !head.startsWith("for (") || reached.has(/^for \(var (\w+)/.exec(head)?.[1] ?? ""));
}

function variablesOf({ terms }: Index): readonly string[] {
  return terms.flatMap(({ atom }) =>
    atom.tag === "variable" ? (atom.name.match(word) ?? []) : variablesOf(atom.operand),
  );
}
