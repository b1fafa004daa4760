/// Values under numbers and layouts: how often another value is there, and along which axes it lies.
import { div, mul, neg } from "../../ir/ops/arithmetic.ts";
import { reshapeOp, transposeOp } from "../../ir/ops/layout.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { broadcastAttrs, broadcastOp } from "../../ir/ops/sum.ts";
import { sameShape } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";

/** For each axis what it lies along; undefined for one of extent 1 that is repeated. */
export type Places = readonly (number | undefined)[];

/** A number of times a value, whose axes lie along others. */
export interface Placed {
  readonly factor: number;
  readonly value: Value;
  readonly places: Places;
  /** Something else of the same type in its place. */
  readonly onto: (other: Value) => Value;
}

/** What is under numbers and layouts of a value, the axes of which lie along these. */
export function placedIn(whole: Value, along: Places): Placed {
  const path: { readonly outer: Value; readonly at: number }[] = [];
  let [value, places, factor] = [whole, along, 1];
  for (let step = stepInto(value, places); step; step = stepInto(value, places)) {
    path.push({ outer: value, at: step.at });
    factor *= step.factor;
    places = step.places;
    value = value.operands[step.at];
  }
  const onto = (other: Value): Value =>
    path.reduceRight(
      (inner, { outer: { op, operands, attrs }, at }) => apply(op, operands.with(at, inner), attrs),
      other,
    );
  return { factor, value, places, onto };
}

interface Step extends Pick<Placed, "factor" | "places"> {
  /** Which operand is the value. */
  readonly at: number;
}

function stepInto(value: Value, places: Places): Step | undefined {
  if (value.op.kind === "layout") {
    const under = placesUnder(value, places);
    return under && { at: 0, factor: 1, places: under };
  }
  if (value.op === neg.op) return { at: 0, factor: -1, places };
  if (value.op !== mul.op && value.op !== div.op) return undefined;
  const [left, right] = value.operands.map(constantValue);
  if (right) return { at: 0, factor: value.op === div.op ? 1 / right : right, places };
  return left && value.op === mul.op ? { at: 1, factor: left, places } : undefined;
}

/** Where the axes of a layout's operand lie. */
function placesUnder(layout: Value, places: Places): Places | undefined {
  const { shape } = layout.type;
  const inner = layout.operands[0].type.shape;
  if (layout.op === broadcastOp) {
    return broadcastAttrs(layout).axes.map((axis, i) => (inner[i] === shape[axis] ? places[axis] : undefined));
  }
  if (layout.op === transposeOp) {
    const permutation = layout.attrs.permutation as readonly number[];
    return permutation.map((_, axis) => places[permutation.indexOf(axis)]);
  }
  if (layout.op !== reshapeOp) return undefined;
  const [from, to] = [inner, shape].map((extents) => extents.flatMap((extent, axis) => (extent === 1 ? [] : [axis])));
  const isSame = sameShape(
    from.map((axis) => inner[axis]),
    to.map((axis) => shape[axis]),
  );
  return isSame
    ? inner.map((_, axis) => (from.includes(axis) ? places[to[from.indexOf(axis)]] : undefined))
    : undefined;
}
