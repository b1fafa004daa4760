/// A compiled program on this machine's adapter, for checks.
import {
  load,
  type LoadedModule,
  type LoadOptions,
  type Program,
  type StateRecord,
  type Step,
  type TypedArray,
} from "../../runtime/index.ts";
import { auto } from "../../runtime/tuning.ts";
import type { DeviceModule, Numbers } from "../check/index.ts";

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

type Outputs = Record<string, number | TypedArray>;
type Entry = (inputs: Readonly<Record<string, TypedArray>>) => Step<Outputs>;

/** Loads a program with the runtime that generated modules use, and with the kernels that they choose on this adapter. */
export async function openDeviceModule(program: Program, options: LoadOptions = {}): Promise<DeviceModule> {
  const module = await load<LoadedModule & Readonly<Record<string, Entry>>>(program, { variants: auto, ...options });
  return {
    adapter: module.adapter,
    destroy: () => module.destroy(),
    async run(name, states, inputs) {
      module.writeState(stateRecord(program, states));
      const entry = program.entryPoints[name];
      const given = entry.inputs.map((slot) => [slot.name, arrays[slot.dtype].from(inputs[slot.name])] as const);
      const outputs = await module[name](Object.fromEntries(given)).read();
      const left = await module.readState();
      return {
        outputs: mapValues(outputs, (value) => (typeof value === "number" ? [value] : value)),
        states: mapValues(left, (tensor) => tensor.data),
      };
    },
  };
}

function stateRecord(program: Program, states: Numbers): StateRecord {
  const tensors = program.states.map(({ name, dtype, shape }) => {
    return [name, { dtype, shape, data: arrays[dtype].from(states[name]) }] as const;
  });
  return Object.fromEntries(tensors);
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => ArrayLike<number>): Numbers {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
