/// All rows of the scoreboard, by family.
import { averageRows } from "./rows/averages.ts";
import { contrastRows } from "./rows/contrasts.ts";
import { crossEntropyRows } from "./rows/cross-entropy.ts";
import { digitRows } from "./rows/digits.ts";
import { elementaryRows } from "./rows/elementary.ts";
import { remainderRows } from "./rows/remainders.ts";
import { exponentialRows } from "./rows/exponentials.ts";
import { guardRows } from "./rows/guards.ts";
import { lengthRows } from "./rows/lengths.ts";
import { likelihoodRows } from "./rows/likelihoods.ts";
import { offsetRows } from "./rows/offsets.ts";
import { quotientRows } from "./rows/quotients.ts";
import { rootRows } from "./rows/roots.ts";
import { scaleRows } from "./rows/scales.ts";
import { scoreRows } from "./rows/scores.ts";
import { temperatureRows } from "./rows/temperatures.ts";
import type { Row } from "./row.ts";

/** Rows under the title of their family. */
export interface Family {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** The families in the order of the page. */
export const families: readonly Family[] = [
  {
    title: "Cross-entropy",
    rows: [...crossEntropyRows, ...temperatureRows, ...offsetRows, ...scoreRows, ...contrastRows, ...averageRows],
  },
  { title: "Likelihoods and robust losses", rows: likelihoodRows },
  { title: "Exponentials and logarithms", rows: exponentialRows },
  { title: "Digits that cancel", rows: digitRows },
  { title: "Norms, roots and powers at 0", rows: rootRows },
  { title: "Cosines, roots and scales", rows: [...scaleRows, ...quotientRows] },
  { title: "Lengths, distances and deviations", rows: lengthRows },
  { title: "Selections that guard", rows: guardRows },
  { title: "Functions of one or two numbers", rows: [...elementaryRows, ...remainderRows] },
];

/** Every row. */
export const rows: readonly Row[] = families.flatMap((family) => family.rows);
