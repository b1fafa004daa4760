/// What a kernel would bind if it computed a value of another one that reads its results: of kernels as they are in the end,
/// while what is decided about them rests on what they came to before.
import type { Value } from "../ir/value.ts";
import { countBindings, type Shares } from "./cluster/bindings.ts";
import { descend } from "./cluster/descend.ts";
import { targetTensor } from "./lower/kernel.ts";
import type { Step } from "./schedule/order.ts";

/** How many bindings `source` would take with a value that `reader` computes; `isKept` says what others than the two read. */
export function bindingsWith(
  value: Value,
  source: Step,
  reader: Step,
  isKept: (result: Value) => boolean,
  shares: Shares,
): number {
  const tensors = new Set([...source.traffic.loads, ...loadsBeside(value, source, reader)]);
  const { needed, passes } = needsWithout(value, reader);
  for (const [result, targets] of source.targets) {
    const isRead = isKept(result) || needed.has(result);
    for (const tensor of targets.map(targetTensor)) if (tensor !== result || isRead) tensors.add(tensor);
  }
  for (const target of reader.targets.get(value) ?? []) tensors.add(targetTensor(target));
  if (passes) tensors.add(value);
  return countBindings(tensors, shares);
}

/** What a value reads that the kernel `source` does not compute; what `reader` computes for it is a tensor then. */
function loadsBeside(value: Value, source: Step, { traffic }: Step): readonly Value[] {
  const loads: Value[] = [];
  descend(value.operands, (each) => {
    if (source.traffic.cluster.members.has(each)) return false;
    const isTensor = traffic.loads.includes(each) || traffic.cluster.members.has(each);
    if (isTensor) loads.push(each);
    return !isTensor;
  });
  return loads;
}

/** What a kernel loads for all that it stores but one value, and whether that value is part of it. */
function needsWithout(
  value: Value,
  { traffic }: Step,
): { readonly needed: ReadonlySet<Value>; readonly passes: boolean } {
  const needed = new Set<Value>();
  let passes = false;
  descend(
    traffic.stores.filter((each) => each !== value),
    (each) => {
      passes ||= each === value;
      const isLoaded = traffic.loads.includes(each);
      if (isLoaded) needed.add(each);
      return !isLoaded && each !== value;
    },
  );
  return { needed, passes };
}
