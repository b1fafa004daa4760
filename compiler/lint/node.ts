/// A value with what is known of it.
import type { Value } from "../../ir/value.ts";
import type { Bounds } from "./bounds.ts";

/** A value where some facts hold. */
export interface Node {
  readonly value: Value;
  readonly bounds: Bounds;
  /** Special elements that arise here: the operands have none. */
  readonly arises: number;
  /** What it is computed from; those of a loop's carry lead round the loop. */
  readonly inputs: readonly Node[];
}

/** The nodes of values of which some leaves are known. */
export type Analyse = (roots: readonly Value[], leaves: ReadonlyMap<Value, Node>) => readonly Node[];
