/// Each rule by itself keeps what it promises about floats: measured against decimal arithmetic of many digits, on its
/// examples and on variants of them.
import { describe, expect, it } from "vitest";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { identity, type Contract, type Rule } from "../../../compiler/rewrite/rule.ts";
import { describeFeeds, truthOf, type Case } from "./bounds.ts";
import { allEdges, among, draw, equal, equalAndNotFinite, extreme, finiteEdges, moderate, type Draw } from "./draw.ts";
import type { Data } from "./float32.ts";
import { examplesOf, surroundings } from "./generate.ts";
import { expectBetter, expectBits, expectNear, expectNearAndKinds } from "./keeps.ts";
import { variantsOf } from "./variants.ts";

type Check = (rule: Rule, which: Case, feeds: Data) => void;

const checks: Readonly<Record<Contract, Check>> = {
  exact: expectBits,
  reassociates: expectNearAndKinds,
  "assumes-finite": expectNear,
  stabilizes: expectBetter,
};

/** What a rule is tried with. Where a rule assumes finite numbers it is given none else. */
const drawsFor = (contract: Contract): readonly Draw[] =>
  contract === "assumes-finite"
    ? [...moderate, ...extreme, ...equal, among(finiteEdges)]
    : [...moderate, ...extreme, ...equal, ...equalAndNotFinite, among(allEdges)];

const casesOf = (rule: Rule): readonly Case[] =>
  examplesOf(rule).map((before) => ({ before, after: rule.apply(before, surroundings)!, operands: [] }));

/** A variant on which the rule fires as well. */
interface Named extends Case {
  readonly what: string;
}

const variantCases = (rule: Rule): readonly Named[] =>
  examplesOf(rule).flatMap((example, i) =>
    variantsOf(example, i === 0).flatMap(({ value: before, what, operands }) => {
      const after = rule.apply(before, surroundings);
      return after && after !== before ? [{ what, before, after, operands }] : [];
    }),
  );

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("a contract that does not hold is seen", () => {
  it.each<[string, Contract, string, Draw]>([
    ["the sign of zero", "exact", "x + 0 = x", () => -0],
    ["NaN that becomes a number", "reassociates", "x * 0 = 0", () => NaN],
    ["another number", "reassociates", "x - y = x + y", (random) => random],
    ["a small number beside large ones", "reassociates", "x - y = x - 0.999 * y", among([1e-6, 1e6])],
    ["digits that cancel", "stabilizes", "expm1(x) = exp(x) - 1", (random) => 1e-6 * random],
    ["digits that cancel in a sum", "reassociates", "expm1(x) = exp(x) - 1", (random) => 1e-6 * random],
    ["what overflows", "stabilizes", "sigmoid(x) = exp(x) / (1 + exp(x))", () => 100],
  ])("%s", (_, contract, text, numbers) => {
    const rule = identity("broken", contract, text);
    const [which] = casesOf(rule);
    expect(() => checks[contract](rule, which, draw([which.before], 1, [numbers], false))).toThrow(/became/);
  });
});

describe.each(allRules.map((rule) => [rule.contract, rule.name, rule] as const))("%s: %s", (contract, _, rule) => {
  const cases = casesOf(rule);
  const draws = drawsFor(contract);
  const check = (which: Case, feeds: Data): void => checks[contract](rule, which, inDomain(rule, feeds));

  it("has examples", () => {
    expect(cases.length).toBeGreaterThan(0);
    for (const { before, after } of cases) expect(after.type).toEqual(before.type);
  });
  it("is true over the reals", () => {
    for (const which of cases) {
      // The last with numbers of several kinds.
      for (const seed of [1, 2, 4]) expectTrue(rule, which, seed);
    }
  });
  it("keeps its promise where all numbers are of one kind", () => {
    for (const which of cases) {
      draws.forEach((each, i) => check(which, draw([which.before], i + 1, [each], false)));
    }
  });
  it("keeps its promise where numbers of several kinds meet", () => {
    for (const which of cases) {
      for (const seed of seeds(contract === "exact" ? 40 : 12)) check(which, draw([which.before], seed, draws, true));
      for (const seed of seeds(4)) check(which, draw([which.before], seed, draws.slice(-1), false));
    }
  });
  it("keeps its promise on variants", () => {
    for (const [i, which] of variantCases(rule).entries()) {
      try {
        expect(which.after.type).toEqual(which.before.type);
        check(which, draw([which.before], 1 + (i % moderate.length), moderate, false));
        for (const seed of seeds(2)) check(which, draw([which.before], seed + 2 * i, draws, true));
      } catch (error) {
        expect.fail(`${which.what}: ${String(error)}`);
      }
    }
  });
});

const mostDigits = 3000;

function expectTrue(rule: Rule, which: Case, seed: number): void {
  const feeds = draw([which.before], seed, moderate, seed > 3);
  const [left, right] = [which.before, which.after].map((value) => truthOf(value, feeds, 70, mostDigits));
  if (!left || !right) return expect.fail(`too few digits: ${describeFeeds(feeds)}`);
  left.forEach((each, i) => {
    // Where the left side is no number, the right side may be one.
    if (!each.isFinite()) return;
    const apart = each.minus(right[i]).abs();
    if (!(apart.isZero() || apart.lte(each.abs().times(tolerated(rule))) || apart.lt("1e-50"))) {
      expect.fail(`${each.toPrecision(20)} became ${right[i].toPrecision(20)}: ${describeFeeds(feeds)}`);
    }
  });
}

/** Relative distance of both sides: none, but for a quotient that is written down as a float32, and for a series that ends. */
function tolerated({ name }: Rule): string {
  if (name === "function over its operand" || name === "operand over its function") return "2e-8";
  if (name === "remainder over a power") return "4e-8";
  if (name === "complement of an exponential of an exponential") return "2e-8";
  if (name === "difference of large reciprocals") return "5e-8";
  if (name === "divergence of near shares") return "1e-7";
  if (name === "length in a mean or beside a number" || name === "cosine similarity beside a number") return "1e-7";
  return name === "constants" || name === "norm of another order" ? "1e-7" : "1e-45";
}

/** What a rule promises nothing for, name by name: numbers that are not finite, where the formula that it replaces tells more. */
const outside: Readonly<Record<string, (x: number, leaf: string) => boolean>> = {
  // ln(y·eˣ) is NaN for a negative y, only not for an x of −∞, since −0 has no sign for a logarithm.
  "log of an exponential": (x) => x === -Infinity,
  // A weight of ∞ is ∞ less ∞ once its logarithm is taken away.
  "log of weighted exponentials": (x, leaf) => leaf === "y" && Math.abs(x) === Infinity,
  "log of one plus weighted exponentials": (x, leaf) => leaf === "y" && Math.abs(x) === Infinity,
  "power of weighted exponentials": (x, leaf) => leaf === "y" && Math.abs(x) === Infinity,
  // ∞ less ∞ is no gap.
  "log of differences of sigmoids": (x) => Math.abs(x) === Infinity,
  // Beside the square of 3000 what is subnormal has more digits than the truth is computed with.
  "root beside its side": (x) => x !== 0 && Math.abs(x) < 1e-38,
  // Nothing deviates from a mean of ∞, and products of deviations overflow to both sides, where that of means vanishes.
  "variance by deviations": (x) => Math.abs(x) > 1e18,
  "covariance by deviations": (x) => Math.abs(x) > 1e18,
  "central moment by deviations": (x) => Math.abs(x) > 1e9,
  "weighted variance by deviations": (x) => Math.abs(x) > 1e18,
  "mean of deviations": (x) => Math.abs(x) > 1e18,
  // A weight of ∞ leaves NaN of what is taken away, where that is 0.
  // Numbers that are not finite leave NaN where they are taken from each other, and so does a divisor of 0.
  "sum without the offset of its rows": (x, leaf) =>
    !Number.isFinite(x) || Math.abs(x) > 1e18 || (leaf === "factor" && Math.abs(x) < 1e-18),
  "scores under weights of a softmax": (x, leaf) => !["x", "factor"].includes(leaf) && Math.abs(x) > 1e30,
};

it("exempts rules that there are", () => {
  expect(Object.keys(outside).filter((name) => !allRules.some((rule) => rule.name === name))).toEqual([]);
});

function inDomain({ name }: Rule, feeds: Data): Data {
  const isOutside = outside[name];
  if (!isOutside) return feeds;
  return new Map(
    [...feeds].map(([leaf, data]) => {
      const letter = (leaf.attrs.identity as { readonly name: string }).name;
      return [leaf, Array.from(data, (x) => (isOutside(x, letter) ? 1 : x))];
    }),
  );
}
