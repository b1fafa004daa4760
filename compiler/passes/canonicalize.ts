/// One spelling for signs, neutral elements, powers, layouts and constants.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { canonicalRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `log` notes what fires. */
export function canonicalizeWith(log?: DerivationLog): Pass {
  return rewritePass(
    "canonicalize",
    "One spelling for signs, neutral elements, powers, layouts and constants.",
    canonicalRules,
    log,
  );
}

/** One spelling for signs, neutral elements, powers, layouts and constants. */
export const canonicalize: Pass = canonicalizeWith();
