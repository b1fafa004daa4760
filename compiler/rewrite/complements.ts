/// What a product of exponentials has of 1 − eᵘ: its logarithm is not finite where a power of it is.
import { log1mexp } from "../../ir/ops/logspace.ts";
import type { Value } from "../../ir/value.ts";
import { addLinear, linearAtom, type Linear } from "./linear.ts";
import type { Monomial } from "./monomial.ts";

/** e^exponent · (1 − eᵘ). */
export interface Complement {
  readonly exponent: Linear;
  /** ln(1 − eᵘ). */
  readonly logarithm: Value;
}

/** The first difference from 1 among exponentials. */
export function complementIn({ exponent }: Monomial): Complement | undefined {
  const logarithm = [...exponent.terms.keys()].find(({ op }) => op === log1mexp.op);
  return logarithm && { exponent: addLinear(exponent, linearAtom(logarithm), -1), logarithm };
}
