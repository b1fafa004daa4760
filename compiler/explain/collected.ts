/// What collecting did, in a word: it multiplies out, collects and factors in one step, and a reader asks which of them it was.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { broadcastOp } from "../../ir/ops/sum.ts";
import type { Value } from "../../ir/value.ts";
import { arithmeticIn } from "../rewrite/polynomial.ts";
import type { Firing, RuleText } from "../rewrite/log.ts";
import { collectRule } from "../rewrite/rules/collect.ts";

const { contract } = collectRule;

const factorsTogether: RuleText = {
  name: "factors together",
  identity: "x * 2 / 4 = x / 2",
  example: true,
  contract,
};

const commonFactor: RuleText = {
  name: "common factor",
  identity: "a * x - a * y = a * (x - y)",
  example: true,
  contract,
};

const multipliedOut: RuleText = {
  name: "multiplied out",
  identity: "a * (x - y) = a * x - a * y",
  example: true,
  contract,
};

/** The rule that a firing goes by: of collecting what it came to, where no terms were added up. */
export function saidOf({ rule, before, after }: Firing): RuleText {
  if (rule.name !== collectRule.name) return rule;
  const [from, to] = [arithmeticIn(before) ?? [], arithmeticIn(after) ?? []];
  const [sums, newSums] = [from.filter(isSum), to.filter((each) => isSum(each) && !from.includes(each))];
  if (sums.length !== to.filter(isSum).length) return rule;
  const isNew = (operand: Value): boolean => newSums.includes(withoutSign(operand));
  if (to.some((each) => isProduct(each) && each.operands.some(isNew))) return commonFactor;
  if (newSums.length === 0 || isSum(withoutSign(before))) return factorsTogether;
  const isSpread = isSum(withoutSign(after)) && to.filter(isProduct).length >= from.filter(isProduct).length;
  return isSpread ? multipliedOut : rule;
}

const isSum = ({ op }: Value): boolean => op === add.op || op === sub.op;

const isProduct = ({ op }: Value): boolean => op === mul.op || op === div.op;

const withoutSign = (value: Value): Value =>
  value.op === neg.op || value.op === broadcastOp ? withoutSign(value.operands[0]) : value;
