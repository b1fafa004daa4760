/// One spelling for signs, neutral elements, powers, layouts and constants.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { canonicalRules } from "../rewrite/rules/all.ts";
import { permittedRules } from "../rewrite/rule.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `log` notes what fires, and `strictFloat` leaves out rules that round differently. */
export function canonicalizeWith(log?: DerivationLog, strictFloat = false): Pass {
  return rewritePass(
    "canonicalize",
    "One spelling for signs, neutral elements, powers, layouts and constants.",
    permittedRules(canonicalRules, strictFloat),
    log,
  );
}
