/// Algebra is done: neutral elements, signs, selections, and sums whose value is known.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { simplifyingRules } from "../rewrite/rules/all.ts";
import { permittedRules } from "../rewrite/rule.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `log` notes what fires, and `strictFloat` leaves out rules that round differently. */
export function simplifyWith(log?: DerivationLog, strictFloat = false): Pass {
  return rewritePass(
    "simplify",
    "Algebra is done: neutral elements, signs, selections, and sums whose value is known.",
    permittedRules(simplifyingRules, strictFloat),
    log,
  );
}
