/// The order of kernels, and where updates are written. A state is written in place by the kernel that computes its new
/// value, after every kernel that reads the old one; where that cannot be, the value is kept and copied at the end.
import { joinIndex } from "../../ir/ops/layout.ts";
import { usersOf, type Value } from "../../ir/value.ts";
import { sameIndex, spaceIndex, throughLayouts } from "../cluster/access.ts";
import { indexWithin } from "../cluster/within.ts";
import { descend } from "../cluster/descend.ts";
import type { Traffic } from "../cluster/store.ts";
import { indexAlgebra, indexKey, type Index } from "../lower/index.ts";
import type { Target } from "../lower/kernel.ts";
import { createSequence, type Sequence, type Wait } from "./sequence.ts";

/** One kernel to launch, and where each value that it stores goes. */
export interface Step {
  readonly traffic: Traffic;
  readonly targets: ReadonlyMap<Value, readonly Target[]>;
  /** Results that lie where operands lay, which nobody reads any more. */
  readonly over?: Places;
}

/** By the result, the operand in whose place it lies. */
export type Places = ReadonlyMap<Value, Value>;

/** What an entry point writes, by value. */
export interface Results {
  readonly outputs: ReadonlySet<Value>;
  /** States by the value that they take. */
  readonly updates: ReadonlyMap<Value, readonly Value[]>;
  /** Tensors of a loop of which values become rows. */
  readonly rows?: ReadonlyMap<Value, readonly Target[]>;
}

/** Kernels in launch order. */
export function orderKernels(traffic: readonly Traffic[], results: Results): readonly Step[] {
  const net = connect(traffic, results);
  const deferred = new Set<Value>();
  const interiors = new Map<number, Interior>();
  for (const { state, value, kernel } of net.updates) {
    if (!traffic[kernel].loads.includes(state)) continue;
    const interior = interiors.get(kernel) ?? interiorOf(traffic[kernel]);
    interiors.set(kernel, interior);
    if (!isSafeInPlace(value, state, interior)) deferred.add(state);
  }
  const unsafe = deferred.size;
  const first = putOffCircles(net, deferred);
  const { order } = deferred.size === unsafe ? first : runSequence(net, deferred).sequence;
  const steps = order.map((kernel) => ({
    traffic: traffic[kernel],
    targets: targetsOf(kernel, net, results, deferred),
  }));
  return [...steps, ...commits(traffic, results, deferred)];
}

/** Who reads and who writes, kernels by their number. */
interface Net {
  readonly traffic: readonly Traffic[];
  readonly readers: ReadonlyMap<Value, readonly number[]>;
  readonly producer: ReadonlyMap<Value, number>;
  /** States, their new values, and the kernels that compute these, in the order of kernels. */
  readonly updates: readonly { readonly state: Value; readonly value: Value; readonly kernel: number }[];
}

function connect(traffic: readonly Traffic[], results: Results): Net {
  const readers = new Map<Value, number[]>();
  const producer = new Map<Value, number>();
  traffic.forEach(({ loads, stores }, kernel) => {
    for (const load of loads) {
      const known = readers.get(load);
      if (known) known.push(kernel);
      else readers.set(load, [kernel]);
    }
    for (const value of stores) producer.set(value, kernel);
  });
  const updates = traffic.flatMap(({ stores }, kernel) =>
    stores.flatMap((value) => (results.updates.get(value) ?? []).map((state) => ({ state, value, kernel }))),
  );
  return { traffic, readers, producer, updates };
}

/** Launches what can be launched; kernels that wait for each other stay. */
function runSequence({ traffic, readers, producer, updates }: Net, deferred: ReadonlySet<Value>) {
  const sequence = createSequence(traffic.length);
  traffic.forEach(({ loads }, kernel) => {
    for (const load of loads) {
      const source = producer.get(load);
      if (source !== undefined && source !== kernel) sequence.wait(kernel, source);
    }
  });
  /** A state is overwritten after those that read it. */
  const overwriting = new Map<Value, readonly Wait[]>();
  for (const { state, kernel } of updates) {
    if (deferred.has(state)) continue;
    const others = (readers.get(state) ?? []).filter((reader) => reader !== kernel);
    overwriting.set(
      state,
      others.map((reader) => sequence.wait(kernel, reader)),
    );
  }
  sequence.run();
  return { sequence, overwriting };
}

/** Puts off updates in place that close a circle. That only frees kernels: the search goes on where it stood. */
function putOffCircles(net: Net, deferred: Set<Value>): Sequence {
  const { sequence, overwriting } = runSequence(net, deferred);
  for (const { state, kernel } of net.updates) {
    if (sequence.order.length === net.traffic.length) break;
    if (sequence.hasGone(kernel) || deferred.has(state)) continue;
    deferred.add(state);
    overwriting.get(state)!.forEach(sequence.drop);
    sequence.run();
  }
  if (sequence.order.length < net.traffic.length) {
    throw new TypeError("kernels wait for each other, and no update can be put off");
  }
  return sequence;
}

/** A value goes into the states that take it in place, and into a tensor of its own when anything else reads it. */
function targetsOf(
  kernel: number,
  { traffic, readers }: Net,
  results: Results,
  deferred: ReadonlySet<Value>,
): ReadonlyMap<Value, readonly Target[]> {
  return new Map(
    traffic[kernel].stores.map((value) => {
      const states = results.updates.get(value) ?? [];
      const read = readers.get(value)?.some((reader) => reader !== kernel) ?? false;
      const own = read || results.outputs.has(value) || states.some((state) => deferred.has(state));
      const inPlace = states.filter((state) => !deferred.has(state)).map((state): Target => ({ value, state }));
      return [value, [...(own ? [{ value }] : []), ...inPlace, ...(results.rows?.get(value) ?? [])]];
    }),
  );
}

/** Copies of kept values into their states, after everything else. */
function commits(traffic: readonly Traffic[], results: Results, deferred: ReadonlySet<Value>): Step[] {
  if (deferred.size === 0) return [];
  return traffic.flatMap((each) =>
    each.stores.flatMap((value) =>
      (results.updates.get(value) ?? []).filter((state) => deferred.has(state)).map((state) => commit(value, state)),
    ),
  );
}

/** The copy of a kept value into its state. */
export function commit(value: Value, state: Value): Step {
  const { shape } = value.type;
  const members = new Set([value]);
  const index = spaceIndex(shape);
  const cluster = { kind: "map", space: shape, index, axes: [], members, sealed: true } as const;
  return { traffic: { cluster, loads: [value], stores: [value] }, targets: new Map([[value, [{ value, state }]]]) };
}

/** What a kernel computes: who uses what, and at which index it has its results. */
interface Interior {
  readonly stores: readonly Value[];
  readonly users: ReadonlyMap<Value, readonly Value[]>;
  indexOf(value: Value): readonly Index[];
  /** The same text for two indices at the same place in memory. */
  keyOf(value: Value, index: readonly Index[]): string;
}

function interiorOf({ cluster, loads, stores }: Traffic): Interior {
  const loaded = new Set(loads);
  const computed: Value[] = [];
  descend(stores, (value) => {
    if (value.op.kind === "leaf" || loaded.has(value)) return false;
    computed.push(value);
    return true;
  });
  const keys = new Map<readonly Index[], string>();
  return {
    ...{ stores, users: usersOf(computed) },
    indexOf: ({ type }) => indexWithin(type.shape, cluster) ?? spaceIndex(type.shape),
    keyOf({ type }, index) {
      const key = keys.get(index) ?? indexKey(joinIndex(index, type.shape, indexAlgebra));
      keys.set(index, key);
      return key;
    },
  };
}

/** True when the kernel reads the old state only where it writes the new one, in the thread that writes it. */
function isSafeInPlace(value: Value, state: Value, interior: Interior): boolean {
  const { stores, indexOf, keyOf } = interior;
  const canonical = indexOf(value);
  const place = keyOf(value, canonical);
  const touches = readersOf(state, interior);
  const known = new Map<Value, Set<string>>();
  const visit = (each: Value, index: readonly Index[], at: string): boolean => {
    if (!touches.has(each)) return true;
    const { value: base, index: source } = throughLayouts(each, index);
    const there = source === index ? at : keyOf(base, source);
    if (base === state) return there === place;
    if (known.get(base)?.has(there)) return true;
    known.set(base, (known.get(base) ?? new Set()).add(there));
    return base.op.kind === "elementwise" && base.operands.every((operand) => visit(operand, source, there));
  };
  return stores.every((store) => {
    if (!touches.has(store)) return true;
    const index = indexOf(store);
    return visit(store, index, keyOf(store, index)) && sameIndex(index, canonical);
  });
}

/** What this kernel computes from the state, and the state itself. */
function readersOf(state: Value, { users }: Interior): ReadonlySet<Value> {
  const touches = new Set([state]);
  for (const each of touches) for (const user of users.get(each) ?? []) touches.add(user);
  return touches;
}
