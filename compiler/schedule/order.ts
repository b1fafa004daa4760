/// The order of kernels, and where updates are written. A state is written in place by the kernel that computes its new
/// value, after every kernel that reads the old one; where that cannot be, the value is kept and copied at the end.
import { joinIndex } from "../../ir/ops/layout.ts";
import type { Value } from "../../ir/value.ts";
import { sameIndex, spaceIndex, throughLayouts } from "../cluster/access.ts";
import { indexWithin } from "../cluster/cluster.ts";
import type { Traffic } from "../cluster/store.ts";
import { indexAlgebra, indexKey, type Index } from "../lower/index.ts";
import type { Target } from "../lower/kernel.ts";

/** One kernel to launch, and where each value that it stores goes. */
export interface Step {
  readonly traffic: Traffic;
  readonly targets: ReadonlyMap<Value, readonly Target[]>;
}

/** What an entry point writes, by value. */
export interface Results {
  readonly outputs: ReadonlySet<Value>;
  /** States by the value that they take. */
  readonly updates: ReadonlyMap<Value, readonly Value[]>;
}

/** Kernels in launch order. */
export function orderKernels(traffic: readonly Traffic[], results: Results): readonly Step[] {
  const deferred = new Set<Value>();
  for (const each of traffic) {
    for (const value of each.stores) {
      for (const state of results.updates.get(value) ?? []) if (!isSafeInPlace(value, state, each)) deferred.add(state);
    }
  }
  for (;;) {
    const attempt = tryOrder(traffic, results, deferred);
    if (Array.isArray(attempt)) return [...attempt, ...commits(traffic, results, deferred)];
    deferred.add(attempt as Value);
  }
}

/** The order, or a state whose update in place closes a circle. */
function tryOrder(traffic: readonly Traffic[], results: Results, deferred: ReadonlySet<Value>): Step[] | Value {
  const inPlace = (value: Value): Value[] => (results.updates.get(value) ?? []).filter((state) => !deferred.has(state));
  const producer = new Map(traffic.flatMap((each) => each.stores.map((value) => [value, each] as const)));
  const before = new Map(traffic.map((each) => [each, new Set<Traffic>()]));
  for (const each of traffic) {
    for (const load of each.loads) {
      const source = producer.get(load);
      if (source && source !== each) before.get(each)!.add(source);
    }
    for (const state of each.stores.flatMap(inPlace)) {
      for (const reader of traffic) if (reader !== each && reader.loads.includes(state)) before.get(each)!.add(reader);
    }
  }
  const order: Traffic[] = [];
  const waiting = new Set(traffic);
  while (waiting.size > 0) {
    const next = [...waiting].find((each) => [...before.get(each)!].every((earlier) => !waiting.has(earlier)));
    if (!next) {
      const [state] = [...waiting].flatMap((each) => each.stores.flatMap(inPlace));
      if (!state) throw new TypeError("kernels wait for each other, and no update can be put off");
      return state;
    }
    waiting.delete(next);
    order.push(next);
  }
  return order.map((each) => ({ traffic: each, targets: targetsOf(each, traffic, results, deferred) }));
}

/** A value goes into the states that take it in place, and into a tensor of its own when anything else reads it. */
function targetsOf(
  each: Traffic,
  traffic: readonly Traffic[],
  results: Results,
  deferred: ReadonlySet<Value>,
): ReadonlyMap<Value, readonly Target[]> {
  return new Map(
    each.stores.map((value) => {
      const states = results.updates.get(value) ?? [];
      const read = traffic.some((other) => other !== each && other.loads.includes(value));
      const own = read || results.outputs.has(value) || states.some((state) => deferred.has(state));
      const inPlace = states.filter((state) => !deferred.has(state)).map((state): Target => ({ value, state }));
      return [value, [...(own ? [{ value }] : []), ...inPlace]];
    }),
  );
}

/** Copies of kept values into their states, after everything else. */
function commits(traffic: readonly Traffic[], results: Results, deferred: ReadonlySet<Value>): Step[] {
  return traffic.flatMap((each) =>
    each.stores.flatMap((value) =>
      (results.updates.get(value) ?? [])
        .filter((state) => deferred.has(state))
        .map((state) => {
          const members = new Set([value]);
          const cluster = { kind: "map", space: value.type.shape, axes: [], members, sealed: true } as const;
          return {
            traffic: { cluster, loads: [value], stores: [value] },
            targets: new Map([[value, [{ value, state }]]]),
          };
        }),
    ),
  );
}

/** True when the kernel reads the old state only where it writes the new one, in the thread that writes it. */
function isSafeInPlace(value: Value, state: Value, { cluster, loads, stores }: Traffic): boolean {
  if (!loads.includes(state)) return true;
  const canonical = indexWithin(value.type.shape, cluster) ?? spaceIndex(value.type.shape);
  const place = indexKey(joinIndex(canonical, value.type.shape, indexAlgebra));
  const touches = readerOf(state, loads);
  const known = new Map<Value, Map<string, boolean>>();
  const visit = (each: Value, index: readonly Index[]): boolean => {
    const access = throughLayouts(each, index);
    const base = access.value;
    const at = indexKey(joinIndex(access.index, base.type.shape, indexAlgebra));
    if (base === state) return at === place;
    if (base.op.kind === "leaf" || loads.includes(base)) return true;
    if (base.op.kind !== "elementwise") return !touches(base);
    const answers = known.get(base) ?? new Map<string, boolean>();
    known.set(base, answers);
    const answer = answers.get(at) ?? base.operands.every((operand) => visit(operand, access.index));
    answers.set(at, answer);
    return answer;
  };
  return stores.every((store) => {
    const index = indexWithin(store.type.shape, cluster) ?? spaceIndex(store.type.shape);
    return visit(store, index) && (sameIndex(index, canonical) || !touches(store));
  });
}

/** Whether a value is computed from the state in this kernel. */
function readerOf(state: Value, loads: readonly Value[]): (value: Value) => boolean {
  const known = new Map<Value, boolean>();
  const touches = (value: Value): boolean => {
    if (value === state) return true;
    const answer = known.get(value) ?? (!loads.includes(value) && value.operands.some(touches));
    known.set(value, answer);
    return answer;
  };
  return touches;
}
