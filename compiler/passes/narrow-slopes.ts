/// A formula of what a maximum's place gives back and of all elements, as the slope of tanh before a pool, or one that a
/// condition chooses: only the element at that place counts. So the formula is computed of the elements at the places of
/// maxima, which are few and which the pool gives anyway; the elements are not read again.
import type { Graph } from "../../ir/graph.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { gatherOp } from "../../ir/ops/gather.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { broadcastOp } from "../../ir/ops/sum.ts";
import { sameShape } from "../../ir/type.ts";
import { apply, sameAttrs, type Value } from "../../ir/value.ts";
import { afterLayouts, sameIndex, spaceIndex, throughRenaming, withLayouts } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { numberOf, pickOf, type Pick } from "./narrow-masks.ts";
import { rewriteValues } from "./replace.ts";
import { sourcesOf } from "./sources.ts";

export const narrowSlopes: Pass = {
  name: "narrow-slopes",
  doc: "A formula of all elements, of which one at the place of a maximum counts, is one of the maximum.",
  run: (graph: Graph): Graph => rewriteValues(graph, narrow),
};

function narrow(value: Value): Value {
  if (value.op.kind !== "elementwise") return value;
  const given = value.operands.map(pickedBack);
  const [first] = given.filter((each) => each !== undefined);
  const isAlike = given.every((each) => !each || each.picked.operands[0] === first.picked.operands[0]);
  if (!first || !isAlike || !staysNone(value, given) || waitsForTotals(first.elements)) return value;
  return narrowed(value, given, first) ?? value;
}

/**
 * True for what a normalisation gives: no product's thread has the windows of that, so that more would be gathered of it than
 * is read now.
 */
function waitsForTotals(elements: Value): boolean {
  return [...sourcesOf(elements, ["elementwise", "layout"])].some(({ op }) => op.kind === "reduction");
}

/** What is picked among windows, with its elements where those of the windows were before. */
interface PickedBack extends Pick {
  readonly picked: Value;
  /** What windows are of, how they become windows, and how what is picked lies as that again. */
  readonly elements: Value;
  readonly windows: readonly Value[];
  readonly layouts: readonly Value[];
}

function pickedBack(value: Value): PickedBack | undefined {
  const { under: picked, layouts } = throughRenaming(value);
  const pick = pickOf(picked);
  if (!pick) return undefined;
  const { under: elements, layouts: windows } = throughRenaming(pick.among);
  const index = spaceIndex(elements.type.shape);
  const isBack =
    sameShape(elements.type.shape, value.type.shape) &&
    sameIndex(index, afterLayouts(afterLayouts(index, windows), layouts));
  return isBack ? { ...pick, picked, elements, windows, layouts } : undefined;
}

/** True for a formula that is 0 wherever all operands that are given are. */
export function staysNone({ op, operands }: Value, given: readonly (object | undefined)[]): boolean {
  const isNone = (each: Value, at: number): boolean => given[at] !== undefined || constantValue(each) === 0;
  if (op === mul.op) return given.some((each) => each);
  if (op === div.op) return given[0] !== undefined && !given[1];
  if (op === selectOp) return !given[0] && operands.every((each, at) => at === 0 || isNone(each, at));
  return (op === add.op || op === sub.op || op === neg.op) && operands.every(isNone);
}

/** The formula of what is picked, and of its other operands at the places of extremes. */
function narrowed(value: Value, given: readonly (PickedBack | undefined)[], first: PickedBack): Value | undefined {
  const [matches, , none] = first.picked.operands;
  const spread = (each: Value): Value => apply(broadcastOp, [each], first.spread.attrs);
  const amounts = value.operands.map((operand, i) => {
    const there = given[i]?.picked.operands[1] ?? atPlace(operand, first);
    return given[i] || !there ? there : spread(there);
  });
  if (!amounts.every((each) => each !== undefined)) return undefined;
  const isSpread = amounts.every(({ op, attrs }) => op === broadcastOp && sameAttrs(attrs, first.spread.attrs));
  const operands = isSpread ? amounts.map(({ operands: [each] }) => each) : amounts;
  const formula = apply(value.op, operands, value.attrs);
  return withLayouts(apply(selectOp, [matches, isSpread ? spread(formula) : formula, none]), first.layouts);
}

/** A formula of the elements that windows are of, or of what those are made of, at the place of each extreme. */
function atPlace(formula: Value, { among, place, elements, windows }: PickedBack): Value | undefined {
  const inside = new Set([elements]);
  for (const each of inside) {
    if (each.op.kind === "elementwise") for (const operand of each.operands) if (!operand.constant) inside.add(operand);
  }
  const bases = new Map<Value, Value>();
  const extreme = apply(gatherOp, [among, place], { batch: place.type.shape.length });
  const known = new Map<Value, Value | undefined>();
  const at = (value: Value): Value | undefined => {
    if (!known.has(value)) known.set(value, find(value));
    return known.get(value);
  };
  const find = (value: Value): Value | undefined => {
    if (value === elements) return extreme;
    if (inside.has(value) && baseOf(value, bases) === value) {
      return apply(gatherOp, [withLayouts(value, windows), place], extreme.attrs);
    }
    const number = numberOf(value, extreme);
    if (number || value.op.kind !== "elementwise") return number;
    const operands = value.operands.map(at);
    return operands.every((operand) => operand !== undefined) ? apply(value.op, operands, value.attrs) : undefined;
  };
  return at(formula);
}

/** What a value is made of element by element, if that is one tensor: of its element the value's is computed again. */
function baseOf(value: Value, known: Map<Value, Value>): Value {
  const found = known.get(value);
  if (found) return found;
  const others = value.op.kind === "elementwise" ? value.operands.filter((operand) => !operand.constant) : [];
  const bases = new Set(others.map((operand) => baseOf(operand, known)));
  const base = bases.size === 1 ? [...bases][0] : value;
  known.set(value, base);
  return base;
}
