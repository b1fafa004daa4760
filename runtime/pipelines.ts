/// Compiling a program's kernels, in parallel, and binding their dispatches.

import type { Binding, BindingAccess, Dispatch, Kernel, Program } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";

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

async function compileKernel(device: GPUDevice, kernel: Kernel): Promise<CompiledKernel> {
  device.pushErrorScope("validation");
  const label = kernel.name;
  const layout = createLayout(device, kernel);
  const module = device.createShaderModule({ label, code: kernel.wgsl });
  const pipeline = device.createComputePipelineAsync({
    label,
    layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  const settled = await Promise.allSettled([pipeline, device.popErrorScope(), module.getCompilationInfo()]);
  const [made, scope, info] = settled;
  const line =
    info.status === "fulfilled" ? info.value.messages.find((message) => message.type === "error") : undefined;
  if (line) throw runtimeErrors["kernel-invalid"](kernel.name, `${line.lineNum}:${line.linePos} ${line.message}`);
  if (scope.status === "fulfilled" && scope.value)
    throw runtimeErrors["kernel-invalid"](kernel.name, scope.value.message);
  if (made.status === "rejected") throw runtimeErrors["kernel-invalid"](kernel.name, String(made.reason));
  return { pipeline: made.value, layout };
}

/** Compiles every kernel of a program. Error `kernel-invalid` with the kernel's name and the compiler's message. */
export async function compileKernels(
  device: GPUDevice,
  program: Program,
  onProgress?: (progress: { readonly done: number; readonly total: number }) => void,
): Promise<readonly CompiledKernel[]> {
  const total = program.kernels.length;
  let done = 0;
  return Promise.all(
    program.kernels.map(async (kernel) => {
      const compiled = await compileKernel(device, kernel);
      onProgress?.({ done: ++done, total });
      return compiled;
    }),
  );
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
