/// Sums of products are multiplied out, collected and factored where that is cheaper.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { collectingRules } from "../rewrite/rules/all.ts";
import { permittedRules } from "../rewrite/rule.ts";
import { rewritePass } from "./rewrite-pass.ts";

/**
 * Makes the pass; `log` notes what fires, and `strictFloat` leaves out rules that round differently. Passes with the same
 * rules may share `fruitless`, the shapes that are left as they are.
 */
export function collectWith(log?: DerivationLog, strictFloat = false, fruitless?: Set<string>): Pass {
  return rewritePass(
    "collect",
    "Sums of products are multiplied out, collected and factored where that is cheaper.",
    permittedRules(collectingRules, strictFloat),
    log,
    fruitless,
  );
}

/** Sums of products are multiplied out, collected and factored where that is cheaper. */
export const collect: Pass = collectWith();
