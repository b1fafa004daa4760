/// Counts what a library asks of WebGPU: dispatches, submits, bytes bound and buffers alive. The methods of WebGPU's
/// classes are replaced while it counts, and put back before anything is timed.

/** What was asked for between two readings. */
export interface Counts {
  readonly dispatches: number;
  readonly submits: number;
  /** The ranges that dispatches bind, summed. */
  readonly bytes: number;
  /** Buffers, bind groups, pipelines, shaders and textures made. */
  readonly created: number;
}

/** The counters, since `reset`. */
export interface Probe {
  readonly counts: Counts;
  /** Made since the probe was installed. */
  readonly created: number;
  /** The largest sum of the sizes of buffers alive. */
  readonly peakBytes: number;
  /** What compute passes were told, in order. */
  readonly calls: readonly PassCall[];
  reset(): void;
  remove(): void;
}

/** One call on a compute pass. */
export interface PassCall {
  readonly method: "setPipeline" | "setBindGroup" | "dispatchWorkgroups";
  readonly values: readonly unknown[];
}

type Method = (this: object, ...values: never[]) => unknown;

/** Replaces methods, and knows how to put them back. */
function replacer(): { replace(name: string, method: string, around: (own: Method) => Method): void; undo(): void } {
  const undone: (() => void)[] = [];
  return {
    replace(name, method, around) {
      const { prototype } = (globalThis as never as Record<string, { prototype: Record<string, Method> }>)[name];
      const own = prototype[method];
      prototype[method] = around(own);
      undone.push(() => (prototype[method] = own));
    },
    undo: () => undone.forEach((each) => each()),
  };
}

const makers = ["createBindGroup", "createComputePipeline", "createComputePipelineAsync", "createShaderModule"];

interface BindGroupRequest {
  readonly entries: Iterable<{ readonly resource: object }>;
}

/** Bytes that a bind group shows to a kernel. */
function boundBytes({ entries }: BindGroupRequest): number {
  let bytes = 0;
  for (const { resource } of entries) {
    if ("buffer" in resource) {
      const { buffer, offset = 0, size } = resource as { buffer: GPUBuffer; offset?: number; size?: number };
      bytes += size ?? buffer.size - offset;
    } else if ("size" in resource) bytes += (resource as GPUBuffer).size;
  }
  return bytes;
}

/** Begins to count, in this process, until `remove`. WebGPU's classes must be globals. */
export function installProbe(): Probe {
  const { replace, undo } = replacer();
  const counts = { dispatches: 0, submits: 0, bytes: 0, created: 0 };
  const sizes = new WeakMap<object, number>();
  const bound = new WeakMap<object, readonly number[]>();
  const [live, calls] = [{ bytes: 0, peak: 0, created: 0 }, [] as PassCall[]];
  const passMethod = (method: PassCall["method"], note: (pass: object, values: readonly unknown[]) => void): void =>
    replace("GPUComputePassEncoder", method, (own) => {
      return function (...values) {
        note(this, values);
        calls.push({ method, values });
        return own.apply(this, values);
      };
    });
  passMethod("setPipeline", () => {});
  passMethod("setBindGroup", (pass, [index, group]) => {
    const ranges = [...(bound.get(pass) ?? [])];
    ranges[index as number] = sizes.get(group as object) ?? 0;
    bound.set(pass, ranges);
  });
  passMethod("dispatchWorkgroups", (pass) => {
    counts.dispatches++;
    counts.bytes += (bound.get(pass) ?? []).reduce((total, bytes) => total + (bytes ?? 0), 0);
  });
  replace("GPUQueue", "submit", (own) => {
    return function (...values) {
      counts.submits++;
      return own.apply(this, values);
    };
  });
  for (const method of makers) {
    replace("GPUDevice", method, (own) => {
      return function (...values) {
        counts.created++;
        live.created++;
        const made = own.apply(this, values);
        if (method === "createBindGroup") sizes.set(made as object, boundBytes(values[0]));
        return made;
      };
    });
  }
  const alive = new WeakMap<object, number>();
  const free = (buffer: object): void => {
    live.bytes -= alive.get(buffer) ?? 0;
    alive.delete(buffer);
  };
  replace("GPUDevice", "createBuffer", (own) => {
    return function (...values) {
      counts.created++;
      live.created++;
      const buffer = own.apply(this, values) as GPUBuffer;
      alive.set(buffer, buffer.size);
      live.bytes += buffer.size;
      live.peak = Math.max(live.peak, live.bytes);
      return buffer;
    };
  });
  replace("GPUBuffer", "destroy", (own) => {
    return function (...values) {
      free(this);
      return own.apply(this, values);
    };
  });
  return {
    counts,
    calls,
    get created() {
      return live.created;
    },
    get peakBytes() {
      return live.peak;
    },
    reset() {
      Object.assign(counts, { dispatches: 0, submits: 0, bytes: 0, created: 0 });
      calls.length = 0;
    },
    remove: undo,
  };
}
