/// Other dispatches for the same steps: what a graphics card does faster than the kernels that every adapter can run.
/// The runtime chooses between them when a program is loaded.
import type { Needs } from "../runtime/abi.ts";
import { contractionSquares } from "./lower/contraction-shape.ts";
import { contractionOf } from "./lower/contract.ts";
import type { SquareEdge } from "./lower/contraction/tile.ts";
import type { PlannedStep, Together } from "./plan.ts";

/** Dispatches that take the place of one. */
export interface PlannedVariant {
  readonly name: string;
  readonly parts: readonly VariantPart[];
}

/** One of them: a contraction in squares, or what else ran side by side with it. */
export interface VariantPart {
  readonly group: Together;
  readonly edge?: SquareEdge;
  readonly needs?: Needs;
}

/** What squares need: threads and memory of a workgroup. */
const squareNeeds: Needs = {
  limits: {
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupStorageSize: 16384,
  },
  features: [],
  card: true,
};

/**
 * What may run instead of steps that run side by side, the largest squares first. Contractions that are large enough for
 * squares fill a card by themselves, and are dispatches of their own; what is left stays together.
 */
export function variantsOf(group: Together): readonly PlannedVariant[] {
  const squares = new Map(
    group.steps.flatMap((step): [PlannedStep, readonly SquareEdge[]][] => {
      const root = contractionOf(step.traffic);
      const edges = root ? contractionSquares(root) : [];
      return edges.length > 0 ? [[step, edges]] : [];
    }),
  );
  const wanted = [...new Set([...squares.values()].flat())].toSorted((a, b) => b - a);
  const rest = group.steps.filter((step) => !squares.has(step));
  return wanted.map((edge) => ({
    name: `squares of ${edge}`,
    parts: [
      ...[...squares].map(([step, edges]) => ({
        ...{ group: { steps: [step], apart: false }, needs: squareNeeds },
        // A product that is too small for these squares has smaller ones.
        edge: edges.find((each) => each <= edge) ?? edges[0],
      })),
      // What is left alone keeps the text that it has beside others, and so its bits.
      ...(rest.length > 0 ? [{ group: { ...group, steps: rest, ...(rest.length === 1 && { isLeft: true }) } }] : []),
    ],
  }));
}
