/// What a call returns: an object whose outputs are promises that begin when they are first asked for.

import type { EntryPoint } from "./abi.ts";
import type { Gate } from "./gate.ts";
import type { Call, OutputRange, Ring } from "./readback.ts";
import { copySlot, slotBytes } from "./tensor.ts";
import type { OutputBuffer, TypedArray } from "./types.ts";

const callKey = Symbol();

interface StepObject {
  readonly [callKey]: Call;
}

type Outputs = Record<string, number | TypedArray>;

/**
 * Gives the function that wraps calls of one entry point. The getters sit on one shared prototype: a step costs one
 * small object, and an output that nobody reads makes no promise, hence no unhandled rejection.
 */
export function stepMaker(
  gate: Gate,
  entry: EntryPoint,
  ring: Ring,
  { start }: OutputRange,
  memory: readonly GPUBuffer[],
): (call: Call) => object {
  const read = async (step: StepObject): Promise<Outputs> => {
    const bytes = await ring.read(step[callKey]);
    const outputs: Outputs = {};
    for (const slot of entry.outputs) {
      const values = copySlot(slot, bytes, start);
      outputs[slot.name] = slot.shape.length ? values : values[0]!;
    }
    return outputs;
  };
  const prototype: PropertyDescriptorMap = {};
  const buffers: Record<string, OutputBuffer> = {};
  for (const slot of entry.outputs) {
    const { name, buffer, offset } = slot;
    buffers[name] = { buffer: memory[buffer]!, offset, size: slotBytes(slot) };
    prototype[name] = {
      async get(this: StepObject) {
        return (await read(this))[name];
      },
    };
  }
  prototype.buffers = { value: buffers };
  prototype.read = {
    value(this: StepObject) {
      return read(this);
    },
  };
  prototype.accepted = {
    async get(this: StepObject) {
      await ring.check(this[callKey]);
      return gate.room();
    },
  };
  if (!entry.updates) {
    prototype.then = {
      value(this: StepObject, ...handlers: Parameters<Promise<Outputs>["then"]>) {
        return read(this).then(...handlers);
      },
    };
  }
  const shared = Object.create(null, prototype) as object;
  return (call) => {
    const step = Object.create(shared) as { [callKey]: Call };
    step[callKey] = call;
    return step;
  };
}
