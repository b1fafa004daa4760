/// One spelling for signs, neutral elements, powers, layouts and constants.
import type { Pass } from "../pass.ts";
import type { Provenance } from "../rewrite/driver.ts";
import { canonicalRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `provenance` notes which rule made which value. */
export function canonicalizeWith(provenance?: Provenance): Pass {
  return rewritePass(
    "canonicalize",
    "One spelling for signs, neutral elements, powers, layouts and constants.",
    canonicalRules,
    provenance,
  );
}

/** One spelling for signs, neutral elements, powers, layouts and constants. */
export const canonicalize: Pass = canonicalizeWith();
