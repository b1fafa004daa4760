/// Derivatives without a derivative rule: differences over a tiny step, with so many digits that nothing cancels.
import type { Decimal } from "decimal.js";
import { postorder, type Value } from "../../ir/value.ts";
import { evaluateOnce, mostDigits, type Given, type PreciseFeeds, type PreciseSizes } from "./evaluate.ts";
import type { Elements } from "./kinds.ts";
import { exactDecimal, makeArithmetic, type Arithmetic, type Precise } from "./number.ts";

/** Choices of a difference. */
export interface DifferenceOptions {
  /** Digits to begin with. */
  readonly digits?: number;
  /** log₁₀ of the step, relative to entries beyond 1. */
  readonly step?: number;
  /** From both sides, or from one where the other is no operand or has another slope. */
  readonly side?: "both" | "above" | "below";
}

/** Correct digits of an entry, or −log₁₀ of its absolute error. */
const wanted = { relative: 15, absolute: 60 };

/**
 * ∂loss/∂leaf for every leaf, entry by entry, by differences: as true as the formula of the loss, whatever the compiler
 * thinks of it. At a kink this is the mean of both slopes, or the slope of one `side`.
 */
export function preciseGradient(
  loss: Value,
  leaves: readonly Value[],
  feeds: PreciseFeeds,
  sizes: PreciseSizes = {},
  { digits = 90, step = -25, side = "both" }: DifferenceOptions = {},
): Map<Value, readonly Decimal[]> {
  if (loss.type.shape.length > 0) throw new Error("a gradient is that of a scalar");
  let start = digits;
  return new Map(
    leaves.map((leaf) => {
      const entries = Array.from(feeds.get(leaf)!, (_, entry) => {
        const difference = { loss, leaf, entry, given: { feeds, sizes }, step, side };
        const found = differenceTo(difference, start);
        start = found.digits;
        return found.slope;
      });
      return [leaf, entries];
    }),
  );
}

interface Difference {
  readonly loss: Value;
  readonly leaf: Value;
  readonly entry: number;
  readonly given: Given;
  readonly step: number;
  readonly side: "both" | "above" | "below";
}

function differenceTo(difference: Difference, digits: number): { readonly slope: Decimal; readonly digits: number } {
  for (let tried = digits; ; tried = Math.ceil(tried * 2.5)) {
    const isLast = tried * 2.5 > mostDigits;
    const { value, error } = slope(difference, makeArithmetic(tried, isLast));
    // A number that is not finite is one, where no digits are missing.
    if (error === -Infinity || error <= -wanted.absolute || error <= value.e - wanted.relative) {
      return { slope: value, digits: tried };
    }
    if (isLast) throw new Error(`entry ${difference.entry} of a gradient needs more than ${tried} digits`);
  }
}

function slope({ loss, leaf, entry, given, step, side }: Difference, arithmetic: Arithmetic): Precise {
  const { D, number, sub, div } = arithmetic;
  const at = Array.from(given.feeds.get(leaf)!, (x) => (typeof x === "number" ? exactDecimal(x, D) : new D(x)));
  const size = new D(10).pow(step + Math.max(0, at[entry].isFinite() ? at[entry].e : 0));
  const known = unmoved(loss, leaf, given, arithmetic);
  const [up, down] = [side === "below" ? 0 : 1, side === "above" ? 0 : -1].map((sign) => {
    const moved = at.with(entry, at[entry].plus(size.times(sign)));
    const feeds = new Map([...given.feeds, [leaf, moved] as const]);
    return evaluateOnce([loss], { ...given, feeds }, arithmetic, known)[0][0];
  });
  return div(sub(up, down), number(size.times(side === "both" ? 2 : 1)));
}

/** What does not depend on the leaf. */
function unmoved(loss: Value, leaf: Value, given: Given, arithmetic: Arithmetic): ReadonlyMap<Value, Elements> {
  const order = postorder([loss]);
  const moves = new Set<Value>([leaf]);
  for (const value of order) if (value.operands.some((operand) => moves.has(operand))) moves.add(value);
  const border = order.filter((value) => moves.has(value)).flatMap((value) => value.operands);
  const still = [...new Set(border)].filter((value) => !moves.has(value) && value.op.kind !== "leaf");
  const results = evaluateOnce(still, given, arithmetic);
  return new Map(still.map((value, i) => [value, results[i]]));
}
