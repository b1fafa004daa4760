/// What a call returns: an object whose outputs are promises that begin when they are first asked for.

import type { EntryPoint, Slot } from "./abi.ts";
import type { Gate } from "./gate.ts";
import type { Call, Ring } from "./readback.ts";
import { checkCall } from "./readback.ts";
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
export function stepMaker(gate: Gate, entry: EntryPoint, ring: Ring): (call: Call) => object {
  const read = async function (this: StepObject): Promise<Outputs> {
    const call = this[callKey];
    const bytes = await ring.read(call);
    const outputs: Outputs = {};
    for (const slot of entry.outputs) {
      const values = copySlot(slot, bytes);
      outputs[slot.name] = slot.shape.length ? values : values[0]!;
    }
    return outputs;
  };
  const prototype: PropertyDescriptorMap = {};
  for (const { name } of entry.outputs) {
    prototype[name] = {
      async get(this: StepObject) {
        return (await read.call(this))[name];
      },
    };
  }
  prototype.buffers = {
    get(this: StepObject) {
      const { buffer } = this[callKey].place;
      const place = (slot: Slot): OutputBuffer => ({ buffer, offset: slot.offset, size: slotBytes(slot) });
      return Object.fromEntries(entry.outputs.map((slot) => [slot.name, place(slot)]));
    },
  };
  prototype.read = { value: read };
  prototype.accepted = {
    async get(this: StepObject) {
      await checkCall(this[callKey]);
      return gate.room();
    },
  };
  if (!entry.updates) {
    prototype.then = {
      value(this: StepObject, ...handlers: Parameters<Promise<Outputs>["then"]>) {
        return read.call(this).then(...handlers);
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
