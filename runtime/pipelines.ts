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

/** The bind group layout that a kernel's access list states; never `auto`, which drops bindings that the WGSL does not use. */
function createLayout(device: GPUDevice, kernel: Kernel): GPUBindGroupLayout {
  const entries = kernel.bindings.map((access, binding) => ({
    binding,
    visibility: computeStage,
    buffer: { type: bindingTypes[access] },
  }));
  return device.createBindGroupLayout({ label: kernel.name, entries });
}

/** Sends a kernel to the driver. Resolves when its text is read, with the pipeline still under way. */
async function startKernel(device: GPUDevice, kernel: Kernel): Promise<{ readonly made: Promise<CompiledKernel> }> {
  device.pushErrorScope("validation");
  const label = kernel.name;
  const layout = createLayout(device, kernel);
  const module = device.createShaderModule({ label, code: textFor(device, kernel.wgsl) });
  const pipeline = device.createComputePipelineAsync({
    label,
    layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  // What fails here is told below, or by the loss of the device.
  const settled = Promise.allSettled([pipeline]);
  const scope = device.popErrorScope().catch(() => undefined);
  const info = await module.getCompilationInfo().catch(() => undefined);
  const finish = async (): Promise<CompiledKernel> => {
    const [made] = await settled;
    const invalid = await scope;
    const line = info?.messages.find((message) => message.type === "error");
    const found = line ? `${line.lineNum}:${line.linePos} ${line.message}` : invalid?.message;
    if (made.status === "rejected" || found)
      throw runtimeErrors["kernel-invalid"](label, found ?? String((made as PromiseRejectedResult).reason));
    return { pipeline: made.value, layout };
  };
  return { made: finish() };
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
    const { made } = await startKernel(device, kernel);
    const told = made.then((pipeline) => {
      onProgress?.({ done: ++done, total, name: kernel.name });
      return pipeline;
    });
    // It may fail while others are started; whoever waits for all of them is told.
    told.catch(() => {});
    compiled.push(told);
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
