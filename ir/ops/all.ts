/// Every op there is: what the parser, the manual and the tests go through. A new family is one more line here.
import type { Op } from "../value.ts";
import * as arithmetic from "./arithmetic.ts";
import * as bits from "./bits.ts";
import * as choose from "./choose.ts";
import * as compare from "./compare.ts";
import * as contract from "./contract.ts";
import * as convolve from "./convolve.ts";
import * as cumulative from "./cumulative.ts";
import * as derivative from "./derivative.ts";
import * as functions from "./functions.ts";
import * as gather from "./gather.ts";
import * as hyperbolic from "./hyperbolic.ts";
import * as layout from "./layout.ts";
import * as leaf from "./leaf.ts";
import * as pad from "./pad.ts";
import * as norm from "./norm.ts";
import * as logspace from "./logspace.ts";
import * as product from "./product.ts";
import * as random from "./random.ts";
import * as powers from "./powers.ts";
import * as reduce from "./reduce.ts";
import * as scan from "./scan.ts";
import * as rounding from "./rounding.ts";
import * as sort from "./sort.ts";
import * as special from "./special.ts";
import * as sum from "./sum.ts";
import * as training from "./training.ts";
import * as trigonometric from "./trigonometric.ts";
import * as windows from "./windows.ts";

/** All ops, family by family, each once. */
export function allOps(): readonly Op[] {
  const families = [
    leaf,
    arithmetic,
    compare,
    choose,
    functions,
    powers,
    logspace,
    trigonometric,
    hyperbolic,
    special,
    rounding,
    bits,
    sum,
    reduce,
    norm,
    product,
    layout,
    pad,
    windows,
    gather,
    cumulative,
    sort,
    scan,
    contract,
    convolve,
    random,
    training,
    derivative,
  ];
  const exports = families.flatMap((family): unknown[] => Object.values(family));
  return [...new Set(exports.flatMap((each) => (isOp(each) ? [each] : hasOp(each) ? [each.op] : [])))];
}

function isOp(candidate: unknown): candidate is Op {
  return typeof candidate === "object" && candidate !== null && "kind" in candidate && "infer" in candidate;
}

function hasOp(candidate: unknown): candidate is { readonly op: Op } {
  return typeof candidate === "function" && "op" in candidate && isOp(candidate.op);
}
