/// What is computed from constants alone is a constant.
import type { Pass } from "../pass.ts";
import type { Provenance } from "../rewrite/driver.ts";
import { foldingRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `provenance` notes which rule made which value. */
export function foldWith(provenance?: Provenance): Pass {
  return rewritePass("fold", "What is computed from constants alone is a constant.", foldingRules, provenance);
}

/** What is computed from constants alone is a constant. */
export const fold: Pass = foldWith();
