/// Cross-entropy in the spellings of many people: whichever way the same mathematics is written, values and gradients are
/// right in float32 on the device, the gradient is (p − y)·weight, and the program is that of the library's own loss.
import { beforeAll, describe, it } from "vitest";
import { spellingFamilies } from "./spellings/all.ts";
import { expectCanonical, standardOf, type Standard, type Tried } from "./spellings/check.ts";

describe.each(spellingFamilies.map((family) => [family.name, family] as const))("%s", (_, family) => {
  const tried: Tried = new Set();
  let standard: Standard;
  beforeAll(() => {
    standard = standardOf(family);
  });
  it.each(Object.keys(family.spellings))("%s", (name) => expectCanonical(family, name, standard, tried));
});
