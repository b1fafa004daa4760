/// Where WebGPU comes from in a browser (`#platform` outside Node).

import { runtimeErrors } from "./errors.ts";

/** What to do when there is no adapter. */
export const adapterHelp = "update the browser or the GPU driver, and see that hardware acceleration is on";

/** Finds WebGPU. Error `no-webgpu`. */
export async function requestGpu(): Promise<GPU> {
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  if (navigator?.gpu) return navigator.gpu;
  throw runtimeErrors["no-webgpu"](
    "navigator.gpu is missing",
    "use a browser with WebGPU, on https or localhost (https://caniuse.com/webgpu)",
  );
}
