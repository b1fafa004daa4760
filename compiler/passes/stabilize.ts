/// No formula is left that overflows or cancels where a safe function computes the same.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { stabilizingRules } from "../rewrite/rules/all.ts";
import { permittedRules } from "../rewrite/rule.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `log` notes what fires, and `strictFloat` leaves out rules that round differently. */
export function stabilizeWith(log?: DerivationLog, strictFloat = false): Pass {
  return rewritePass(
    "stabilize",
    "No formula is left that overflows or cancels where a safe function computes the same.",
    permittedRules(stabilizingRules, strictFloat),
    log,
  );
}
