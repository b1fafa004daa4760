/// What becomes of a kernel's text on a device: one text is for devices with and without subgroups, with and without
/// `shader-f16`, and for Mesa's llvmpipe.

/**
 * The text of a kernel for a device. Lanes of a quad share what they read by `quad(…)` and `quads(…)`; without subgroups
 * each of them reads the four for itself, those of lane 0 to 3, and lines behind `//-` take the place of what is computed
 * by `exchange` or read by a neighbour. With `shader-f16`, what stands behind `//+` takes the place of its line.
 *
 * On llvmpipe loops stay loops: it writes out those that turn up to 32 times, at some hundred blocks of code for each access
 * to memory, and the time it takes to compile grows with their square. It does not where it cannot tell how often they turn.
 */
export function textFor(
  device: Partial<Pick<GPUDevice, "adapterInfo">> & Pick<GPUDevice, "features">,
  given: string,
): string {
  let wgsl = given;
  if (device.adapterInfo?.architecture === "software")
    wgsl = wgsl.replace(/(\w+) < \d+u; \1.*{/g, "$& $1 &= 0x7fffffffu;");
  if (device.features.has("shader-f16")) wgsl = wgsl.replace(/^[^/\n]*\/\/[+] /gm, "");
  if (device.features.has("subgroups")) return wgsl;
  return wgsl
    .replace(/^(enable subgroups;|fn \w+\(own:[^}]*}| *\/\/- )/gm, "")
    .replace(
      /^( *let.*) quad(s?)\(([^;]*)\);/gm,
      (_, name: string, many: string, own: string) =>
        `${name} ${many ? "mat4x4f" : "vec4f"}(${[0, 1, 2, 3].map((lane) => own.replace(/\blane\b/g, `${lane}u`))});`,
    );
}
