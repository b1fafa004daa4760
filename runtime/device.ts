/// Opening a device: from WebGPU to a GPUDevice that has what a program needs.

import { adapterHelp, requestGpu } from "#platform";
import { runtimeErrors } from "./errors.ts";

/** A device and who must close it. */
export interface OpenDevice {
  readonly device: GPUDevice;
  /** One line that names the adapter. */
  readonly adapter: string;
  /** Destroys the device if it was opened here. */
  close(): void;
}

/** Names an adapter in one line; says `software` where it is no GPU. */
export function describeAdapter(info: GPUAdapterInfo | undefined): string {
  const parts = [info?.vendor, info?.architecture, info?.device].filter(Boolean).join(" ");
  return (info?.description || parts || "unnamed adapter") + (info?.isFallbackAdapter ? " (software)" : "");
}

function checkLimits(needed: Readonly<Record<string, number>>, available: GPUSupportedLimits): void {
  for (const [name, value] of Object.entries(needed)) {
    // A limit that the device has not heard of is 0.
    const found = (available as unknown as Partial<Record<string, number>> | undefined)?.[name] ?? 0;
    if (found < value) throw runtimeErrors["limit-exceeded"](name, value, found);
  }
}

/**
 * Gives a device with the `limits` that a program needs: the one passed in, else a new one, with subgroups, halves and a
 * clock if the adapter has them.
 *
 * Errors `no-webgpu`, `no-adapter`, `limit-exceeded`, `device-request`.
 */
export async function openDevice(
  limits: Readonly<Record<string, number>> = {},
  options: {
    readonly device?: GPUDevice;
    readonly adapter?: GPUAdapter;
  } = {},
): Promise<OpenDevice> {
  const given = options.device;
  if (given) {
    checkLimits(limits, given.limits);
    return { device: given, adapter: describeAdapter(given.adapterInfo), close: () => {} };
  }
  const adapter =
    options.adapter ?? (await (await requestGpu()).requestAdapter({ powerPreference: "high-performance" }));
  if (!adapter) throw runtimeErrors["no-adapter"](adapterHelp);
  checkLimits(limits, adapter.limits);
  const wanted = ["subgroups", "shader-f16", "timestamp-query"] as const;
  try {
    const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature));
    const device = await adapter.requestDevice({ requiredLimits: limits, requiredFeatures });
    return { device, adapter: describeAdapter(adapter.info), close: () => device.destroy() };
  } catch (error) {
    // What is given may be no adapter.
    throw runtimeErrors["device-request"](String(error));
  }
}
