/// One rule by its name, on one value.
import type { Surroundings } from "../../../compiler/rewrite/rule.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import type { DType, Shape } from "../../../ir/type.ts";
import { apply, type Value } from "../../../ir/value.ts";

/** An input. */
export const leaf = (name: string, dtype: DType, shape: Shape): Value =>
  apply(inputOp, [], { identity: { name, dtype, shape } });

/** What a rule makes of a value; undefined where it leaves it alone. */
export function applied(name: string, value: Value, facts: Partial<Surroundings> = {}): Value | undefined {
  const rule = allRules.find((each) => each.name === name)!;
  return rule.apply(value, { uses: () => 1, classes: () => [], ...facts });
}
