/// Reading outputs back without creating anything in a step: each call copies its outputs into one slot of a ring.

import type { EntryPoint } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate, InFlight } from "./gate.ts";
import { mapModeRead } from "./memory.ts";
import { slotBytes } from "./tensor.ts";

/** One call of an entry point. */
export interface Call extends InFlight {
  /** Where its outputs are copied to. */
  slot?: Slot;
  /** Outputs, once somebody has asked for them. */
  bytes?: Promise<ArrayBuffer>;
  /** What WebGPU finds wrong with the GPU buffers given to this call. */
  error?: Promise<GPUError | null> | undefined;
}

/** A place for outputs, and the last call that took it. */
interface Slot {
  readonly buffer: GPUBuffer;
  call?: Call;
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
  /** The bytes of a call's outputs, from the start of their range; nothing where there are none. Error `output-expired`. */
  read(call: Call): Promise<ArrayBuffer>;
  /** Throws `input-type` when a GPU buffer given to a call was not valid. */
  check(call: Call): Promise<void>;
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
  const slots = buffers.map((buffer): Slot => ({ buffer }));
  const check = async (call: Call): Promise<void> => {
    const error = await call.error;
    if (error) throw runtimeErrors["input-type"](name, "inputs", "GPU buffers fit to bind", error.message);
  };
  const copyOut = async (call: Call): Promise<ArrayBuffer> => {
    const slot = call.slot!.buffer;
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
    check,
    begin(encoder) {
      const call: Call = { open: 0 };
      const at = slots.findIndex((slot) => !slot.call?.open);
      if (at >= 0) {
        const [slot] = slots.splice(at, 1);
        slots.push((call.slot = slot!));
        slot!.call = call;
        encoder.copyBufferToBuffer(source, start, slot!.buffer, 0, size);
      }
      return call;
    },
    async read(call) {
      // Nothing to wait for: the slot is claimed before a later call takes it.
      if (size && !call.bytes) {
        gate.check();
        if (call.slot?.call !== call) throw runtimeErrors["output-expired"](name, buffers.length);
        call.bytes = copyOut(call);
      }
      const bytes = await call.bytes;
      await check(call);
      return bytes!;
    },
  };
}
