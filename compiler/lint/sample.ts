/// Where an elementwise op makes ∞ or NaN: it is tried at the ends of what its operands can be, at 0 and ±1, and at their
/// special elements. So nothing is told twice: a new op is understood by its reference.
import { add, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import type { DType } from "../../ir/type.ts";
import type { ElementwiseOp, Op, Value } from "../../ir/value.ts";
import { computed, given, isEmpty, special, type Bounds } from "./bounds.ts";

/** What an op makes of the special elements of its operands, and of finite ones. */
export interface Effect {
  /** Special elements of the result. */
  readonly specials: number;
  /** Those of them that come from finite operands, or from constants: the op is where they arise. */
  readonly arises: number;
}

/** An op that adds nothing to what its operands are. */
export const harmless: Effect = { specials: 0, arises: 0 };

/** Numbers without a bound are taken to be of this size: an exponential of it overflows, a product of two does not. */
const unbounded = 1e4;

/** What is not 0 is taken to be of this size at least: a quotient by it does not overflow. */
const smallest = 1e-30;

/** These need no trial where their operands are finite. */
const linear: ReadonlySet<Op> = new Set([add.op, sub.op, mul.op, neg.op]);

/** A number to try, and the bit of the special element that it is. */
interface Point {
  readonly number: number;
  readonly bit: number;
}

/** What an elementwise op makes of operands within bounds; operands that are one value have one element at a time. */
export function tryOp(op: ElementwiseOp, { operands, type }: Value, bounds: readonly Bounds[]): Effect {
  if (type.dtype !== "f32") return harmless;
  if (linear.has(op) && bounds.every(({ specials }) => specials === 0)) return harmless;
  const context = { result: type.dtype, operands: operands.map((operand) => operand.type.dtype) };
  const points = bounds.map((each, i) => pointsOf(each, context.operands[i]));
  let [specials, arises] = [0, 0];
  for (const chosen of choices(points, operands)) {
    const result = Math.fround(
      op.reference(
        chosen.map(({ number }) => number),
        context,
      ),
    );
    if (Number.isFinite(result)) continue;
    const bit = bitOf(result);
    const inputs = chosen.reduce((bits, point) => bits | point.bit, 0);
    if (bit !== special.nan && inputs !== 0 && (inputs & computed) === 0) specials |= asGiven(bit);
    else specials |= bit;
    const isNew = (inputs & computed) === 0 && (inputs === 0 || bit === special.nan);
    if (isNew) arises |= bit;
  }
  return { specials, arises };
}

const bitOf = (number: number): number =>
  Number.isNaN(number) ? special.nan : number > 0 ? special.plus : special.minus;

const asGiven = (bit: number): number => (bit === special.plus ? special.givenPlus : special.givenMinus);

const ordinary = [-1, -0.5, 0, 0.5, 1] as const;

function pointsOf(bounds: Bounds, dtype: DType): readonly Point[] {
  const numbers = isEmpty(bounds) ? [] : finitePoints(bounds, dtype);
  const { specials } = bounds;
  const infinities = [
    [special.plus | special.givenPlus, Infinity],
    [special.minus | special.givenMinus, -Infinity],
    [special.nan, NaN],
  ] as const;
  return [
    ...numbers.map((number) => ({ number, bit: 0 })),
    ...infinities.flatMap(([bits, number]) =>
      [bits & computed, bits & given].flatMap((bit) => ((specials & bit) === 0 ? [] : [{ number, bit }])),
    ),
  ];
}

function finitePoints({ low, high, nonzero }: Bounds, dtype: DType): readonly number[] {
  if (dtype === "bool") return [0, 1].filter((number) => number >= low && number <= high);
  const between = (dtype === "f32" ? ordinary : []).filter((number) => number > low && number < high);
  const found = [clipped(low), ...between, clipped(high)].filter((number) => number !== 0 || !nonzero);
  const [negative, positive] = [low < 0, high > 0];
  const around = nonzero ? [...(negative ? [-smallest] : []), ...(positive ? [smallest] : [])] : [];
  return [...new Set([...found, ...around.filter((number) => number > low && number < high)])];
}

/** A bound as a number to try. */
function clipped(bound: number): number {
  const size = Math.abs(bound);
  if (size === 0) return 0;
  return Math.sign(bound) * Math.min(Math.max(size, smallest), unbounded);
}

/** One point for each operand, in all combinations. */
function choices(points: readonly (readonly Point[])[], operands: readonly Value[]): readonly (readonly Point[])[] {
  return operands.reduce<readonly (readonly Point[])[]>(
    (chosen, operand, i) => {
      const first = operands.indexOf(operand);
      if (first < i) return chosen.map((each) => [...each, each[first]]);
      return chosen.flatMap((each) => points[i].map((point) => [...each, point]));
    },
    [[]],
  );
}
