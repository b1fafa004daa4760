/// Reading outputs back without creating anything in a step. Each call puts its outputs into a slot of a ring, and they are
/// copied where somebody reads them: a copy costs a step as much as several dispatches do. Where a call was read, the next
/// is copied in its own submit, since whoever reads every step reads that one too; other reads are submits of their own.
/// Buffers to copy to are made where as many reads as never before are under way, and kept.

import type { EntryPoint, InputSlot } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate, InFlight } from "./gate.ts";
import type { CheckedInput } from "./inputs.ts";
import type { NewBuffers } from "./memory.ts";
import { createBuffers, mapModeRead, readbackUsage } from "./memory.ts";
import { slotBytes } from "./tensor.ts";
import type { OutputBuffer } from "./types.ts";

/** Where outputs lie on the GPU, and how the call before was bound that put its own there. */
export interface Place extends OutputBuffer {
  /** Its inputs, where some were on the GPU. */
  given?: readonly CheckedInput[] | undefined;
  /** A group for each dispatch. */
  groups?: readonly GPUBindGroup[];
}

/** A place for outputs. */
export interface Slot extends InFlight {
  /** Where dispatches write them. */
  readonly place: Place;
  /** Where they are copied to: by their own submit, or where they are read. */
  copy?: GPUBuffer | undefined;
}

/** One call of an entry point, with the place for its outputs. */
export interface Call extends Slot {
  /** Outputs, once somebody has asked for them. */
  bytes?: Promise<ArrayBuffer>;
  /** Error `input-type` where WebGPU finds something wrong with the GPU buffers given to this call. */
  error?: Promise<Error | null> | undefined;
}

/** The outputs of an entry point as one tensor, which begins its buffer; without outputs it has no elements. */
export function outputSlot({ outputs }: EntryPoint): Pick<InputSlot, "buffer" | "offset" | "shape"> {
  const ends = outputs.map((slot) => slot.offset + slotBytes(slot));
  return { buffer: outputs[0]?.buffer ?? 0, offset: 0, shape: [Math.max(0, ...ends) / 4] };
}

/** The slots of one entry point. */
export interface Ring {
  /** Records a call by `record`, with the copy of its outputs where some were read since the call before it. */
  submit(record: (encoder: GPUCommandEncoder, outputs: Place) => void): Call;
  /**
   * The bytes of a call's outputs, from the start of their range; nothing where there are none. Errors `output-expired`,
   * `out-of-memory`.
   */
  read(call: Call): Promise<ArrayBuffer>;
}

/** What a ring needs of its module. */
interface Owner {
  readonly device: GPUDevice;
  readonly gate: Gate;
  readonly memory: GPUBuffer[];
}

/** Throws `input-type` when a GPU buffer given to a call was not valid. */
export async function checkCall(call: Call): Promise<void> {
  const error = await call.error;
  if (error) throw error;
}

/** Submits a call with the copy that it asked for, or the copy alone. */
function send(device: GPUDevice, { place, copy }: Call, record?: Parameters<Ring["submit"]>[0]): void {
  const encoder = device.createCommandEncoder();
  record?.(encoder, place);
  if (copy) encoder.copyBufferToBuffer(place.buffer, 0, copy, 0, place.size);
  device.queue.submit([encoder.finish()]);
}

/**
 * Makes the ring of `slots`, of which there must be as many as calls may be in flight; buffers to copy to are
 * added to `memory`.
 *
 * They are in the order of their use, round from the oldest, and stay where they are: moving them up cost a call as much as
 * several dispatches do. The gate lets in fewer calls than there are slots, so one without open work exists. A slot whose
 * read is under way is passed over, and comes before the others again; these expire one call earlier for it.
 */
export function createRing({ device, gate, memory }: Owner, name: string, slots: Slot[]): Ring {
  let oldest = 0;
  let wasRead = false;
  const idle: GPUBuffer[] = [];
  const copyOut = async (call: Call): Promise<ArrayBuffer> => {
    wasRead = true;
    let made: NewBuffers | undefined;
    if (!call.copy) {
      if (!idle.length) {
        made = createBuffers(device, [{ label: name, size: call.place.size, usage: readbackUsage }]);
        idle.push(...made.buffers);
        memory.push(...made.buffers);
      }
      call.copy = idle.pop()!;
      send(device, call);
    }
    const { copy } = call;
    // Where it fails, nobody copies to it again.
    call.copy = undefined;
    gate.enter(call);
    try {
      if (made) await gate.guard(made.checked);
      await gate.guard(copy.mapAsync(mapModeRead));
      gate.finished(call);
      const bytes = copy.getMappedRange().slice(0);
      copy.unmap();
      idle.push(copy);
      return bytes;
    } finally {
      gate.leave(call);
    }
  };
  return {
    submit(record) {
      let free = oldest;
      while (slots[free]!.open) free = ++free % slots.length;
      const { place, copy } = slots[free]!;
      // Of a call that nobody read.
      if (copy) idle.push(copy);
      slots[free] = slots[oldest]!;
      const call = (slots[oldest] = { open: 0, place, copy: wasRead ? idle.pop() : undefined });
      oldest = ++oldest % slots.length;
      send(device, call, record);
      wasRead = false;
      return call;
    },
    async read(call) {
      // Nothing to wait for: the slot is claimed before a later call takes it.
      if (call.place.size && !call.bytes) {
        gate.check();
        if (!slots.includes(call)) throw runtimeErrors["output-expired"](name, slots.length);
        call.bytes = copyOut(call);
      }
      const bytes = await call.bytes;
      await checkCall(call);
      return bytes!;
    },
  };
}
