/// The whole table, by family.
import type { Operators } from "../opinfo/call.ts";
import { activations } from "./activations.ts";
import { arithmetic } from "./arithmetic.ts";
import { comparisons } from "./compare.ts";
import { convolutions } from "./convolution.ts";
import { functions } from "./functions.ts";
import { indexing } from "./indexing.ts";
import { layout } from "./layout.ts";
import { linear } from "./linear.ts";
import { losses } from "./losses.ts";
import { norms } from "./norms.ts";
import { ordering } from "./ordering.ts";
import { poolings } from "./pooling.ts";
import { reductions } from "./reductions.ts";
import { resamplings } from "./resampling.ts";
import { sampling } from "./sampling.ts";
import { selecting } from "./selecting.ts";
import { shaping } from "./shaping.ts";

/** Every family of operators; each has its own test. */
export const families: Readonly<Record<string, Operators>> = {
  ...{ arithmetic, functions, comparisons, reductions, linear, layout, shaping, indexing, selecting, ordering },
  ...{ activations, losses, norms, convolutions, poolings, resamplings, sampling },
};
