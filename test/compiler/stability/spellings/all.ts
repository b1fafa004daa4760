/// Every family of spellings.
import { binary } from "./binary.ts";
import { breadth } from "./breadth.ts";
import { distributions, labels } from "./categorical.ts";
import { composed } from "./composed.ts";
import type { Family } from "./family.ts";
import { masks } from "./masked.ts";
import { rearranged } from "./rearranged.ts";
import { maskedSequences } from "./sequences.ts";
import * as weighted from "./weighted.ts";

/** Losses, each in the spellings of many people. */
export const spellingFamilies: readonly Family[] = [
  ...[binary, distributions, labels, maskedSequences],
  ...Object.values(weighted),
  ...composed,
  ...rearranged,
  ...masks,
  ...breadth,
];
