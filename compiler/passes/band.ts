/// Which scores count: where a mask compares the places of queries and keys, kernels need not look at what lies beyond.
import { add, sub } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { and } from "../../ir/ops/compare.ts";
import { constantValue, iotaOp } from "../../ir/ops/leaf.ts";
import { postorder, type Value } from "../../ir/value.ts";
import type { Band, ScoreSpace } from "../cluster/attention.ts";
import { axesOn } from "./scores.ts";

/** How far columns may be beyond rows, for logits that are −∞ elsewhere: a causal mask, a window. */
export function bandOf(logits: Value, space: ScoreSpace): Band {
  const [rows, columns] = [axesOn(space, "rows"), axesOn(space, "columns")];
  let band: Band = {};
  if (rows.length !== 1 || columns.length !== 1) return band;
  const narrow = (condition: Value): void => {
    if (condition.op === and.op) return condition.operands.forEach(narrow);
    const compared = comparison(condition);
    if (!compared) return;
    const [low, high] = [placeOf(compared.low), placeOf(compared.high)];
    if (!low || !high) return;
    // low.axis + low.by ≤ high.axis + high.by, or less by 1
    const reach = high.by - low.by - compared.apart;
    if (low.axis === columns[0] && high.axis === rows[0]) {
      band = { ...band, most: Math.min(band.most ?? Infinity, reach) };
    } else if (low.axis === rows[0] && high.axis === columns[0]) {
      band = { ...band, least: Math.max(band.least ?? -Infinity, -reach) };
    }
  };
  for (let value = logits; value.op === selectOp; [, value] = value.operands) {
    if (constantValue(value.operands[2]) !== -Infinity) break;
    narrow(value.operands[0]);
  }
  return band;
}

/** `low` ≤ `high`, or `low` + 1 ≤ `high`, of whole numbers. */
function comparison({ op, operands: [a, b] }: Value) {
  switch (op.name) {
    case "lessEqual":
      return { low: a, high: b, apart: 0 };
    case "less":
      return { low: a, high: b, apart: 1 };
    case "greaterEqual":
      return { low: b, high: a, apart: 0 };
    case "greater":
      return { low: b, high: a, apart: 1 };
    default:
      return undefined;
  }
}

/** A place along an axis, moved on by a number. */
function placeOf(value: Value): { readonly axis: number; readonly by: number } | undefined {
  const { op, operands, attrs, type } = value;
  if (type.dtype !== "i32") return undefined;
  if (op === iotaOp) return { axis: attrs.axis as number, by: 0 };
  const [a, b] = operands;
  if (op !== add.op && op !== sub.op) return undefined;
  const [left, right] = [constantValue(a), constantValue(b)];
  if (op === add.op && left !== undefined) return shifted(placeOf(b), left);
  return right === undefined ? undefined : shifted(placeOf(a), op === add.op ? right : -right);
}

function shifted(place: ReturnType<typeof placeOf>, by: number): ReturnType<typeof placeOf> {
  return place && { axis: place.axis, by: place.by + by };
}

/** True for what is 0 where the weights are, as long as its other parts are finite. */
export function vanishes(root: Value, weights: Value): boolean {
  const known = new Map<Value, boolean>([[weights, true]]);
  for (const value of postorder([root])) {
    if (!known.has(value))
      known.set(
        value,
        vanishesBy(value, (operand) => known.get(operand)!),
      );
  }
  return known.get(root)!;
}

function vanishesBy(value: Value, isZero: (operand: Value) => boolean): boolean {
  const [a, b, c] = value.operands;
  if (constantValue(value) === 0) return true;
  switch (value.op.name) {
    case "mul":
      return isZero(a) || isZero(b);
    case "div":
    case "neg":
      return isZero(a);
    case "add":
    case "sub":
      return isZero(a) && isZero(b);
    case "select":
      return isZero(b) && isZero(c);
    default:
      return false;
  }
}
