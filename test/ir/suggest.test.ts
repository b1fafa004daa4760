/// The known word that was probably meant, and the question about it.
import { expect, test } from "vitest";
import { didYouMean, nearest, suggestion } from "../../ir/suggest.ts";

test.each([
  ["complie", ["print", "compile"], "compile"],
  ["grad", ["forward", "gradient"], "gradient"],
  ["mean a?", ["sum", "mean b?"], "mean b?"],
])("%s is near to one of %s", (word, known, meant) => {
  expect(nearest(word, known)).toBe(meant);
  expect(suggestion(word, known)).toBe(didYouMean(meant));
});

test("of several that are near, the nearest is meant, whatever their order", () => {
  expect(nearest("hiden", ["ridden", "hidden"])).toBe("hidden");
  expect(nearest("hiden", ["hidden", "ridden"])).toBe("hidden");
});

test("nothing is asked where none is near", () => {
  expect(nearest("loss", ["weight", "bias"])).toBeUndefined();
  expect(suggestion("loss", ["weight", "bias"])).toBeUndefined();
});
