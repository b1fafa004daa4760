/// The head of a page: what the caller gives and what the program keeps.
import type { Initializer } from "../initializer.ts";
import { formatName } from "../notation/form.ts";
import { formatNumber } from "../notation/numbers.ts";
import { letterOp, settingOp, type InputIdentity, type SettingIdentity, type StateIdentity } from "../ops/leaf.ts";
import { formatType } from "../type.ts";
import type { Value } from "../value.ts";

/** One line for an input, setting or letter. */
export function formatInput(value: Value, name: string): string {
  if (value.op === settingOp) {
    const { value: preset, range } = value.attrs.identity as SettingIdentity;
    return `setting ${formatName(name)} = ${preset}${range ? ` in [${range.join(", ")})` : ""}`;
  }
  if (value.op === letterOp) return `letter ${formatName(name)}: ${formatType(value.type)}`;
  const { distribution } = value.attrs.identity as InputIdentity;
  return `input ${formatName(name)}: ${formatType(value.type)}${distribution ? " distribution" : ""}`;
}

/** Lines for states; neighbours that differ in their names only share one. `isUsed` where an entry point reads or writes it. */
export function formatStates(
  states: readonly Value[],
  nameOf: (value: Value) => string,
  isUsed: (state: Value) => boolean,
): readonly string[] {
  const groups: { readonly keyword: string; readonly names: string[]; readonly rest: string }[] = [];
  for (const state of states) {
    const { parameter, trainable, initializer } = state.attrs.identity as StateIdentity;
    const keyword = !parameter ? "state" : trainable ? "parameter" : "frozen parameter";
    // Initial values need a key as well: a model without randomness has one for nothing else.
    const comment = initializer.tag === "key" && !isUsed(state) ? "  # initial values are drawn from it" : "";
    const rest = `: ${formatType(state.type)}${formatInitializer(initializer)}${comment}`;
    const last = groups.at(-1);
    const fits = !parameter && last && last.keyword === keyword && last.rest === rest && last.names.length < 2;
    if (fits) last.names.push(formatName(nameOf(state)));
    else groups.push({ keyword, names: [formatName(nameOf(state))], rest });
  }
  return groups.map(({ keyword, names, rest }) => `${keyword} ${names.join(", ")}${rest}`);
}

function formatInitializer(initializer: Initializer): string {
  switch (initializer.tag) {
    case "constant":
      return initializer.value === 0 ? "" : ` = ${formatNumber(initializer.value, "i32")}`;
    case "values":
      return ` = [${initializer.values.join(", ")}]`;
    case "uniform":
      return ` ~ uniform(${initializer.low}, ${initializer.high})`;
    case "normal":
      return ` ~ normal(${initializer.mean}, ${initializer.deviation})`;
    case "key":
      return " ~ key";
    case "scaled": {
      const { distribution, scale, fan, axes } = initializer;
      const counted = axes ? ` from [${axes.from.join(", ")}] to [${axes.to.join(", ")}]` : "";
      if (scale === 1 && fan === "average") return ` ~ glorot ${distribution}${counted}`;
      if (scale === 2 && fan === "in") return ` ~ he ${distribution}${counted}`;
      return ` ~ scaled(${distribution}, ${scale}, ${fan})${counted}`;
    }
    default:
      return initializer satisfies never;
  }
}
