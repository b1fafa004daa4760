/// What waits for what, and how long chains of that are.
import { expect, test } from "vitest";
import { createPrecedence, longestChains, type Precedence } from "../../../compiler/cluster/precedence.ts";

/** An order in which each pair says who waits for whom. */
function orderOf(pairs: readonly (readonly [number, number])[]): Precedence {
  const precedence = createPrecedence();
  for (const [later, earlier] of pairs) precedence.add(later, earlier);
  return precedence;
}

test("the longest chains to each node and from it, whatever came first", () => {
  // 0 ← 1 ← 3 ← 4 and 0 ← 2 ← 4; nobody knows 5.
  const pairs = [[4, 3], [2, 0], [3, 1], [4, 2], [1, 0], [4, 0]] as const; // prettier-ignore
  for (const given of [pairs, pairs.toReversed()]) {
    const { to, from } = longestChains(6, orderOf(given));
    expect(to).toEqual([1, 2, 2, 3, 4, 1]);
    expect(from).toEqual([4, 3, 2, 2, 1, 1]);
  }
});

test("chains of thousands of nodes are walked, and not descended into", () => {
  const count = 8000;
  const chain = orderOf(Array.from({ length: count - 1 }, (_, node) => [node + 1, node] as const));
  const { to, from } = longestChains(count, chain);
  expect([to[0], to.at(-1), from[0], from.at(-1)]).toEqual([1, count, count, 1]);
});
