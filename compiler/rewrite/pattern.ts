/// What identities are made of.
import { allOps } from "../../ir/ops/all.ts";
import type { ElementwiseOp, LayoutOp, ReductionOp } from "../../ir/value.ts";

/** Ops that identities can mention. */
export type PatternOp = ElementwiseOp | LayoutOp | ReductionOp;

/** A side of an identity. */
export type Pattern =
  | { readonly tag: "variable"; readonly name: string }
  | { readonly tag: "number"; readonly value: number }
  | Application;

/** An op on patterns; `attrs` names the variable that stands for its attributes. */
export interface Application {
  readonly tag: "apply";
  readonly op: PatternOp;
  readonly attrs: string | undefined;
  readonly operands: readonly Pattern[];
}

const patternOps: readonly PatternOp[] = allOps().filter(
  (op) => op.kind === "elementwise" || op.kind === "layout" || op.kind === "reduction",
);

/** The op that a name in an identity means. */
export function patternOp(name: string): PatternOp | undefined {
  return patternOps.find((op) => op.name === name);
}
