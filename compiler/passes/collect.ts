/// Sums of products are multiplied out, collected and factored where that is cheaper.
import type { Pass } from "../pass.ts";
import type { Provenance } from "../rewrite/driver.ts";
import { collectingRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `provenance` notes which rule made which value. */
export function collectWith(provenance?: Provenance): Pass {
  return rewritePass(
    "collect",
    "Sums of products are multiplied out, collected and factored where that is cheaper.",
    collectingRules,
    provenance,
  );
}

/** Sums of products are multiplied out, collected and factored where that is cheaper. */
export const collect: Pass = collectWith();
