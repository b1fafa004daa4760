/// Reading outputs back without creating anything in a step: each call copies its outputs into one slot of a ring.

import type { EntryPoint } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate, InFlight } from "./gate.ts";
import { mapModeRead } from "./memory.ts";
import { slotBytes } from "./tensor.ts";

/** One call of an entry point. */
export interface Call extends InFlight {
  /** Where its outputs are copied to. */
  slot: number;
  /** Outputs, once somebody has asked for them. */
  bytes?: Promise<ArrayBuffer>;
  /** What WebGPU found wrong with the GPU buffers given to this call, as far as it has said by then. */
  error?: (() => Promise<GPUError | null> | GPUError | undefined) | undefined;
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
  // In turns. The gate lets in fewer calls than there are slots, so one without open work exists. A slot whose read is
  // under way is passed over, and the others expire one call earlier for it.
  const calls: Call[] = [];
  let last = 0;
  const check = async (call: Call): Promise<void> => {
    const error = await call.error?.();
    if (error) throw runtimeErrors["input-type"](name, "inputs", "GPU buffers fit to bind", error.message);
  };
  const copyOut = async (call: Call): Promise<ArrayBuffer> => {
    const slot = buffers[call.slot]!;
    gate.enter(call);
    try {
      await gate.guard(slot.mapAsync(mapModeRead));
      gate.finished(call);
      const bytes = slot.getMappedRange().slice(0);
      slot.unmap();
      await check(call);
      return bytes;
    } finally {
      gate.leave(call);
    }
  };
  return {
    check,
    begin(encoder) {
      const call: Call = { open: 0, slot: -1 };
      for (let passed = 0; passed < buffers.length; passed++) {
        last = (last + 1) % buffers.length;
        if (calls[last]?.open) continue;
        calls[last] = call;
        call.slot = last;
        encoder.copyBufferToBuffer(source, start, buffers[last]!, 0, size);
        break;
      }
      return call;
    },
    async read(call) {
      if (!size) {
        await check(call);
        return new ArrayBuffer(0);
      }
      // Nothing to wait for: the slot is claimed before a later call takes it.
      if (!call.bytes) {
        gate.check();
        if (calls[call.slot] !== call) throw runtimeErrors["output-expired"](name, buffers.length);
        call.bytes = copyOut(call);
      }
      return call.bytes;
    },
  };
}
