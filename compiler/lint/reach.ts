/// Which special elements of a value reach a result: 1/∞ is 0, so the ∞ of its divisor does not.
import { computed, type Bounds } from "./bounds.ts";
import { effectOf } from "./effect.ts";
import type { Node } from "./node.ts";

/** For each node, the special elements that the results have because of it. */
export function reaching(results: readonly Node[]): ReadonlyMap<Node, number> {
  const reach = new Map<Node, number>();
  const pending: Node[] = [];
  const arrive = (node: Node, bits: number): void => {
    const before = reach.get(node) ?? 0;
    const after = before | (bits & node.bounds.specials);
    if (after === before && reach.has(node)) return;
    reach.set(node, after);
    pending.push(node);
  };
  for (const node of results) arrive(node, computed);
  for (let node = pending.pop(); node; node = pending.pop()) {
    const wanted = reach.get(node)!;
    if (wanted === 0) continue;
    for (const [i, input] of node.inputs.entries()) {
      const bits = contributed(node, i, wanted);
      if (bits !== 0) arrive(input, bits);
    }
  }
  return reach;
}

/** The special elements of an input that make wanted ones of the result. */
function contributed(node: Node, at: number, wanted: number): number {
  const { value, inputs } = node;
  const specials = inputs[at].bounds.specials & computed;
  if (specials === 0) return 0;
  // Branches of choices, expansions, and what goes round in loops: what is there is in the result as it is.
  if (inputs.length !== value.operands.length || passesOn(node)) return specials & wanted;
  const bounds = inputs.map((input) => input.bounds);
  let result = 0;
  for (let bit = 1; bit <= specials; bit <<= 1) {
    if ((specials & bit) === 0) continue;
    const made = (others: (each: Bounds) => Bounds, own: number): number =>
      effectOf(
        value,
        bounds.map((each, i) => (i === at ? { ...each, specials: own } : others(each))),
      ).specials;
    const plain = (each: Bounds): Bounds => ({ ...each, specials: 0 });
    const asIs = (each: Bounds): Bounds => each;
    const alone = made(plain, bit) & ~made(plain, 0);
    const together = made(asIs, bit) & ~made(asIs, 0);
    if (((alone | together) & wanted) !== 0) result |= bit;
  }
  return result;
}

function passesOn({ value: { op } }: Node): boolean {
  return op.kind === "composite" || op.kind === "scan" || op.kind === "leaf";
}
