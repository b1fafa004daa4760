/// Sums of parts of rows, in the kernel that goes over these rows.
import { sumOp } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { underLayouts, type Value } from "../../ir/value.ts";
import { hasManyResults } from "./access.ts";
import { rowsOfGroup } from "./columns.ts";
import type { Draft, Growth } from "./growth.ts";
import { partsIn, rowParts } from "./row-parts.ts";
import { isCanonical, seenAs } from "./within.ts";

/** The first kernel whose rows are made of what the sum is made of, and of which it may take parts. */
export function findParts(value: Value, growth: Growth): Draft | undefined {
  const [operand] = value.operands;
  const { shape } = operand.type;
  if (value.op !== sumOp || !hasManyResults(shape)) return undefined;
  const count = Number(elementCount(shape));
  const sources = sourcesOf(growth.inputsOf(value), count);
  return growth.drafts.find((each) => {
    if (!sharesParts(value, each) || !meets(sourcesOf(each.inputs, count), sources)) return false;
    if (!growth.admits(each, value)) return false;
    const index = seenAs(shape, each.index, each)!;
    return isCanonical({ value: operand, index }, each, growth.home) || growth.refuse(value, each, "places");
  });
}

/** True for a sum of whole rows, or of parts of such as are taken in no others, and not for their columns. */
function sharesParts(value: Value, target: Draft): boolean {
  const parts = partsIn(value, target);
  if (parts === undefined) return false;
  const known = rowParts(target);
  return parts === 1 || parts === known || (known === 1 && rowsOfGroup(target) === undefined);
}

/** What is made of each other is found among so many values: what is farther apart has kernels of its own. */
const farthest = 64;

/** Values and what they are made of element by element, but for tensors of fewer elements, which are read in no time. */
function sourcesOf(values: Iterable<Value>, count: number): ReadonlySet<Value> {
  const sources = new Set<Value>();
  const add = (value: Value): void => {
    if (Number(elementCount(value.type.shape)) >= count) sources.add(value);
  };
  for (const value of values) add(value);
  for (const { op, operands } of sources) {
    if (sources.size > farthest) break;
    if (op.kind === "elementwise") operands.map(underLayouts).forEach(add);
  }
  return sources;
}

function meets(some: ReadonlySet<Value>, others: ReadonlySet<Value>): boolean {
  for (const one of some) if (others.has(one)) return true;
  return false;
}
