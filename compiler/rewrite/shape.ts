/// What an arithmetic expression is up to its letters: a(b + c) and x(y + z) have one shape. A network repeats itself, and
/// what has been tried on one expression need not be tried on the next.
import { neg } from "../../ir/ops/arithmetic.ts";
import { sigmoid } from "../../ir/ops/functions.ts";
import { constantValue, sizeOp } from "../../ir/ops/leaf.ts";
import { broadcastOp } from "../../ir/ops/sum.ts";
import { isArithmetic } from "./polynomial.ts";
import { same, type Value } from "../../ir/value.ts";

/**
 * The shape of a region of arithmetic as text: ops, numbers, sizes, which operands are the same, which values `freed`
 * has. `inner` is the arithmetic, the root first, in an order that depends on nothing else. Undefined where an atom has
 * arithmetic of its own, which depends on what it is made of.
 */
export function shapeOf(inner: readonly Value[], freed: ReadonlySet<Value>): string | undefined {
  const numbers = new Map(inner.map((value, position) => [value, position]));
  const constants: Value[] = [];
  let text = "";
  for (const value of inner) {
    text += `${value.op.name}${freed.has(value) ? "!" : " "}`;
    for (const operand of value.operands) {
      const number = numbers.get(operand);
      if (number !== undefined) text += `${number},`;
      else if (hidesArithmetic(operand)) return undefined;
      else text += operand.constant ? constantText(operand, constants, freed) : atomText(operand, numbers, freed);
    }
  }
  return text;
}

/** True for an atom that is arithmetic all the same: the sign of a row comes out of its repetition, and σ(−x) is 1 − σ(x). */
export function hidesArithmetic({ op, operands: [x] }: Value): boolean {
  return x?.op === neg.op && (op === sigmoid.op || (op === broadcastOp && x.type.shape.length > 0));
}

/** The first time that an atom turns up, what counts of it; after that it is a number. */
function atomText(atom: Value, numbers: Map<Value, number>, freed: ReadonlySet<Value>): string {
  const number = numbers.size;
  numbers.set(atom, number);
  return `${number}${kindText(atom, freed)},`;
}

function kindText(atom: Value, freed: ReadonlySet<Value>): string {
  const kind = isArithmetic(atom) ? "s" : atom.op.kind === "elementwise" ? "f" : "m";
  return freed.has(atom) ? `${kind}!` : kind;
}

/** Equal constants may be several objects. */
function constantText(constant: Value, constants: Value[], freed: ReadonlySet<Value>): string {
  const number = constantValue(constant);
  if (number !== undefined) return `=${number},`;
  if (constant.op === sizeOp) return `=${String(constant.attrs.size)},`;
  const known = constants.findIndex((each) => same(each, constant));
  const at = known < 0 ? constants.push(constant) - 1 : known;
  return `c${at}${kindText(constant, freed)},`;
}
