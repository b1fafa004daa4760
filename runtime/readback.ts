/// Reading outputs back without creating anything in a step: each call copies its outputs into one slot of a ring.

import type { EntryPoint } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { mapModeRead } from "./memory.ts";
import { slotBytes } from "./tensor.ts";

/** One call of an entry point. */
export interface Call {
  /** Unfinished works on this call: the GPU's, and a read. It is in flight while there are any. */
  open: number;
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

/** The range that one copy must take to hold every output; absent when there is nothing to copy. */
export function outputRange({ outputs }: EntryPoint): OutputRange | undefined {
  if (!outputs.length) return undefined;
  const start = Math.min(...outputs.map((slot) => slot.offset));
  const end = Math.max(...outputs.map((slot) => slot.offset + slotBytes(slot)));
  return end > start ? { buffer: outputs[0]!.buffer, start, size: end - start } : undefined;
}

/** The slots of one entry point. */
export interface Ring {
  /** Opens a call and records the copy of its outputs. */
  begin(encoder: GPUCommandEncoder): Call;
  /** Ends one work on a call. */
  release(call: Call): void;
  /** The bytes of a call's outputs, from the start of their range. Error `output-expired`. */
  read(call: Call): Promise<ArrayBuffer>;
}

interface RingSlot {
  readonly buffer: GPUBuffer;
  call?: Call;
}

/** Makes the ring over `buffers`, of which there must be as many as calls may be in flight. */
export function createRing(
  gate: Gate,
  name: string,
  range: OutputRange | undefined,
  source: GPUBuffer | undefined,
  buffers: readonly GPUBuffer[],
): Ring {
  // Least recently used first. The gate lets in fewer calls than there are slots, so one without open work exists. A slot
  // whose read is under way is passed over, and the others expire one call earlier for it.
  const slots: RingSlot[] = buffers.map((buffer) => ({ buffer }));
  const release = (call: Call): void => {
    if (!--call.open) gate.leave();
  };
  const copyOut = async ({ buffer }: RingSlot, call: Call): Promise<ArrayBuffer> => {
    if (!call.open++) gate.enter();
    try {
      await gate.guard(buffer.mapAsync(mapModeRead));
      const bytes = buffer.getMappedRange().slice(0);
      buffer.unmap();
      return bytes;
    } finally {
      release(call);
    }
  };
  return {
    release,
    begin(encoder) {
      gate.enter();
      const call: Call = { open: 1 };
      if (range && source) {
        let index = 0;
        while (slots[index]!.call?.open) index++;
        const slot = slots[index]!;
        slots.copyWithin(index, index + 1);
        slots[slots.length - 1] = slot;
        slot.call = call;
        encoder.copyBufferToBuffer(source, range.start, slot.buffer, 0, range.size);
      }
      return call;
    },
    async read(call) {
      if (call.checked) await call.checked;
      if (!range) return new ArrayBuffer(0);
      if (!call.bytes) {
        gate.check();
        const slot = slots.find((candidate) => candidate.call === call);
        if (!slot) throw runtimeErrors["output-expired"](name, slots.length);
        call.bytes = copyOut(slot, call);
      }
      return call.bytes;
    },
  };
}
