/// A rule is not tried again on a value to which it can never apply, and is where that depends on what is around.
import { expect, test } from "vitest";
import { add, input, model, tanh, type Value } from "chainrule";
import { makeRewriter } from "../../../compiler/rewrite/driver.ts";
import { rule, type Rule } from "../../../compiler/rewrite/rule.ts";

/** x + tanh x. */
function sumOf(): Value {
  let sum: Value | undefined;
  model("trials", () => {
    const x = input("x", "f32", []);
    sum = add(x, tanh(x)) as Value;
    return { run: { sum } };
  });
  return sum!;
}

/** A rule for sums that counts how often it is tried. */
function counting(apply: Rule["apply"]): { readonly tried: () => number; readonly rule: Rule } {
  let count = 0;
  const counted = rule("counting", "exact", "x + y = y + x", ["add"], (value, around) => {
    count++;
    return apply(value, around);
  });
  return { tried: () => count, rule: counted };
}

test("what does not apply by the value alone is tried once, also by other passes", () => {
  const value = sumOf();
  const [idle, other] = [counting(() => undefined), counting(() => undefined)];
  expect(makeRewriter([idle.rule])(value)).toBe(value);
  expect(makeRewriter([other.rule, idle.rule])(value)).toBe(value);
  expect(makeRewriter([idle.rule])(value)).toBe(value);
  expect([idle.tried(), other.tried()]).toEqual([1, 1]);
});

test("what asks for readers or classes is tried again, where the answer may be another", () => {
  const value = sumOf();
  const [x] = value.operands;
  const moves = counting((each, { uses }) => (uses(each.operands[1]) > 1 ? tanh(x as never) : undefined));
  const labels = counting((each, { classes }) => (classes(each.operands[0]).length > 1 ? x : undefined));
  const rules = [moves.rule, labels.rule];
  expect(makeRewriter(rules)(value)).toBe(value);
  expect(makeRewriter(rules, { classes: new Map([[x, [2, 3]]]) })(value)).toBe(x);
  expect(makeRewriter(rules, { uses: new Map([[value.operands[1], 2]]) })(value).op.name).toBe("tanh");
  expect([moves.tried(), labels.tried()]).toEqual([3, 2]);
});
