/// Each rule by itself keeps what it promises about floats: measured against decimal arithmetic of many digits.
import type { Decimal } from "decimal.js";
import { describe, expect, it } from "vitest";
import { accuracyOf, type Accuracy } from "../../../compiler/rewrite/rules/accuracy.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { identity, type Contract, type Rule } from "../../../compiler/rewrite/rule.ts";
import { elementCount } from "../../../ir/type.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { evaluatePrecise } from "../../precise/index.ts";
import { allEdges, among, draw, extreme, finiteEdges, moderate } from "./draw.ts";
import { float32Values, ulp, type Data } from "./float32.ts";
import { examplesOf, surroundings } from "./generate.ts";

interface Case {
  readonly before: Value;
  readonly after: Value;
}

const casesOf = (rule: Rule): readonly Case[] =>
  examplesOf(rule).map((before) => ({ before, after: rule.apply(before, surroundings)! }));

const results = ({ before, after }: Case, feeds: Data): readonly [Float64Array, Float64Array] => {
  const found = float32Values([before, after], feeds);
  return [found.get(before)!, found.get(after)!];
};

const truthOf = (value: Value, feeds: Data): readonly Decimal[] => evaluatePrecise([value], feeds).get(value)!;

/** Numbers that a float32 has, of a truth that may be larger than all of them. */
const asFloat32 = (truth: Decimal): number => Math.fround(truth.toNumber());

/** Distance from the truth in units of its last place; 0 for the right ∞ or NaN, ∞ for the wrong kind of result. */
function ulps(found: number, truth: Decimal, size = asFloat32(truth)): number {
  const nearest = asFloat32(truth);
  if (Object.is(found, nearest) || found === nearest) return 0;
  if (!Number.isFinite(found) || !truth.isFinite()) return Infinity;
  return truth.minus(found).abs().div(ulp(size)).toNumber();
}

/** What a few roundings may come to: every operation, and every element that a sum adds up. */
function roundings({ after }: Case): number {
  return postorder([after]).reduce((count, { op, operands }) => {
    if (op.kind === "leaf" || op.kind === "layout") return count;
    if (op.kind === "elementwise") return count + 1;
    return count + Math.max(...operands.map(({ type }) => elementCount(type.shape) as number));
  }, 2);
}

/** The largest number on the way: what cancels has the rounding errors of what it was made of. */
function largest({ after, before }: Case, feeds: Data): number {
  const numbers = [...float32Values([after, before], feeds).values()].flatMap((each) => [...each]);
  return Math.max(...numbers.map(Math.abs).filter(Number.isFinite));
}

function expectBits(which: Case, feeds: Data): void {
  const [before, after] = results(which, feeds);
  before.forEach((each, i) => {
    if (!Object.is(after[i], each)) expect.fail(`${each} became ${after[i]} for ${describeFeeds(feeds)}`);
  });
}

function describeFeeds(feeds: Data): string {
  return [...feeds].map(([{ attrs }, data]) => `${(attrs.identity as { name: string }).name}: ${data}`).join("; ");
}

/** NaN stays NaN, ∞ stays ∞, and numbers stay near the truth. */
function expectNear(which: Case, feeds: Data, keepsKinds: boolean): number {
  const [before, after] = results(which, feeds);
  const size = largest(which, feeds);
  const truth = truthOf(which.before, feeds);
  let worst = 0;
  before.forEach((each, i) => {
    if (!Number.isFinite(each)) {
      if (keepsKinds && !Object.is(after[i], each)) expect.fail(`${each} became ${after[i]}: ${describeFeeds(feeds)}`);
      return;
    }
    const found = ulps(after[i], truth[i], size);
    if (!(found <= roundings(which)))
      expect.fail(`${found} ulp off, ${each} became ${after[i]}: ${describeFeeds(feeds)}`);
    worst = Math.max(worst, found);
  });
  return worst;
}

/** At least as near the truth as before, or within the bound that the rule states. */
function expectBetter(rule: Rule, which: Case, feeds: Data): number {
  const accuracy = accuracyOf(rule);
  const size = largest(which, feeds);
  const [before, after] = results(which, feeds);
  const truth = truthOf(which.before, feeds);
  let worst = 0;
  truth.forEach((each, i) => {
    if (each.isNaN()) return;
    const [old, found] = [ulps(before[i], each), ulps(after[i], each)];
    if (!(found <= Math.max(old, boundFor(accuracy, asFloat32(each), size)))) {
      expect.fail(
        `${old} ulp became ${found} (${before[i]}, ${after[i]}, truth ${each.toPrecision(9)}): ${describeFeeds(feeds)}`,
      );
    }
    if (found > old) worst = Math.max(worst, found);
  });
  return worst;
}

/** The bound in units of the last place of the result. */
function boundFor({ ulps, carried }: Accuracy, result: number, size: number): number {
  if (!carried) return ulps;
  const relative = carried.as === "relative" ? Math.abs(result) : 1;
  return ulps + (carried.ulps * ulp(size) * relative) / ulp(result);
}

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("a contract that does not hold is seen", () => {
  type Check = (rule: Rule, which: Case, feeds: Data) => void;
  const bits: Check = (_, which, feeds) => expectBits(which, feeds);
  const near: Check = (_, which, feeds) => expectNear(which, feeds, true);
  it.each<[string, Contract, string, (random: number) => number, Check]>([
    ["the sign of zero", "exact", "x + 0 = x", () => -0, bits],
    ["NaN that becomes a number", "reassociates", "x * 0 = 0", () => NaN, near],
    ["another number", "reassociates", "x - y = x + y", (random) => random, near],
    ["digits that cancel", "stabilizes", "expm1(x) = exp(x) - 1", (random) => 1e-6 * random, expectBetter],
    ["what overflows", "stabilizes", "sigmoid(x) = exp(x) / (1 + exp(x))", () => 100, expectBetter],
  ])("%s", (_, contract, text, numbers, check) => {
    const rule = identity("broken", contract, text);
    const [which] = casesOf(rule);
    expect(() => check(rule, which, draw([which.before], 1, [numbers], false))).toThrow(/became/);
  });
});

describe.each(allRules.map((rule) => [rule.contract, rule.name, rule] as const))("%s: %s", (contract, _, rule) => {
  const cases = casesOf(rule);
  it("has examples", () => {
    expect(cases.length).toBeGreaterThan(0);
    for (const { before, after } of cases) expect(after.type).toEqual(before.type);
  });
  it("is true over the reals", () => {
    for (const which of cases) {
      for (const seed of seeds(5)) {
        const feeds = draw([which.before], seed, moderate, seed > 3);
        const [left, right] = [which.before, which.after].map((value) => truthOf(value, feeds));
        left.forEach((each, i) => {
          // Where the left side is no number, the right side may be one.
          if (!each.isFinite()) return;
          const apart = each.minus(right[i]).abs();
          if (!(apart.isZero() || apart.lte(each.abs().times(tolerated(rule))) || apart.lt("1e-50"))) {
            expect.fail(`${each.toPrecision(20)} became ${right[i].toPrecision(20)}: ${describeFeeds(feeds)}`);
          }
        });
      }
    }
  });
  if (contract === "exact") {
    it("changes no bit, not even of NaN", () => {
      for (const which of cases) {
        for (const seed of seeds(40)) {
          expectBits(which, draw([which.before], seed, [...moderate, ...extreme, among(allEdges)], seed % 2 === 0));
          expectBits(which, draw([which.before], seed, [among(allEdges)], false));
        }
      }
    });
  } else if (contract === "stabilizes") {
    it("is at least as near the truth as what it replaces", () => {
      for (const which of cases) {
        for (const seed of seeds(16)) {
          expectBetter(rule, which, draw([which.before], seed, [...moderate, ...extreme], seed > 12));
        }
        for (const seed of seeds(4)) {
          expectBetter(rule, which, inDomain(rule, draw([which.before], seed, [among(allEdges)], false)));
        }
      }
    });
  } else {
    it(`is within a few roundings of the truth${contract === "reassociates" ? ", also where numbers are not finite" : ""}`, () => {
      for (const which of cases) {
        for (const seed of seeds(20)) {
          expectNear(which, draw([which.before], seed, moderate, seed > 10), contract === "reassociates");
          const edges =
            contract === "reassociates" ? [...moderate, among(allEdges)] : [...moderate, among(finiteEdges)];
          expectNear(which, draw([which.before], seed, edges, true), contract === "reassociates");
        }
      }
    });
  }
});

/** Relative distance of both sides: none, but for a quotient that is written down as a float32. */
function tolerated({ name }: Rule): string {
  return name === "constants" ? "1e-7" : "1e-45";
}

/** ln(eˣ/y) is NaN for negative y, only not for −∞, since −0 has no sign for a logarithm: there nothing is promised. */
function inDomain({ name }: Rule, feeds: Data): Data {
  if (name !== "log of a quotient of exp") return feeds;
  return new Map([...feeds].map(([leaf, data]) => [leaf, Array.from(data, (x) => (x === -Infinity ? 0 : x))]));
}
