/// The truth of a graph: the same formula in decimal arithmetic of many digits. Knows nothing of the compiler.
import type { Decimal } from "decimal.js";
import { bindDim, type Dim } from "../../ir/dim.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { evaluateKind, type Elements, type Setting } from "./kinds.ts";
import { makeArithmetic, type Arithmetic, type Precise } from "./number.ts";

/** Data of leaves, row-major: float32 numbers are taken digit by digit. */
export type PreciseFeeds = ReadonlyMap<Value, ArrayLike<number | Decimal>>;

/** Numbers for named sizes. */
export type PreciseSizes = Readonly<Record<string, number>>;

/** How near the truth a result must be: either is enough. */
export interface Wanted {
  /** Correct digits. */
  readonly relative: number;
  /** −log₁₀ of the absolute error. */
  readonly absolute: number;
}

/** Numbers of digits that are tried are each so many times the last. */
const growth = 2.5;
/** With more digits an evaluation takes minutes. */
export const mostDigits = 12_000;

/**
 * Values in decimal arithmetic, row-major, with at least `digits` − 10 correct digits each (or an absolute error below
 * 10⁻¹⁵⁰). Where digits cancel, the evaluation is done again with more. ∞ and NaN follow IEEE. Throws where an op has no
 * precise definition, and where no number of digits up to `most` is enough.
 */
export function evaluatePrecise(
  values: readonly Value[],
  feeds: PreciseFeeds,
  sizes: PreciseSizes = {},
  digits = 60,
  most = mostDigits,
): Map<Value, readonly Decimal[]> {
  const { results } = evaluateTo({ relative: digits - 10, absolute: 150 }, values, { feeds, sizes }, digits, most);
  return new Map(values.map((value, i) => [value, results[i].map((each) => each.value)]));
}

/** The numbers of one value, as float64. */
export function preciseNumbers(value: Value, feeds: PreciseFeeds, sizes: PreciseSizes = {}): readonly number[] {
  return evaluatePrecise([value], feeds, sizes)
    .get(value)!
    .map((each) => each.toNumber());
}

/** What an evaluation is given; `known` are values that need not be computed again, by number of digits. */
export interface Given {
  readonly feeds: PreciseFeeds;
  readonly sizes: PreciseSizes;
}

/** Results that are near enough, and the number of digits that this took. */
export interface Evaluated {
  readonly results: readonly Elements[];
  readonly digits: number;
}

/** Evaluates with more and more digits until every element is near enough. */
export function evaluateTo(
  wanted: Wanted,
  values: readonly Value[],
  given: Given,
  digits: number,
  most = mostDigits,
): Evaluated {
  for (let tried = digits; ; tried = Math.ceil(tried * growth)) {
    const isLast = tried * growth > most;
    const results = evaluateOnce(values, given, makeArithmetic(tried, isLast));
    if (results.every((elements) => elements.every((each) => isNear(each, wanted)))) return { results, digits: tried };
    if (!isLast) continue;
    throw new Error(`a value of this graph needs more than ${tried} digits: ${describeWorst(values, results, wanted)}`);
  }
}

/** True when a number has the digits that are wanted. */
export function isNear({ value, error }: Precise, { relative, absolute }: Wanted): boolean {
  if (error === Infinity || error === -Infinity) return error < 0;
  return error <= -absolute || (value.isFinite() && !value.isZero() && error <= value.e - relative);
}

function describeWorst(values: readonly Value[], results: readonly Elements[], wanted: Wanted): string {
  const [at] = values.flatMap((value, i) => (results[i].every((each) => isNear(each, wanted)) ? [] : [value]));
  return `${at.op.name} ${JSON.stringify(at.type)}`;
}

/** One evaluation; what `known` has is not computed. */
export function evaluateOnce(
  values: readonly Value[],
  { feeds, sizes }: Given,
  arithmetic: Arithmetic,
  known: ReadonlyMap<Value, Elements> = new Map(),
): readonly Elements[] {
  const bind = (size: Dim): number => {
    const bound = bindDim(size, sizes);
    if (typeof bound === "number") return bound;
    throw new Error(`size ${size} is not bound`);
  };
  const setting: Setting = {
    arithmetic,
    bind,
    evaluate: (value, parts) => evaluateAll([value], parts)[0],
  };
  function evaluateAll(roots: readonly Value[], parts: ReadonlyMap<Value, Elements>): readonly Elements[] {
    const done = new Map(parts);
    for (const value of needed(roots, (each) => done.has(each) || feeds.has(each))) {
      if (done.has(value)) continue;
      const fed = feeds.get(value);
      const elements = fed
        ? Array.from(fed, (each) => arithmetic.number(each))
        : evaluateKind(
            value,
            value.operands.map((operand) => done.get(operand)!),
            setting,
          );
      done.set(value, elements);
    }
    return roots.map((root) => done.get(root)!);
  }
  return evaluateAll(values, known);
}

/** Values below the roots in order, not below those that are given. */
function needed(roots: readonly Value[], isGiven: (value: Value) => boolean): readonly Value[] {
  const wanted = new Set<Value>();
  const pending = [...roots];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (wanted.has(value)) continue;
    wanted.add(value);
    if (!isGiven(value)) pending.push(...value.operands);
  }
  return postorder(roots).filter((value) => wanted.has(value));
}
