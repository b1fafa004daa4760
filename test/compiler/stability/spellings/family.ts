/// What a family of spellings is: formulas that people write for one loss, and the inputs that they are tried at.
import type { Value } from "chainrule";

/** The leaves of a loss by name. */
export type Leaves = Readonly<Record<string, Value>>;

/** Numbers of the leaves, row-major. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

/** Spellings of one loss. */
export interface Family {
  readonly name: string;
  /** Makes the leaves; the gradient is that with respect to `z`. */
  leaves(): Leaves;
  /** The loss as the library spells it: what the others are compared with. */
  canonical(leaves: Leaves): Value;
  /** The first is ordinary, where every spelling has its digits. */
  readonly cases: readonly Numbers[];
  readonly spellings: Readonly<Record<string, (leaves: Leaves) => Value>>;
  /** Spellings that are right, but take more kernels than the canonical one, each with the reason. */
  readonly apart?: Readonly<Record<string, string>>;
  /** True where the gradient is (p − y)·weight: no quotient by what depends on z, and no logarithm. */
  readonly textbook: boolean;
}
