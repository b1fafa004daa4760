/// The known word that was probably meant, and the question about it.
import { expect, test } from "vitest";
import type { CompileError } from "../../ir/diagnostic.ts";
import { add, model, state, type EntryPointRecord } from "../../ir/index.ts";
import { didYouMean, nearest, suggestion } from "../../ir/suggest.ts";

test.each([
  ["complie", ["print", "compile"], "compile"],
  ["grad", ["forward", "gradient"], "gradient"],
  ["w", ["v", "W"], "W"],
  ["w", ["v", "w2"], "w2"],
  ["mean a?", ["sum", "mean b?"], "mean b?"],
])("%s is near to one of %s", (word, known, meant) => {
  expect(nearest(word, known)).toBe(meant);
  expect(suggestion(word, known)).toBe(didYouMean(meant));
});

test("the last part of a name is meant to be that name, where only one ends so", () => {
  expect(nearest("a", ["o.b", "o.a"])).toBe("o.a");
  expect(nearest("weight", ["first.weight", "second.weight"])).toBeUndefined();
  expect(nearest("a", ["o.a", "a"])).toBe("a");
});

test("of several that are near, the nearest is meant, whatever their order", () => {
  expect(nearest("hiden", ["ridden", "hidden"])).toBe("hidden");
  expect(nearest("hiden", ["hidden", "ridden"])).toBe("hidden");
});

test("nothing is asked where none is near", () => {
  expect(nearest("loss", ["weight", "bias"])).toBeUndefined();
  expect(suggestion("loss", ["weight", "bias"])).toBeUndefined();
  expect(suggestion("Q", ["x", "y"])).toBeUndefined();
});

test.each([
  ["keepdims", ["axis", "keepAxes"], "keepAxes"],
  ["lr", ["learningRate", "beta1"], "learningRate"],
  ["weight_decay", ["momentum", "weightDecay"], "weightDecay"],
  ["float32", ["f32", "i32"], "f32"],
  ["dim", ["axes"], "axes"],
  ["Linear", ["linspace", "dense"], "dense"],
])("%s is a word of other libraries for one of %s", (word, known, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test("a word that is known here means itself, and one that is meant nowhere here is compared by its letters", () => {
  expect(nearest("view", ["view", "reshape"])).toBe("view");
  expect(nearest("lr", ["momentum"])).toBeUndefined();
});

test("a key of an entry point that was to be `update` is asked about, whatever stands there", () => {
  const helpOf = (define: () => EntryPointRecord): string | undefined => {
    try {
      model("keys", () => ({ run: define() }));
    } catch (error) {
      return (error as CompileError).help;
    }
    return undefined;
  };
  const counted = (): EntryPointRecord => {
    const count = state([], { name: "count" });
    return { updates: [{ state: count, value: add(count, 1) }] };
  };
  expect(helpOf(counted)).toMatch(/^did you mean update\? what an optimizer returns belongs to the key `update`/);
  expect(helpOf(() => ({ updates: [] }))).toMatch(/^did you mean update\? an entry point returns/);
  expect(helpOf(() => ({ y: 3 as never }))).toMatch(/^an entry point returns/);
});
