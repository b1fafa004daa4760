/// What a maximum's place gives back under a condition on all elements, as in the slope of relu before a pool: only the
/// element at that place counts, and it is the maximum. So the condition is asked of maxima, which are few, and the place
/// is none where it does not hold; the elements are not read again.
import type { Graph } from "../../ir/graph.ts";
import { selectOp, where } from "../../ir/ops/choose.ts";
import { equal } from "../../ir/ops/compare.ts";
import { gatherOp } from "../../ir/ops/gather.ts";
import { constant, constantValue, iotaOp } from "../../ir/ops/leaf.ts";
import { argmaxOp, argminOp } from "../../ir/ops/reduce.ts";
import { axesOf, broadcastAttrs, broadcastOp } from "../../ir/ops/sum.ts";
import { sameShape } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";
import {
  afterLayouts,
  sameIndex,
  spaceIndex,
  throughLayouts,
  throughRenaming,
  withLayouts,
} from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

export const narrowMasks: Pass = {
  name: "narrow-masks",
  doc: "A condition on all elements, of which one at the place of a maximum counts, is a condition on the maximum.",
  run: (graph: Graph): Graph => rewriteValues(graph, narrow),
};

function narrow(value: Value): Value {
  if (value.op !== selectOp || value.operands[0].op.kind !== "elementwise") return value;
  const [condition, given, otherwise] = value.operands;
  const { under: picked, layouts } = throughRenaming(given);
  const pick = constantValue(otherwise) === 0 ? pickOf(picked) : undefined;
  const elements = condition.operands.filter((operand) => !operand.constant);
  if (!pick || elements.length !== 1) return value;
  // The condition is asked of the elements among which the place was found.
  const index = spaceIndex(pick.among.type.shape);
  const read = throughLayouts(pick.among, index);
  const own = throughLayouts(elements[0], afterLayouts(index, layouts));
  if (own.value !== read.value || !sameIndex(own.index, read.index)) return value;
  const [, amounts] = picked.operands;
  const largest = apply(gatherOp, [pick.among, pick.place], { batch: pick.place.type.shape.length });
  const numbers = condition.operands.map((operand) => (operand === elements[0] ? largest : numberOf(operand, largest)));
  if (numbers.some((number) => !number)) return value;
  const holds = apply(condition.op, numbers as readonly Value[], condition.attrs);
  const place = apply(broadcastOp, [where(holds, pick.place, -1)], pick.spread.attrs);
  return withLayouts(where(equal(place, pick.places), amounts, 0), layouts);
}

/** Amounts at the places of extremes along the last axis, and 0 elsewhere. */
export interface Pick {
  /** The tensor whose extremes they are. */
  readonly among: Value;
  readonly place: Value;
  /** The places of extremes along the axis, and all places there are. */
  readonly spread: Value;
  readonly places: Value;
}

/** What is picked so; undefined for what is not. */
export function pickOf({ op, operands: [matches, , none] }: Value): Pick | undefined {
  if (op !== selectOp || constantValue(none) !== 0 || matches.op !== equal.op) return undefined;
  const [one, other] = matches.operands;
  const [spread, places] = one.op === iotaOp ? [other, one] : [one, other];
  if (spread.op !== broadcastOp || places.op !== iotaOp) return undefined;
  const [place] = spread.operands;
  if (place.op !== argmaxOp && place.op !== argminOp) return undefined;
  const [among] = place.operands;
  const last = among.type.shape.length - 1;
  const isAlong = axesOf(place).join() === `${last}` && places.attrs.axis === last;
  const { axes, shape } = broadcastAttrs(spread);
  const inOrder = shape.length === last + 1 && axes.every((axis, i) => axis === i);
  return isAlong && inOrder && sameShape(shape, among.type.shape) ? { among, place, spread, places } : undefined;
}

/** The same number as one of a tensor of another shape. */
export function numberOf(value: Value, { type }: Value): Value | undefined {
  const number = constantValue(value);
  return number === undefined ? undefined : constant(number, value.type.dtype, type.shape);
}
