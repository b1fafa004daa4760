/// The same kernels with workgroups and threads in another order, which must not change a bit.
///
/// A software adapter runs workgroups and, between barriers, the threads of one in the same order each time: who reads
/// what an earlier one has written, with nothing that makes it wait, always finds it there.
import type { Program } from "../../runtime/abi.ts";

/** `quads` turns the order of quads round and keeps their lanes; `lanes`, for devices without subgroups, mixes all threads. */
export type Reordering = "quads" | "lanes";

/** A program whose kernels give each workgroup and each thread the place of another. */
export function reordered(program: Program, how: Reordering): Program {
  return { ...program, kernels: program.kernels.map((kernel) => ({ ...kernel, wgsl: mixed(kernel.wgsl, how) })) };
}

function mixed(wgsl: string, how: Reordering): string {
  const [, width] = /@workgroup_size\((\d+)/.exec(wgsl)!;
  return wgsl.replace(/^fn main\((.*)\) \{$/m, (_, given: string) => {
    const own = given.replace(/\b(group|local): /g, "own_$1: ");
    const lines = [
      ...(given.includes("group: ") ? ["  let group = groups - 1u - own_group;"] : []),
      ...(given.includes("local: ") ? [`  let local = vec3u(${place(Number(width), how)}, own_local.yz);`] : []),
    ];
    return [`fn main(@builtin(num_workgroups) groups: vec3u, ${own}) {`, ...lines].join("\n");
  });
}

/** The place in a row of so many threads that a thread takes. */
function place(width: number, how: Reordering): string {
  if (how === "quads") return width % 4 === 0 ? `${width - 4}u - own_local.x + own_local.x % 4u * 2u` : "own_local.x";
  return `(own_local.x * ${width % 5 === 0 ? 1 : 5}u + 3u) % ${width}u`;
}
