/// A factor of all elements beside what a maximum's place gives back, as the slope of tanh before a pool: only the element at
/// that place counts. So the factor is computed of the elements at the places of maxima, which are few and which the pool
/// gives anyway; the elements are not read again.
import type { Graph } from "../../ir/graph.ts";
import { mul } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { gatherOp } from "../../ir/ops/gather.ts";
import { broadcastOp } from "../../ir/ops/sum.ts";
import { sameShape } from "../../ir/type.ts";
import { apply, sameAttrs, withOperands, type Value } from "../../ir/value.ts";
import { afterLayouts, isRenaming, sameIndex, spaceIndex } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { numberOf, pickOf, type Pick } from "./narrow-masks.ts";
import { rewriteValues } from "./replace.ts";

export const narrowSlopes: Pass = {
  name: "narrow-slopes",
  doc: "A factor of all elements, of which one at the place of a maximum counts, is one of the maximum.",
  run: (graph: Graph): Graph => rewriteValues(graph, narrow),
};

function narrow(value: Value): Value {
  if (value.op !== mul.op) return value;
  const [left, right] = value.operands;
  return narrowed(left, right) ?? narrowed(right, left) ?? value;
}

/** What is picked times a factor of what it is picked among. */
function narrowed(given: Value, factor: Value): Value | undefined {
  const { under: picked, layouts } = throughRenaming(given);
  const pick = pickOf(picked);
  if (!pick) return undefined;
  const { under: elements, layouts: windows } = throughRenaming(pick.among);
  const index = spaceIndex(elements.type.shape);
  const isBack = sameShape(elements.type.shape, given.type.shape);
  if (!isBack || !sameIndex(index, afterLayouts(afterLayouts(index, windows), layouts))) return undefined;
  const there = atPlace(factor, windows, elements, pick);
  if (!there) return undefined;
  const [matches, amounts, none] = picked.operands;
  const isSpread = amounts.op === broadcastOp && sameAttrs(amounts.attrs, pick.spread.attrs);
  const spread = (each: Value): Value => apply(broadcastOp, [each], pick.spread.attrs);
  const changed = isSpread ? spread(mul(amounts.operands[0], there)) : mul(amounts, spread(there));
  return through(layouts, apply(selectOp, [matches, changed, none]));
}

/** A formula of the elements that windows are of, or of what those are made of, at the place of each extreme. */
function atPlace(
  formula: Value,
  windows: readonly Value[],
  elements: Value,
  { among, place }: Pick,
): Value | undefined {
  const inside = new Set([elements]);
  for (const each of inside) {
    if (each.op.kind === "elementwise") for (const operand of each.operands) if (!operand.constant) inside.add(operand);
  }
  const extreme = apply(gatherOp, [among, place], { batch: place.type.shape.length });
  const known = new Map<Value, Value | undefined>();
  const at = (value: Value): Value | undefined => {
    if (!known.has(value)) known.set(value, find(value));
    return known.get(value);
  };
  const find = (value: Value): Value | undefined => {
    if (value === elements) return extreme;
    if (inside.has(value)) return apply(gatherOp, [through(windows, value), place], extreme.attrs);
    const number = numberOf(value, extreme);
    if (number || value.op.kind !== "elementwise") return number;
    const operands = value.operands.map(at);
    return operands.every((operand) => operand !== undefined) ? apply(value.op, operands, value.attrs) : undefined;
  };
  return at(formula);
}

/** What lies under transposes and reshapes, and these, the innermost first. */
function throughRenaming(value: Value): { readonly under: Value; readonly layouts: readonly Value[] } {
  const layouts: Value[] = [];
  let under = value;
  for (; isRenaming(under); [under] = under.operands) layouts.unshift(under);
  return { under, layouts };
}

const through = (layouts: readonly Value[], value: Value): Value =>
  layouts.reduce((under, layout) => withOperands(layout, [under]), value);
