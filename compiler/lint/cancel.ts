/// Differences of nearly equal numbers that a graph computes: E[xy] − E[x]·E[y], with weights or without.
import { div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { contractAttrs } from "../../ir/ops/contract.ts";
import { sumOp } from "../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";
import { factorsOf, partsOfProduct } from "../rewrite/factors.ts";

/** True for the mean of a product less the product of the means of its factors: a variance, where they are one. */
export function cancelled(value: Value): boolean {
  if (value.op !== sub.op) return false;
  const [whole, product] = value.operands.map(underLayouts);
  if (product.op !== mul.op) return false;
  const factors = summed(undivided(whole));
  const [first, second] = product.operands.map((operand) => summed(undivided(operand)));
  if (factors.length < 2 || first.length !== factors.length - 1 || second.length === 0) return false;
  return factors.some((y, i) => sameFactors(factors.toSpliced(i, 1), first) && second.some((each) => same(each, y)));
}

function sameFactors(a: readonly Value[], b: readonly Value[]): boolean {
  const rest = [...b];
  return a.every((factor) => {
    const at = rest.findIndex((each) => same(each, factor));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

/** What is multiplied in the elements that a value adds up; nothing where it is no sum. */
function summed(total: Value): readonly Value[] {
  if (total.op === sumOp) return variables(total.operands[0]);
  if (total.op.kind !== "contraction") return [];
  const { batch, contracted } = contractAttrs(total);
  const inPlace = [...batch, ...contracted].every(([left, right]) => left === right);
  return inPlace ? total.operands.flatMap(variables) : [];
}

/** What multiplies values with themselves again and again has too many factors to look at. */
const longest = 64;

/** The factors of a product; a constant is none that matters. */
const variables = (value: Value): readonly Value[] =>
  (factorsOf(value, partsOfProduct, longest) ?? []).filter((factor) => !factor.constant);

/** A total, of which a mean is a part. */
function undivided(value: Value): Value {
  const under = underLayouts(value);
  if (under.op === div.op) return underLayouts(under.operands[0]);
  if (under.op !== mul.op) return under;
  const parts = under.operands.map(underLayouts);
  return parts.find((part) => !part.constant) ?? under;
}
