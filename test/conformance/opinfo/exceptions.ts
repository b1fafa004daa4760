/// What differs from PyTorch, each with its reason: operators without a mapping, cases that are missed, and cases with a
/// looser tolerance on the GPU.
import type { Tolerance } from "./compare.ts";
import type { Case } from "./data.ts";

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

const convolutions = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"];

/** Cases for which float32 is too coarse for the usual tolerance. */
export const looser: readonly (Exception & Tolerance)[] = [
  ...convolutions.map((name) => ({
    operator: `nn.functional.${name}`,
    relative: 1e-4,
    absolute: 1e-4,
    reason:
      "a sum of some hundred products of up to 80: partial sums of hundreds are rounded to 3e-5, and what they cancel to " +
      "may be as small as 0.02",
  })),
  {
    operator: "nn.functional.scaled_dot_product_attention",
    relative: 1e-4,
    absolute: 2e-4,
    reason:
      "the gradient of a softmax is p·(g − Σ p·g), a difference of numbers of some hundreds where one weight is nearly " +
      "1; each of them is rounded to 3e-5 in float32, and then multiplied by keys of up to 9",
  },
];
