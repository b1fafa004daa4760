/// Which rules make up which pass.
import type { Rule } from "../rule.ts";
import { neutralRules, powerRules, signRules } from "./arithmetic.ts";
import { selectRules } from "./choose.ts";
import { collectRule } from "./collect.ts";
import { crossedRules } from "./crossed.ts";
import { divergenceRules } from "./divergences.ts";
import { exactFolding, folding, leafRules } from "./fold.ts";
import { layoutRules, turnedProductRules } from "./layout.ts";
import { powerNumberRules } from "./learned-powers.ts";
import { lengthNumberRules, slopeOfLengthRules } from "./lengths.ts";
import { rowSelectionRules } from "./masks.ts";
import { nearMeanRules } from "./near-means.ts";
import { offsetRules } from "./offsets.ts";
import { ratioNumberRules } from "./ratios.ts";
import { sumRules } from "./reduce.ts";
import { repeatedFactorRules } from "./repeated-factors.ts";
import { rootNumberRules } from "./roots.ts";
import { sharedMeanRules } from "./shared-means.ts";
import { shiftRules } from "./shifts.ts";
import { squareNumberRules } from "./squares.ts";
import { standardizedRules } from "./standardized.ts";
import { stableRules } from "./stable.ts";
import { weightedDeviationRules } from "./weighted-variance.ts";

/** One normal form for signs, neutral elements, powers, layouts and constants: fewer cases for all others. */
export const canonicalRules: readonly Rule[] = [
  ...leafRules,
  ...signRules,
  ...neutralRules,
  ...powerRules,
  ...layoutRules,
  exactFolding,
];

/** Canonical form, and safe functions for formulas that overflow or cancel. */
export const stabilizingRules: readonly Rule[] = [...stableRules, ...canonicalRules];

/** Canonical form, selections, and sums that are known. */
export const simplifyingRules: readonly Rule[] = [
  ...canonicalRules,
  ...turnedProductRules,
  ...selectRules,
  ...rowSelectionRules,
  ...sumRules,
  ...repeatedFactorRules,
  ...weightedDeviationRules,
  ...slopeOfLengthRules,
  ...standardizedRules,
];

/** Everything above, and sums of products collected where that is cheaper. */
export const collectingRules: readonly Rule[] = [...simplifyingRules, collectRule];

/** All constants, rounded. */
export const foldingRules: readonly Rule[] = [...leafRules, folding];

/** What keeps digits in kernels, where formulas are not for reading any more. */
export const digitRules: readonly Rule[] = [
  ...rootNumberRules,
  ...powerNumberRules,
  ...lengthNumberRules,
  ...squareNumberRules,
  ...ratioNumberRules,
  ...crossedRules,
  ...sharedMeanRules,
  ...nearMeanRules,
  ...shiftRules,
];

/** Sums that are looked at as a whole, before their differences. */
export const wholeSumRules: readonly Rule[] = [...offsetRules, ...divergenceRules];

/** Every rule once. */
export const allRules: readonly Rule[] = [...stableRules, ...collectingRules, folding, ...wholeSumRules, ...digitRules];
