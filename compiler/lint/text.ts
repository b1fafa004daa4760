/// Values as short texts in messages.
import { printValue } from "../../ir/print.ts";
import { letterOp } from "../../ir/ops/leaf.ts";
import { underLayouts, type Value } from "../../ir/value.ts";

/** Names of values. */
export type Names = ReadonlyMap<Value, string>;

const longest = 60;

/** A value by its name, else as a formula that is not too long; undefined where there is none. */
export function textOf(value: Value, names: Names): string | undefined {
  const under = underLayouts(value);
  return names.get(value) ?? names.get(under) ?? formulaOf(under, names);
}

/** The formula of a value, if it is short, and needs no name that the user did not give. */
export function formulaOf(value: Value, names: Names): string | undefined {
  if (tooLarge(value, names)) return undefined;
  const text = printValue(value, names);
  return text.length <= longest && !text.includes("\n") ? text : undefined;
}

/** So many values make no short text, whichever they are. */
const mostValues = 40;

function tooLarge(value: Value, names: Names): boolean {
  const seen = new Set<Value>([value]);
  for (const each of seen) {
    if (each.op === letterOp && !names.has(each)) return true;
    if (seen.size > mostValues) return true;
    if (each === value || !names.has(each)) for (const operand of each.operands) seen.add(operand);
  }
  return false;
}
