/// What differs from PyTorch, each with its reason: cases that are missed, and cases with a looser tolerance on the GPU.
import type { Tolerance } from "./compare.ts";
import type { Case } from "./data.ts";

interface Exception {
  readonly operator: string;
  /** Which cases; all of the operator's where it is left out. */
  readonly when?: (each: Case) => boolean;
  readonly reason: string;
}

/** Cases whose results are not PyTorch's. */
export const misses: readonly Exception[] = [];

/** Cases for which float32 is too coarse for the usual tolerance. Never above 1e-2. */
export const looser: readonly (Exception & Tolerance)[] = [];
