import { expect, test } from "vitest";
import { readingInstead } from "../../../compiler/rewrite/bottom-up.ts";
import { exp, input, matmul, model, pad, transpose, type Value } from "../../../ir/index.ts";

test("a product that reads one value instead of another is all that is rebuilt: what computes with that stays", () => {
  const found: Value[] = [];
  model("readers", () => {
    const [one, other] = ["one", "other"].map((name) => input(name, "f32", [4, 4]) as Value);
    const computed = (of: Value): Value => exp(of);
    const reader = (left: Value): Value =>
      matmul(
        pad(transpose(left), [
          [1, 1],
          [0, 0],
        ]) as never,
        computed(one) as never,
      );
    found.push(readingInstead(reader(one), one, other), reader(other));
    return { run: { y: found[0] } };
  });
  expect(found[0]).toBe(found[1]);
});
