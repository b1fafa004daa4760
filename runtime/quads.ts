/// Kernels for devices with and without subgroups, from one text.

/**
 * The text of a kernel for a device. Lanes of a quad share what they read by `quad(…)` and `quads(…)`; without subgroups
 * each of them reads the four for itself, those of lane 0 to 3, and lines behind `//-` take the place of what is computed
 * by `exchange` or read by a neighbour.
 */
export function textFor({ features }: Pick<GPUDevice, "features">, wgsl: string): string {
  if (features.has("subgroups")) return wgsl;
  return wgsl
    .replace(/^(enable subgroups;|fn \w+\(own:[^}]*}| *\/\/- )/gm, "")
    .replace(/^( *let \w+ =) quad(s?)\(([^;]*)\);/gm, (_, name: string, many: string, own: string) => {
      const parts = [0, 1, 2, 3].map((lane) => own.replace(/\blane\b/g, `${lane}u`));
      return `${name} ${many ? "mat4x4f" : "vec4f"}(${parts.join()});`;
    });
}
