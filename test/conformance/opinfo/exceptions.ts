/// What differs from PyTorch, each with its reason: operators without a mapping, cases that are missed, and cases with a
/// looser tolerance.
import type { Tolerance } from "./compare.ts";
import { isTensor, type Case } from "./data.ts";

interface Exception {
  readonly operator: string;
  /** Which cases; all of the operator's where it is left out. */
  readonly when?: (each: Case) => boolean;
  readonly reason: string;
}

/** Operators of the recording that have no mapping. */
export const unmapped: Readonly<Record<string, string>> = {
  "linalg.matrix_norm": "the nuclear and the spectral norm are sums and extremes of singular values, which no op finds",
};

/** Cases whose results are not PyTorch's. */
export const misses: readonly Exception[] = [];

/** How many products each element of a convolution adds up, at most. */
function productsOf({ args: [kernel] }: Case): number {
  return kernel !== undefined && isTensor(kernel) ? kernel.s.slice(1).reduce((count, extent) => count * extent, 1) : 0;
}

/** Cases for which float32 is too coarse for the usual tolerance on the GPU. */
export const looser: readonly (Exception & Tolerance)[] = [
  "nn.functional.conv1d",
  "nn.functional.conv2d",
  "nn.functional.conv3d",
  "nn.functional.conv_transpose1d",
  "nn.functional.conv_transpose2d",
  "nn.functional.conv_transpose3d",
].map((operator) => ({
  operator,
  when: (each) => productsOf(each) >= 100,
  relative: 1e-4,
  absolute: 1e-4,
  reason:
    "a sum of a hundred products of up to 80: partial sums of hundreds are rounded to 3e-5, and what they cancel to may " +
    "be as small as 0.02",
}));

/** Cases for which the interpreter's tolerance is too narrow. */
export const looserInInterpreter: readonly (Exception & Tolerance)[] = [
  {
    operator: "sinc",
    relative: 1e-6,
    absolute: 1e-6,
    reason:
      "π is a float32 in the graph, 3e-8 off: slopes of sin(πx)/(πx) are differences of its multiples that cancel",
  },
  {
    operator: "linalg.vector_norm",
    when: ({ in: x }) => isTensor(x) && x.s.length === 0,
    relative: 1e-6,
    absolute: 1e-7,
    reason: "the exponent 1/6 − 1 is a float32: of one number, terms of about 1 cancel to 0 in second order",
  },
];
