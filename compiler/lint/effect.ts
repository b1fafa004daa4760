/// What every kind of op makes of the special elements of its operands.
import { mul } from "../../ir/ops/arithmetic.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { productOp } from "../../ir/ops/product.ts";
import { argmaxOp, argminOp, logsumexpOp, maxOp, minOp } from "../../ir/ops/reduce.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { same, type Op, type Value } from "../../ir/value.ts";
import { given, special, type Bounds } from "./bounds.ts";
import { mayBeFrame } from "./frame.ts";
import { harmless, tryOp, type Effect } from "./sample.ts";

/** The special elements of a value, from what is known of its operands. */
export function effectOf(value: Value, bounds: readonly Bounds[]): Effect {
  const { op } = value;
  switch (op.kind) {
    case "elementwise":
      if (op === selectOp) return passing(bounds[1].specials | bounds[2].specials);
      return tryOp(op, value, bounds);
    case "reduction":
      return passing(value.type.dtype === "f32" ? reduced(op, bounds[0]) : 0);
    case "contraction":
      return contracted(value, bounds);
    case "piecewise":
      return passing(all(bounds) | fillOf(value));
    case "gather":
      return passing(gathered(value, bounds[0]));
    case "sort":
    case "leaf":
      return harmless;
    case "layout":
    case "cumulative":
    case "composite":
    case "scan":
    case "derivative":
      return passing(all(bounds));
    default:
      return op satisfies never;
  }
}

const passing = (specials: number): Effect => ({ specials, arises: 0 });
const all = (bounds: readonly Bounds[]): number => bounds.reduce((bits, { specials }) => bits | specials, 0);

/** The frame of a maximum is −∞. */
function fillOf({ attrs }: Value): number {
  return attrs.fill === Infinity ? special.givenPlus : attrs.fill === -Infinity ? special.givenMinus : 0;
}

const pluses = special.plus | special.givenPlus;
const minuses = special.minus | special.givenMinus;

/** Rows are taken to have an element that is finite: a row that is masked throughout has no softmax. */
function reduced(op: Op, { specials, low, high }: Bounds): number {
  if (op === maxOp || op === logsumexpOp) return specials & ~minuses;
  if (op === minOp) return specials & ~pluses;
  const opposite = (specials & pluses) !== 0 && (specials & minuses) !== 0;
  if (op === sumOp) return opposite && (specials & ~given) !== 0 ? specials | special.nan : specials;
  if (op !== productOp || specials === 0) return specials;
  return low <= 0 && high >= 0 ? specials | special.plus | special.minus | special.nan : specials | special.plus;
}

/** What is read at the place of its row's extreme is that extreme; a row that a frame may fill has that of the frame. */
function gathered(value: Value, bounds: Bounds): number {
  const op = extremeOf(value);
  return op ? reduced(op, bounds) : bounds.specials;
}

/** max or min of what reads each row at the place of its extreme, where that is no element of a frame. */
export function extremeOf({ op: { kind }, operands: [rows, places], attrs }: Value): Op | undefined {
  if (kind !== "gather") return undefined;
  const op = places.op === argmaxOp ? maxOp : places.op === argminOp ? minOp : undefined;
  const last = rows.type.shape.length - 1;
  const isOwn = op && same(places.operands[0], rows) && attrs.batch === last && axesOf(places).includes(last);
  return isOwn && !mayBeFrame(rows) ? op : undefined;
}

/** Products, then their sum. */
function contracted(value: Value, bounds: readonly Bounds[]): Effect {
  if (all(bounds) === 0) return harmless;
  const [a, b] = value.operands;
  const { specials, arises } = tryOp(mul.op, { ...value, operands: [a, b] }, bounds);
  return { specials: reduced(sumOp, { ...bounds[0], specials }), arises };
}
