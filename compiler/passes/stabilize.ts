/// No formula is left that overflows or cancels where a safe function computes the same.
import type { Pass } from "../pass.ts";
import type { Provenance } from "../rewrite/driver.ts";
import { stabilizingRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `provenance` notes which rule made which value. */
export function stabilizeWith(provenance?: Provenance): Pass {
  return rewritePass(
    "stabilize",
    "No formula is left that overflows or cancels where a safe function computes the same.",
    stabilizingRules,
    provenance,
  );
}

/** No formula is left that overflows or cancels where a safe function computes the same. */
export const stabilize: Pass = stabilizeWith();
