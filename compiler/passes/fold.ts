/// What is computed from constants alone is a constant.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { foldingRules } from "../rewrite/rules/all.ts";
import { permittedRules } from "../rewrite/rule.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `log` notes what fires, and `strictFloat` leaves out rules that round differently. */
export function foldWith(log?: DerivationLog, strictFloat = false): Pass {
  return rewritePass(
    "fold",
    "What is computed from constants alone is a constant.",
    permittedRules(foldingRules, strictFloat),
    log,
  );
}
