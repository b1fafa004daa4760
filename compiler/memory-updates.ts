/// Small states, such as the counter of random numbers, are overwritten at the end where kernels may run again that read
/// them: what computes the new value then waits for none of those.
import type { Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import type { Shares } from "./cluster/bindings.ts";
import { mostBindings } from "./cluster/partition.ts";
import type { Target } from "./lower/kernel.ts";
import { stepBindings, type EntryPlan, type PlannedStep, type Together } from "./plan.ts";
import { commit } from "./schedule/order.ts";

/** Larger states stay in place: their copies would be alive all the time. */
const largest = 1024;

/** A plan, and the dispatch of each of its steps. */
export interface Dispatched {
  readonly plan: EntryPlan;
  readonly groupOf: ReadonlyMap<PlannedStep, Together>;
}

/**
 * The plan with small states put off, of those that other kernels read than the one that writes them. What is put off is
 * bound beside the state that was read and written in place, so that a kernel that has no binding left keeps its own.
 */
export function putOff(plan: EntryPlan, groups: readonly Together[], shares: Shares): Dispatched {
  const { steps } = plan;
  const groupOf = new Map(groups.flatMap((group) => group.steps.map((step) => [step, group] as const)));
  const readers = new Map<Value, Set<PlannedStep>>();
  for (const step of steps) {
    for (const load of step.traffic.loads) readers.set(load, (readers.get(load) ?? new Set()).add(step));
  }
  const copies: PlannedStep[] = [];
  const kept = steps.map((step) => {
    const { targets } = step;
    const isAwaited = [...targets.values()].flat().some(({ value, state }) => !state && readers.has(value));
    const isSmall = (state: Value): boolean =>
      bytesOf(state) <= largest && [...(readers.get(state) ?? [])].some((other) => other !== step);
    const small = [...targets.values()].flat().filter(({ state }) => state && isSmall(state));
    if (!isAwaited) return step;
    let waiting = step;
    for (const target of small) {
      const next = { ...waiting, targets: without(waiting.targets, target) };
      if (!step.loop && stepBindings(next, shares) > mostBindings) continue;
      copies.push(commit(target.value, target.state!));
      waiting = next;
    }
    if (waiting !== step) groupOf.set(waiting, groupOf.get(step)!);
    return waiting;
  });
  for (const copy of copies) groupOf.set(copy, { steps: copies, apart: true });
  return { plan: { ...plan, steps: [...kept, ...copies] }, groupOf };
}

/** Targets without one; its value then has a tensor of its own. */
function without(targets: PlannedStep["targets"], target: Target): PlannedStep["targets"] {
  const { value } = target;
  const rest = targets.get(value)!.filter((other) => other !== target);
  const isOwn = rest.some(({ state, row }) => !state && !row);
  return new Map(targets).set(value, isOwn ? rest : [{ value }, ...rest]);
}
