/// Reading outputs back without creating anything in a step: each call copies its outputs into one slot of a ring.

import type { EntryPoint } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate, InFlight } from "./gate.ts";
import { mapModeRead } from "./memory.ts";
import { slotBytes } from "./tensor.ts";

/** One call of an entry point. */
export interface Call extends InFlight {
  /** Where its outputs are copied to. */
  slot?: GPUBuffer;
  /** Outputs, once somebody has asked for them. */
  bytes?: Promise<ArrayBuffer>;
  /** Settles when the GPU buffers given to this call are known to be valid. */
  checked?: Promise<void>;
}

/** Where the outputs of an entry point lie: `size` bytes from byte `start` of buffer `buffer`. */
export interface OutputRange {
  readonly buffer: number;
  readonly start: number;
  readonly size: number;
}

/** The range that one copy must take to hold every output, of size 0 when there is nothing to copy. */
export function outputRange({ outputs }: EntryPoint): OutputRange {
  const start = Math.min(...outputs.map((slot) => slot.offset));
  const end = Math.max(...outputs.map((slot) => slot.offset + slotBytes(slot)));
  return { buffer: outputs[0]?.buffer ?? 0, start, size: Math.max(end - start, 0) };
}

/** The slots of one entry point. */
export interface Ring {
  /** Opens a call and records the copy of its outputs. */
  begin(encoder: GPUCommandEncoder): Call;
  /** The bytes of a call's outputs, from the start of their range. Error `output-expired`. */
  read(call: Call): Promise<ArrayBuffer>;
}

/** Makes the ring over `buffers`, of which there must be as many as calls may be in flight. */
export function createRing(
  gate: Gate,
  name: string,
  { start, size }: OutputRange,
  source: GPUBuffer,
  buffers: readonly GPUBuffer[],
): Ring {
  // Least recently used first. The gate lets in fewer calls than there are slots, so one without open work exists. A slot
  // whose read is under way is passed over, and the others expire one call earlier for it.
  const slots = new Map<GPUBuffer, Call | undefined>(buffers.map((buffer) => [buffer, undefined]));
  const copyOut = async (call: Call): Promise<ArrayBuffer> => {
    const slot = call.slot!;
    gate.enter(call);
    try {
      await gate.guard(slot.mapAsync(mapModeRead));
      gate.finished(call);
      const bytes = slot.getMappedRange().slice(0);
      slot.unmap();
      return bytes;
    } finally {
      gate.leave(call);
    }
  };
  return {
    begin(encoder) {
      const call: Call = { open: 0 };
      for (const [slot, last] of slots) {
        if (last?.open) continue;
        slots.delete(slot);
        slots.set(slot, call);
        call.slot = slot;
        encoder.copyBufferToBuffer(source, start, slot, 0, size);
        break;
      }
      return call;
    },
    async read(call) {
      // Nothing to wait for: the slot is claimed before a later call takes it.
      if (call.checked) await call.checked;
      if (!size) return new ArrayBuffer(0);
      if (!call.bytes) {
        gate.check();
        if (slots.get(call.slot!) !== call) throw runtimeErrors["output-expired"](name, slots.size);
        call.bytes = copyOut(call);
      }
      return call.bytes;
    },
  };
}
