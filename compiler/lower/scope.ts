/// Blocks of a kernel while they are written: what stands in each, and which variables it declares.
import type { Value } from "../../ir/value.ts";
import { mentions, type Index } from "./index.ts";
import { targetTensor, widen, type Expression, type Statement, type Target } from "./kernel.ts";

/** A block. */
export interface Scope {
  readonly statements: Statement[];
  /** What has been written, and how it is mentioned. */
  readonly known: Map<Value, readonly { readonly key: string; readonly expression: Expression }[]>;
  /** Variables of indices that mean something only in here. */
  readonly variables: Set<string>;
  /** A block that is gone through many times: what does not hang on its variables can stand before it. */
  readonly isLoop: boolean;
  /** Elementwise operations written in this block itself. */
  operations: number;
}

/** A loop that has been written: its statements, and the operations of one turn. */
export interface Loop {
  readonly body: readonly Statement[];
  readonly operations: number;
}

/** A variable that keeps a value from one loop to those after it. */
export interface Register {
  readonly expression: Expression & { readonly tag: "name" };
  /** It has a declaration of its own, outside the block that fills it. */
  readonly isDeclared: boolean;
  /** It is one of an array that is mentioned more than once: compilers of shaders would look into memory each time. */
  readonly needsName: boolean;
  /** A loop has put the value there. */
  filled: boolean;
  /** Where it lies, if it is memory: the name is that of the variable in the loop that writes it. */
  readonly memory?: { readonly target: Target; readonly index: Index } | undefined;
}

/** An empty block; with a variable, a loop over it. */
export function makeScope(variable?: string): Scope {
  const variables = new Set(variable === undefined ? [] : [variable]);
  return { statements: [], known: new Map(), variables, isLoop: variable !== undefined, operations: 0 };
}

/** How many of the scopes are around an element at this index: loops whose variables it does not mention are left. */
export function depthOf(scopes: readonly Scope[], index: readonly Index[], lane?: string): number {
  let depth = scopes.length;
  const stays = ({ isLoop, variables }: Scope): boolean =>
    !isLoop || (lane !== undefined && variables.has(lane)) || index.some((part) => mentions(part, variables));
  while (depth > 1 && !stays(scopes[depth - 1])) depth--;
  return depth;
}

/** Puts a value into its register. */
export function fillRegister(register: Register, value: Expression, { statements }: Scope): Expression {
  register.filled = true;
  const { expression, isDeclared, needsName, memory } = register;
  const kept = expression.lanes === 4 ? widen(value) : value;
  statements.push(
    isDeclared
      ? { tag: "assign", before: `${expression.text} = `, value: kept, after: ";" }
      : { tag: "let", name: expression.text, value: kept },
  );
  if (memory) {
    statements.push({ tag: "line", text: "// Kept where the result will be, for what comes below." });
    statements.push({ tag: "store", ...memory, value: expression });
  }
  return needsName ? kept : expression;
}

/** What a later loop finds in a register. */
export function readRegister({ expression, memory }: Register): Expression {
  if (!memory) return expression;
  return { ...expression, tag: "load", tensor: targetTensor(memory.target), index: memory.index };
}
