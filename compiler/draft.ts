/// Kernels before memory is placed: what the text of a step will be like, where names do not matter.
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import type { SquareEdge } from "./lower/contraction/tile.ts";
import { contractNames } from "./lower/contract.ts";
import type { Kernel, SharedModule } from "./lower/kernel.ts";
import { lower } from "./lower/lower.ts";
import type { PlannedStep, Together } from "./plan.ts";
import { createModuleNamer } from "./wgsl/names.ts";

/** How a step is written. */
export interface Writing {
  readonly notes: Graph["notes"];
  /** True for a tensor in which numbers are kept as they are: none of halves. */
  isExact(tensor: Value): boolean;
  /** A result takes the place of an operand. */
  readonly holdsResults?: boolean;
  /** The group in whose module it is written; absent where it is alone. */
  readonly among?: Pick<Together, "apart"> | undefined;
  /** A contraction in squares. */
  readonly edge?: SquareEdge;
}

/** The kernel that a step comes to. */
export function draftOf({ traffic, targets }: PlannedStep, { among, edge, ...writing }: Writing): Kernel {
  const shared: SharedModule | undefined = among && {
    names: createModuleNamer(contractNames),
    tensorNames: new Map(),
    arrays: new Map(),
    apart: among.apart,
  };
  const context = { ...writing, name: "kernel", stateOf: () => undefined, shared };
  return lower(traffic, { ...context, targets: (value) => targets.get(value) ?? [] }, edge);
}
