/// What is computed from constants alone is a constant.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { foldingRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `log` notes what fires. */
export function foldWith(log?: DerivationLog): Pass {
  return rewritePass("fold", "What is computed from constants alone is a constant.", foldingRules, log);
}

/** What is computed from constants alone is a constant. */
export const fold: Pass = foldWith();
