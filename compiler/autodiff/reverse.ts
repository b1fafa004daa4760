/// Reverse mode: the cotangent of every value that leads to a target, from the loss back.
import { underivedGradient } from "../../ir/errors.ts";
import { add, div, mul, neg } from "../../ir/ops/arithmetic.ts";
import { suppliedCotangents, suppliedOp } from "../../ir/ops/derivative.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { scanSiblings } from "../../ir/ops/scan.ts";
import { isFloat } from "../../ir/type.ts";
import { postorder, type RuleContext, type Value } from "../../ir/value.ts";
import { scanCotangents, type PullBack } from "./scan.ts";

/** What reverse mode finds: gradients in the order of the targets, and the cotangent of each value on the way. */
export interface Differentiated {
  readonly gradients: readonly Value[];
  /** From the loss backwards: forward value → its cotangent, also those of the values of a step in a loop. */
  readonly cotangents: ReadonlyMap<Value, Value>;
}

/** ∂loss/∂target for each target, of the target's shape; zero where the loss does not depend on it. `loss` is a scalar. */
export function gradients(loss: Value, targets: readonly Value[]): readonly Value[] {
  return differentiate(loss, targets).gradients;
}

/**
 * Like `gradients`, with the cotangents of the values between. Computes only what leads to a target. `loss` may have any
 * shape where its own cotangent is given: `seed`.
 */
export function differentiate(loss: Value, targets: readonly Value[], seed?: Value): Differentiated {
  return pullBack([[loss, seed ?? constant(1, loss.type.dtype, loss.type.shape)]], targets);
}

/** Reverse mode from several ends at once, each with its cotangent: the gradient of the sum of their products. */
function pullBack(ends: readonly (readonly [Value, Value])[], targets: readonly Value[]): Differentiated {
  const order = postorder(ends.map(([end]) => end));
  const active = leadingTo(order, new Set(targets));
  const siblings = scanSiblings(order);
  const cotangents = new Map<Value, Value>();
  const arrive = (value: Value, part: Value): void => {
    const before = cotangents.get(value);
    cotangents.set(value, before ? add(before, part) : part);
  };
  for (const [end, cotangent] of ends) arrive(end, cotangent);
  for (const value of order.toReversed()) {
    if (!active.has(value)) continue;
    const wanted = (position: number): boolean => active.has(value.operands[position]);
    const parts = value.op.kind === "scan" ? ofScan(value, wanted) : ofOne(value, wanted);
    parts.forEach((part, position) => {
      if (part && wanted(position)) arrive(value.operands[position], part);
    });
  }
  return { gradients: targets.map((target) => cotangents.get(target) ?? zeroLike(target)), cotangents };

  function ofOne(value: Value, wanted: (position: number) => boolean): readonly (Value | null)[] {
    const cotangent = cotangents.get(value);
    return cotangent ? operandCotangents(value, cotangent, wanted) : [];
  }

  /** The results of a loop hand back together, once all of them have heard from their readers. */
  function ofScan(value: Value, wanted: (position: number) => boolean): readonly (Value | null)[] {
    const results = siblings.get(value)!;
    if (results[0] !== value || !results.some((result) => cotangents.has(result))) return [];
    const inner: PullBack = (innerEnds, letters, carried) => {
      const found = pullBack(innerEnds, letters);
      for (const [each, cotangent] of found.cotangents) if (each.op.kind !== "leaf") cotangents.set(each, cotangent);
      for (const [carry, arriving] of carried) cotangents.set(carry, arriving);
      return found.gradients;
    };
    return scanCotangents(value, (result) => cotangents.get(result), wanted, inner);
  }
}

/** The values through which a change of a target reaches the end: targets and their users, floats only. */
export function leadingTo(order: readonly Value[], targets: ReadonlySet<Value>): ReadonlySet<Value> {
  const active = new Set<Value>();
  for (const value of order) {
    if (!isFloat(value.type.dtype)) continue;
    if (targets.has(value) || value.operands.some((operand) => active.has(operand))) active.add(value);
  }
  return active;
}

/** The cotangent that a value hands to each operand; null where it has no derivative. */
export function operandCotangents(
  value: Value,
  cotangent: Value,
  wanted: (position: number) => boolean,
): readonly (Value | null)[] {
  const { op, operands, attrs } = value;
  const context: RuleContext = { operands, attrs, result: value };
  switch (op.kind) {
    case "elementwise":
      if (op.scale) return op.scale(context, cotangent);
      return (op.partials?.(context) ?? []).map((partial, position) =>
        partial && wanted(position) ? times(cotangent, partial, value) : null,
      );
    case "layout":
      return [op.transpose(context, cotangent)];
    case "piecewise":
    case "gather":
    case "cumulative":
    case "composite":
      return op.transpose(context, cotangent);
    case "sort":
      return [null];
    case "reduction":
      return [op.differentiate?.(context, cotangent) ?? null];
    case "contraction":
      return op.transpose(context, cotangent);
    case "scan":
      throw new TypeError("the results of a loop hand back together");
    case "leaf":
      return [];
    case "derivative":
      if (op !== suppliedOp) throw underivedGradient();
      // The formula in front has no say in it.
      return [null, ...suppliedCotangents(value, cotangent)];
    default:
      return op satisfies never;
  }
}

/**
 * cotangent · partial, written as a textbook does: factors from left to right, sign in front, 1/x as a quotient. `of` is what
 * is differentiated: a product that it reads or is stays one, since it is there already.
 */
export function times(cotangent: Value, partial: Value, of: Value): Value {
  const [a, b] = partial.operands;
  if (constantValue(partial) === 1) return cotangent;
  if (constantValue(cotangent) === 1) return partial;
  if (partial.op === neg.op) return neg(times(cotangent, a, of));
  const isThere = partial === of || of.operands.includes(partial);
  if (partial.op === mul.op && a !== b && !isThere) return times(times(cotangent, a, of), b, of);
  if (partial.op === div.op && constantValue(a) === 1) return div(cotangent, b);
  return mul(cotangent, partial);
}

function zeroLike(value: Value): Value {
  return constant(0, value.type.dtype, value.type.shape);
}
