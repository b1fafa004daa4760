/// `navigator.gpu` for every contender: the one that the runtime finds, so that all run on the same adapter.
import { requestGpu } from "../../runtime/node.ts";

/** Puts WebGPU where browsers have it. */
export async function provideGpu(): Promise<GPU> {
  const gpu = await requestGpu();
  const { navigator: own = {} } = globalThis as { readonly navigator?: object };
  const userAgent = "Node.js";
  const value = Object.assign(Object.create(own), { gpu, userAgent, hardwareConcurrency: 2 }) as Navigator;
  Object.defineProperty(globalThis, "navigator", { value, configurable: true, writable: true });
  return gpu;
}
