/// Formulas beside the way from a loss to a target that rules change before derivatives are taken: a reader who is told that
/// log(p) is a log-softmax has to be told that p is a softmax.
import type { Value } from "../../ir/value.ts";
import { endOf, type Course } from "./derivation.ts";
import { below } from "./stations.ts";

/** Names that come to stand for other values, among those that `shown` formulas mention, and those that these mention. */
export function changedBelow(course: Course, shown: readonly string[]): readonly string[] {
  const { start } = course;
  const end = endOf(course);
  const names = new Map([...start].map(([name, value]): [Value, string] => [value, name]));
  const seen = new Set(shown);
  for (const name of seen) {
    const value = start.get(name);
    if (value === undefined || value.op.kind === "leaf") continue;
    for (const each of below(value, (other) => names.has(other))) seen.add(names.get(each)!);
  }
  const given = new Set(shown);
  return [...seen].filter((name) => !given.has(name) && start.get(name) !== end.get(name));
}
