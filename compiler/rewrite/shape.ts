/// What an arithmetic expression is up to its letters: a(b + c) and x(y + z) have one shape. A network repeats itself, and
/// what has been tried on one expression need not be tried on the next.
import { neg } from "../../ir/ops/arithmetic.ts";
import { sigmoid } from "../../ir/ops/functions.ts";
import { constantValue, sizeOp } from "../../ir/ops/leaf.ts";
import { broadcastOp } from "../../ir/ops/sum.ts";
import { isArithmetic } from "./polynomial.ts";
import { same, type Value } from "../../ir/value.ts";

/** The shape of a region of arithmetic, but for which of its values are freed. */
export interface Sketch {
  /** Ops, numbers, sizes, and which operands are the same. */
  readonly text: string;
  /** Values of which it matters as well whether they are freed. */
  readonly marked: readonly Value[];
}

/**
 * The sketch of a region: `inner` is the arithmetic, the root first, in an order that depends on nothing else. Undefined
 * where an atom has arithmetic of its own, which depends on what it is made of.
 */
export function sketchOf(inner: readonly Value[]): Sketch | undefined {
  const numbers = new Map<Value, number>();
  for (const value of inner) numbers.set(value, numbers.size);
  const constants: Value[] = [];
  const marked = [...inner];
  let text = "";
  for (const value of inner) {
    text += `${value.op.name} `;
    for (const operand of value.operands) {
      const number = numbers.get(operand);
      if (number !== undefined) text += `${number},`;
      else if (hidesArithmetic(operand)) return undefined;
      else text += operand.constant ? constantText(operand, constants, marked) : atomText(operand, numbers, marked);
    }
  }
  return { text, marked };
}

/** A text that two regions share where they are the same up to their letters, and the same of both is freed. */
export function shapeOf({ text, marked }: Sketch, freed: ReadonlySet<Value>): string {
  let shape = text;
  for (const value of marked) shape += freed.has(value) ? "!" : ".";
  return shape;
}

/** True for an atom that is arithmetic all the same: the sign of a row comes out of its repetition, and σ(−x) is 1 − σ(x). */
export function hidesArithmetic({ op, operands: [x] }: Value): boolean {
  return x?.op === neg.op && (op === sigmoid.op || (op === broadcastOp && x.type.shape.length > 0));
}

/** The first time that an atom turns up, what counts of it; after that it is a number. */
function atomText(atom: Value, numbers: Map<Value, number>, marked: Value[]): string {
  const number = numbers.size;
  numbers.set(atom, number);
  marked.push(atom);
  return `${number}${kindText(atom)},`;
}

function kindText(atom: Value): string {
  return isArithmetic(atom) ? "s" : atom.op.kind === "elementwise" ? "f" : "m";
}

/** Equal constants may be several objects. */
function constantText(constant: Value, constants: Value[], marked: Value[]): string {
  const number = constantValue(constant);
  if (number !== undefined) return `=${number},`;
  if (constant.op === sizeOp) return `=${String(constant.attrs.size)},`;
  const known = constants.findIndex((each) => same(each, constant));
  const at = known < 0 ? constants.push(constant) - 1 : known;
  marked.push(constant);
  return `c${at}${kindText(constant)},`;
}
