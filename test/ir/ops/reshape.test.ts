// Which axes of a reshape have to do with each other.
import { expect, test } from "vitest";
import { sharedGroups } from "../../../ir/ops/layout.ts";
import type { Shape } from "../../../ir/type.ts";

const rows: readonly (readonly [Shape, Shape, string])[] = [
  [[], [], ""],
  [[], [1, 1], "[]→[1] []→[1]"],
  [[1], [], "[1]→[]"],
  [[6, 4], [2, 3, 4], "[6]→[2,3] [4]→[4]"],
  [[2, 6], [4, 3], "[2,6]→[4,3]"],
  [[6, 1, 4], [6, 4, 1], "[6]→[6] [1,4]→[4] []→[1]"],
  [[1, 2, 4, 5], [1, 1, 2, 4, 5], "[1]→[1] [2]→[1,2] [4]→[4] [5]→[5]"],
  [["batch", 64], ["batch", 8, 8], "[batch]→[batch] [64]→[8,8]"],
  [["batch*time", 8], ["batch", "time", 8], "[batch*time]→[batch,time] [8]→[8]"],
  [[2, "batch", 3], ["6*batch"], "[2,batch,3]→[6*batch]"],
];

test.each(rows)("[%s] and [%s]", (from, to, groups) => {
  const found = sharedGroups(from, to).map(([a, b]) => `[${from.slice(a.start, a.end)}]→[${to.slice(b.start, b.end)}]`);
  expect(found.join(" ")).toBe(groups);
});
