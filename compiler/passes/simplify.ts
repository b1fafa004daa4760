/// Algebra is done: neutral elements, signs, selections, and sums whose value is known.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { simplifyingRules } from "../rewrite/rules/all.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Makes the pass; `log` notes what fires. */
export function simplifyWith(log?: DerivationLog): Pass {
  return rewritePass(
    "simplify",
    "Algebra is done: neutral elements, signs, selections, and sums whose value is known.",
    simplifyingRules,
    log,
  );
}

/** Algebra is done: neutral elements, signs, selections, and sums whose value is known. */
export const simplify: Pass = simplifyWith();
