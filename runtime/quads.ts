/// Kernels for devices with and without subgroups, from one text.

/** Lanes of a quad leave their numbers for each other in memory of the workgroup, which has at most 64 threads. */
const exchangeInMemory = `var<workgroup> exchanged: array<vec4f, 64>;

fn exchange(own: vec4f, thread: u32) -> mat4x4f {
  workgroupBarrier();
  exchanged[thread] = own;
  workgroupBarrier();
  let first = thread / 4u * 4u;
  return mat4x4f(exchanged[first], exchanged[first + 1u], exchanged[first + 2u], exchanged[first + 3u]);
}`;

/**
 * The text of a kernel for a device. Lanes of a quad share what they read by `quad(…)` and `quads(…)`; without subgroups
 * each of them reads the four for itself, those of lane 0 to 3.
 */
export function textFor({ features }: Pick<GPUDevice, "features">, wgsl: string): string {
  if (features.has("subgroups")) return wgsl;
  return wgsl
    .replace(/^fn exchange\([^}]*}/gm, exchangeInMemory)
    .replace(/^(enable subgroups;|fn quads?\(own:[^}]*})/gm, "")
    .replace(/^( *let \w+ =) quad(s?)\(([^;]*)\);/gm, (_, name: string, many: string, own: string) => {
      const parts = [0, 1, 2, 3].map((lane) => own.replace(/\blane\b/g, `${lane}u`));
      return `${name} ${many ? "mat4x4f" : "vec4f"}(${parts.join()});`;
    });
}
