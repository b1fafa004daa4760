/// What each promise about floats means, as an expectation.
import { expect } from "vitest";
import type { Rule } from "../../../compiler/rewrite/rule.ts";
import { accuracyOf, type Accuracy } from "./accuracy.ts";
import {
  asFloat32,
  describeFeeds,
  everythingIn,
  fewDigits,
  largestRead,
  movement,
  outOfRange,
  results,
  roundings,
  sourcesOf,
  truthOf,
  ulps,
  type Case,
} from "./bounds.ts";
import { float32Values, ulp, type Data } from "./float32.ts";

/** `exact`: the same bits, those of NaN and of −0 as well. */
export function expectBits(_: Rule, which: Case, feeds: Data): void {
  const [before, after] = results(which, feeds);
  before.forEach((each, i) => {
    if (!Object.is(after[i], each)) expect.fail(`${each} became ${after[i]} for ${describeFeeds(feeds)}`);
  });
}

/**
 * `assumes-finite`: numbers stay as near the truth as a few roundings of all that the formula computed,
 * where what it is given are numbers.
 */
export function expectNear(_: Rule, which: Case, feeds: Data): void {
  const known = float32Values(which.operands, feeds);
  const isFinite = which.operands.every((each) => known.get(each)!.every(Number.isFinite));
  if (isFinite) expectNearOf(which, feeds, false);
}

/** `reassociates`: the same, and NaN stays NaN, ∞ stays ∞. */
export function expectNearAndKinds(_: Rule, which: Case, feeds: Data): void {
  expectNearOf(which, feeds, true);
}

function expectNearOf(which: Case, feeds: Data, keepsKinds: boolean): void {
  const [before, after] = results(which, feeds);
  const isExempt = lazily(() => outOfRange(which, feeds));
  const truth = lazily(() => truthOf(which.before, feeds, 30, fewDigits));
  const read = lazily(() => movement(which, sourcesOf(which), feeds));
  const computed = lazily(() => movement(which, everythingIn(which), feeds));
  before.forEach((each, i) => {
    if (Object.is(after[i], each)) return;
    const text = (): string => `${each} became ${after[i]} (${i}): ${describeFeeds(feeds)}`;
    if (!Number.isFinite(each)) {
      if (keepsKinds && !isExempt()[i]) expect.fail(text());
      return;
    }
    const wanted = truth()?.[i];
    if (!wanted) return;
    const allowed = roundings(which);
    const found = ulps(after[i], wanted);
    if (found <= allowed) return;
    const unit = ulp(asFloat32(wanted));
    if (found <= allowed * (1 + read()[i] / unit) || found <= allowed * (1 + computed()[i] / unit)) return;
    if (!isExempt()[i]) expect.fail(`${found} ulp off, ${text()}`);
  });
}

/** `stabilizes`: at least as near the truth as before, or within the bound that the rule states. */
export function expectBetter(rule: Rule, which: Case, feeds: Data): void {
  const accuracy = accuracyOf(rule);
  const [before, after] = results(which, feeds);
  // The same numbers are as near the truth, wherever that is: to look for it takes by far the longest.
  if (before.every((each, i) => Object.is(each, after[i]))) return;
  const carried = lazily(() => carriedBy(accuracy, which, feeds));
  // What came in the place of a letter is rounded before the rule begins.
  const given = lazily(() => movement(which, which.operands, feeds));
  truthOf(which.before, feeds, 30, fewDigits)?.forEach((truth, i) => {
    if (truth.isNaN()) return;
    const [old, found] = [ulps(before[i], truth), ulps(after[i], truth)];
    if (found <= Math.max(old, accuracy.ulps)) return;
    const bound = accuracy.ulps + carried()(asFloat32(truth), i) + given()[i] / ulp(asFloat32(truth));
    if (found <= bound) return;
    const numbers = `${before[i]}, ${after[i]}, truth ${truth.toPrecision(9)}`;
    expect.fail(`${old} ulp became ${found}, at most ${bound} (${numbers}): ${describeFeeds(feeds)}`);
  });
}

/** In units of the last place of an element of the truth, what the bound of a rule allows beside its own roundings. */
function carriedBy({ carried }: Accuracy, which: Case, feeds: Data): (truth: number, at: number) => number {
  if (!carried) return () => 0;
  if (carried.of === "operands" || carried.of === "steps") {
    const moved = movement(which, carried.of === "steps" ? everythingIn(which) : sourcesOf(which), feeds);
    return (truth, at) => (carried.ulps * moved[at]) / ulp(truth);
  }
  const relative = (truth: number, size: number): number => (carried.ulps * ulp(size) * Math.abs(truth)) / ulp(truth);
  if (carried.of === "logarithm") return (truth) => relative(truth, Math.log(Math.abs(truth)));
  const largest = largestRead(which, sourcesOf(which), feeds);
  return (truth, at) => relative(truth, largest[at]);
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
