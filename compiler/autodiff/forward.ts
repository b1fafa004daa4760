/// Forward mode: the tangent of every value that a direction moves, from the values it moves to the end.
import { underivedGradient } from "../../ir/errors.ts";
import { ruleNotLinear } from "../../ir/ops/errors.ts";
import { add, mul } from "../../ir/ops/arithmetic.ts";
import { suppliedDerivative, suppliedOp } from "../../ir/ops/derivative.ts";
import { constant, letter } from "../../ir/ops/leaf.ts";
import { scanSiblings } from "../../ir/ops/scan.ts";
import { sum, sumOp } from "../../ir/ops/sum.ts";
import { apply, postorder, type ElementwiseOp, type Value } from "../../ir/value.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { simplifyingRules } from "../rewrite/rules/all.ts";
import { gradients, leadingTo, operandCotangents, times } from "./reverse.ts";
import { scanTangents, type NoteTangent } from "./scan.ts";

/** A value with the direction in which it moves, of its type. */
export type WithTangent = readonly [value: Value, tangent: Value];

/**
 * (∂y/∂x₁)·t₁ + (∂y/∂x₂)·t₂ + …, of the shape of `y`; zero where `y` does not depend on any x. Computes only what a
 * direction moves. `note` hears of the letters of loops.
 */
export function pushForward(y: Value, moved: readonly WithTangent[], note?: NoteTangent): Value {
  const tangents = new Map<Value, Value>();
  for (const [value, tangent] of moved) {
    const before = tangents.get(value);
    tangents.set(value, before ? add(before, tangent) : tangent);
  }
  const order = postorder([y]);
  const targets = new Set(tangents.keys());
  const active = leadingTo(order, targets);
  const siblings = scanSiblings(order);
  const loops = new Map<Value, (result: Value) => Value>();
  const inside = (value: Value, within: readonly WithTangent[]): Value => pushForward(value, within, note);
  for (const value of order) {
    if (targets.has(value) || !active.has(value)) continue;
    const own = value.operands.map((operand) => tangents.get(operand));
    const [loop] = siblings.get(value) ?? [];
    if (loop && !loops.has(loop)) loops.set(loop, scanTangents(loop, own, inside, note));
    const tangent = loop ? loops.get(loop)!(value) : tangentOf(value, own);
    if (tangent) tangents.set(value, tangent);
  }
  return tangents.get(y) ?? constant(0, y.type.dtype, y.type.shape);
}

/** The tangent of one value from those of its operands; undefined where it has no derivative. */
function tangentOf(value: Value, tangents: readonly (Value | undefined)[]): Value | undefined {
  const { op, operands, attrs } = value;
  const [first, second] = tangents;
  switch (op.kind) {
    case "elementwise":
      return total(elementwiseTangents(value, op, tangents));
    case "layout":
    case "gather":
      return first && apply(op, [first, ...operands.slice(1)], attrs);
    case "piecewise": {
      // The filling does not move.
      const still = "fill" in attrs ? { ...attrs, fill: 0 } : attrs;
      const filled = tangents.map((tangent, position) => tangent ?? zeroLike(operands[position]));
      return apply(op, filled, still);
    }
    case "contraction":
      return total([
        first && apply(op, [first, operands[1]], attrs),
        second && apply(op, [operands[0], second], attrs),
      ]);
    case "reduction":
      return op === sumOp ? first && apply(op, [first], attrs) : transposedRule(value, tangents);
    case "cumulative":
    case "composite":
      return transposedRule(value, tangents);
    case "derivative":
      if (op !== suppliedOp) throw underivedGradient();
      return transposedRule(value, tangents);
    case "scan":
      throw new TypeError("the results of a loop move together");
    case "sort":
    case "leaf":
      return undefined;
    default:
      return op satisfies never;
  }
}

function elementwiseTangents(
  value: Value,
  op: ElementwiseOp,
  tangents: readonly (Value | undefined)[],
): readonly (Value | null | undefined)[] {
  const context = { operands: value.operands, attrs: value.attrs, result: value };
  const { scale } = op;
  if (scale) return tangents.map((tangent, position) => tangent && scale(context, tangent)[position]);
  const partials = op.partials?.(context) ?? [];
  return partials.map((partial, position) => {
    const tangent = tangents[position];
    return partial && tangent && times(tangent, partial, value);
  });
}

/**
 * Forward mode of an op that states only how cotangents go back, Jᵀu: s = ⟨Jᵀu, t⟩ is linear in u, and ∂s/∂u = J t. What
 * is left must not contain u, else the rule was no linear map.
 */
function transposedRule(value: Value, tangents: readonly (Value | undefined)[]): Value | undefined {
  const u = letter(value.type);
  const back = operandCotangents(value, u, (position) => tangents[position] !== undefined);
  const products = back.map((part, position) => {
    const tangent = tangents[position];
    return part && tangent && sum(mul(part, tangent));
  });
  const inner = total(products);
  if (!inner) return undefined;
  const [tangent] = gradients(inner, [u]);
  if (!contains(tangent, u)) return tangent;
  const simplified = makeRewriter(simplifyingRules)(tangent);
  if (contains(simplified, u)) throw ruleNotLinear(suppliedDerivative(value)?.name ?? value.op.name);
  return simplified;
}

function contains(value: Value, part: Value): boolean {
  return postorder([value]).includes(part);
}

function total(parts: readonly (Value | null | undefined)[]): Value | undefined {
  const terms = parts.flatMap((part) => part ?? []);
  return terms.length === 0 ? undefined : terms.reduce((sum, term) => add(sum, term));
}

function zeroLike({ type }: Value): Value {
  return constant(0, type.dtype, type.shape);
}
