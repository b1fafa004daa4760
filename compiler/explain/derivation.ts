/// A derivation: the chain rule as it is written down, and what rules make of it.
import type { Chain } from "./chain.ts";
import type { Moment, Step } from "./replay.ts";

/** Values by name, and the steps that follow. */
export interface Course {
  readonly start: Moment;
  readonly steps: readonly Step[];
}

/** How a gradient is derived. */
export interface Derivation {
  readonly chain: Chain;
  /** What is done to the model's formulas before they are differentiated. */
  readonly forward: Course;
  /** What is done to the derivatives, and to the model's formulas after. */
  readonly backward: Course;
}

/** Values by name after all steps. */
export function endOf({ start, steps }: Course): Moment {
  return steps.at(-1)?.after ?? start;
}
