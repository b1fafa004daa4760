/// Compiling a program's kernels, in parallel, and binding their dispatches.

import type { Binding, BindingAccess, Dispatch, Kernel, Program } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import { textFor } from "./quads.ts";
import type { LoadOptions } from "./types.ts";

/** A compiled kernel. */
export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const bindingTypes: Readonly<Record<BindingAccess, GPUBufferBindingType>> = {
  read: "read-only-storage",
  read_write: "storage",
  uniform: "uniform",
};

const computeStage = 0x4;

/** Sends a kernel to the driver; `tell` is called when it is done. Resolves when its text is read, with the pipeline under way. */
function startKernel(
  device: GPUDevice,
  kernel: Kernel,
  tell: () => void,
): Promise<{ readonly made: Promise<CompiledKernel> }> {
  const label = kernel.name;
  return validated(device, label, () => {
    // Never `auto`, which drops bindings that the WGSL does not use.
    const entries = kernel.bindings.map((access, binding) => ({
      binding,
      visibility: computeStage,
      buffer: { type: bindingTypes[access] },
    }));
    const layout = device.createBindGroupLayout({ label, entries });
    const module = device.createShaderModule({ label, code: textFor(device, kernel.wgsl) });
    const making = device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const made = making.then(
      (pipeline) => {
        tell();
        return { pipeline, layout };
      },
      (error: unknown) => {
        throw runtimeErrors["kernel-invalid"](label, String(error));
      },
    );
    // It may fail while others are started; whoever waits for all of them is told.
    made.catch(() => {});
    return { made };
  });
}

/**
 * Compiles every kernel of a program, in parallel. Error `kernel-invalid` with the kernel's name and the compiler's
 * message.
 *
 * They start one after the other, so that the thread is free in between.
 */
export async function compileKernels(
  device: GPUDevice,
  { kernels }: Pick<Program, "kernels">,
  onProgress?: LoadOptions["onProgress"],
): Promise<readonly CompiledKernel[]> {
  const total = kernels.length;
  let done = 0;
  const compiled: Promise<CompiledKernel>[] = [];
  for (const kernel of kernels) {
    const tell = () => onProgress?.({ done: ++done, total, name: kernel.name });
    const { made } = await startKernel(device, kernel, tell);
    compiled.push(made);
  }
  return Promise.all(compiled);
}

/** Binds one dispatch; `resolve` says which buffer stands behind a binding, and at which offset. */
export function bindDispatch(
  device: GPUDevice,
  kernel: CompiledKernel,
  dispatch: Dispatch,
  resolve: (binding: Binding) => { readonly buffer: GPUBuffer; readonly offset: number },
): GPUBindGroup {
  const entries = dispatch.bindings.map((range, binding) => ({
    binding,
    resource: { ...resolve(range), size: range.bytes },
  }));
  return device.createBindGroup({ label: kernel.pipeline.label, layout: kernel.layout, entries });
}

/** Runs `make` and throws `kernel-invalid` for what WebGPU's validation finds wrong with it. */
export async function validated<T>(device: GPUDevice, what: string, make: () => T): Promise<T> {
  device.pushErrorScope("validation");
  try {
    return make();
  } finally {
    const error = await device.popErrorScope();
    if (error) throw runtimeErrors["kernel-invalid"](what, error.message);
  }
}
