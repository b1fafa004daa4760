/// How much one dispatch holds, whatever it binds.
import { mostWorkgroups } from "./lower/kernel.ts";
import type { PlannedStep } from "./plan.ts";
import type { Signer } from "./signature.ts";

/** Text that a driver compiles at once has an end. */
const mostKernels = 32;

/** Compilers allocate registers for a whole module, and take more than twice as long for twice as many texts of products. */
const mostProducts = 4;

/** What limits the kernels of one dispatch, whatever they bind. */
export interface Load {
  readonly workgroups: number;
  /** The text of a product. */
  readonly product: string | undefined;
}

/** The load of a kernel. */
export function loadOf(step: PlannedStep, workgroups: number, signer: Signer): Load {
  return { workgroups, product: step.traffic.cluster.kind === "contract" ? signer.of(step).text : undefined };
}

/** True for kernels that one dispatch can hold. */
export function isHeld(loads: readonly Load[]): boolean {
  return (
    loads.length <= mostKernels &&
    loads.reduce((total, { workgroups }) => total + workgroups, 0) <= mostWorkgroups &&
    new Set(loads.flatMap(({ product }) => product ?? [])).size <= mostProducts
  );
}
