/// Every output and every updated state of an entry point on a device against the interpreter.
import { settingOp } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { drawExpected, type Expected, type Witnesses } from "./expected.ts";

/** Numbers by name. */
export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** A compiled model on a device. The caller provides it: the compiler itself knows no GPU. */
export interface DeviceModule {
  /** One line that names the adapter. */
  readonly adapter: string;
  /** Sets the states, calls an entry point once, and reads what it left. */
  run(
    entryPoint: string,
    states: Numbers,
    inputs: Numbers,
  ): Promise<{ readonly outputs: Numbers; readonly states: Numbers }>;
  destroy(): void;
}

/** How one result on the device compares with the interpreter. */
export interface KernelCheck {
  readonly entryPoint: string;
  /** Name of the output or state. */
  readonly name: string;
  readonly kind: "output" | "state";
  readonly count: number;
  /** Entries that are not finite as the model writes them: compared with the simplified formula, no independent witness. */
  readonly onlySimplified: number;
  /** Largest relative error, where, and the numbers there: found, expected, and what the simplified formula gives. */
  readonly worst: number;
  readonly index: number;
  readonly device: number;
  readonly interpreter: number;
  readonly simplified: number;
  readonly ok: boolean;
}

/**
 * What float32 keeps of a sum of many roundings. The witness is rounded as well: a formula as written may lose digits that
 * the kernel's does not, but float64 has twelve more of them to lose before that shows here.
 */
const tolerance = 1e-4;

/** Runs an entry point, by its position, on the device and in the interpreter. */
export async function checkKernels(
  witnesses: Witnesses,
  position: number,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  device: DeviceModule,
): Promise<readonly KernelCheck[]> {
  const { written } = witnesses;
  const entry = written.entryPoints[position];
  const { data, expected } = drawExpected(witnesses, position, sizes, seed);
  const named = (leaves: readonly Value[]): Numbers =>
    Object.fromEntries(leaves.map((leaf) => [written.notes.get(leaf)?.name ?? "", data.get(leaf)!]));
  const inputs = named(written.inputs.filter((leaf) => leaf.op !== settingOp));
  const found = await device.run(entry.name, named(written.states), inputs);
  const outputs = entry.outputs.map(({ name }, place) =>
    compare({ entryPoint: entry.name, name, kind: "output" }, found.outputs[name], expected[place]),
  );
  const states = entry.updates.map(({ state }, place) => {
    const name = written.notes.get(state)?.name ?? "";
    const wanted = expected[outputs.length + place];
    return compare({ entryPoint: entry.name, name, kind: "state" }, found.states[name], wanted, data.get(state)!);
  });
  return [...outputs, ...states];
}

/**
 * Relative to the number itself, but not finer than a hundredth of the largest: sums cancel. Where all of them do, it is the
 * largest that they are sums of. For a state, relative to its change as well, since a small step could hide a wrong
 * gradient; as far as float32 can tell `before` and after apart.
 */
function compare(
  item: Pick<KernelCheck, "entryPoint" | "name" | "kind">,
  found: ArrayLike<number>,
  expected: Expected,
  before?: Float64Array,
): KernelCheck {
  const check = compareFrom(largest(expected.numbers), item, found, expected, before);
  if (check.ok || before) return check;
  const again = compareFrom(largest(expected.uncancelled()), item, found, expected);
  return again.ok ? again : check;
}

/** The same with the largest number given. */
function compareFrom(
  most: number,
  item: Pick<KernelCheck, "entryPoint" | "name" | "kind">,
  found: ArrayLike<number>,
  { numbers: expected, simplified, onlySimplified }: Expected,
  before?: Float64Array,
): KernelCheck {
  const floor = Math.max(most / 100, 1e-6);
  const changes = before && expected.map((value, index) => value - before[index]);
  const changeFloor = changes && Math.max(largest(changes) / 100, 1e-6);
  const magnitude = (value: number, index: number): number => {
    const size = Math.max(Math.abs(value), floor);
    return changes ? Math.min(size, Math.max(Math.abs(changes[index]), changeFloor!, 4e-3 * Math.abs(value))) : size;
  };
  let worst = { worst: 0, index: 0 };
  expected.forEach((value, index) => {
    const same = Object.is(found[index], value) || found[index] === value;
    const error = same ? 0 : Math.abs(found[index] - value) / magnitude(value, index);
    // A NaN on one side alone is as wrong as can be.
    const size = Number.isNaN(error) ? Infinity : error;
    if (size > worst.worst) worst = { worst: size, index };
  });
  const { index } = worst;
  const numbers = { device: found[index], interpreter: expected[index], simplified: simplified[index] };
  return { ...item, count: expected.length, onlySimplified, ...worst, ...numbers, ok: worst.worst <= tolerance };
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}
