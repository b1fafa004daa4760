/// Algebra is done: neutral elements, signs, selections, and sums whose value is known.
import type { Pass } from "../pass.ts";
import type { Provenance } from "../rewrite/driver.ts";
import { simplifyingRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `provenance` notes which rule made which value. */
export function simplifyWith(provenance?: Provenance): Pass {
  return rewritePass(
    "simplify",
    "Algebra is done: neutral elements, signs, selections, and sums whose value is known.",
    simplifyingRules,
    provenance,
  );
}

/** Algebra is done: neutral elements, signs, selections, and sums whose value is known. */
export const simplify: Pass = simplifyWith();
