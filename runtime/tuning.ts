/// Which of a program's variants a device runs. Only modules that have some, or ask for it, load this file.

import { tuningCache } from "#platform";
import type { Dispatch, EntryPoint, Kernel, Loop, Needs, Program, Variant } from "./abi.ts";
import { describeAdapter } from "./device.ts";
import { timeDispatches } from "./timing.ts";
import type { VariantCache, VariantChoice } from "./types.ts";

export { tuningCache } from "#platform";
export type { VariantCache, VariantChoice } from "./types.ts";

/** What the choice hangs on. */
export type Chooser = Pick<GPUDevice, "adapterInfo" | "features" | "limits">;

/** Graphics cards with memory of their own: all of some vendors, of others these architectures. */
const cards: Readonly<Record<string, readonly string[] | undefined>> = {
  nvidia: [],
  amd: [],
  intel: ["xe-hpg", "xe-2hpg", "xe-3hpg", "xe-hpc"],
};

/** With fewer workgroups some of a large card's processors are idle. */
const enoughWorkgroups = 256;

/** True where a device has what a kernel needs. */
export function hasNeeds({ adapterInfo, features, limits }: Chooser, needs: Needs | undefined): boolean {
  if (!needs) return true;
  const isLimited = Object.entries(needs.limits).some(([name, least]) => !(limits[name as "maxBindGroups"] >= least));
  const isCard = !needs.card || !adapterInfo.isFallbackAdapter;
  return isCard && !isLimited && needs.features.every((feature) => features.has(feature));
}

const workgroupsOf = ({ dispatches }: Variant): number =>
  dispatches.reduce((total, { workgroups: [x, y, z] }) => total + x * y * z, 0);

/** The variants of a dispatch whose kernels a device can run. */
export function possibleVariants(device: Chooser, program: Program, dispatch: Dispatch): readonly Variant[] {
  const all = dispatch.variants ?? [];
  return all.filter((each) =>
    each.dispatches.every(({ kernel }) => hasNeeds(device, program.variants![kernel]!.needs)),
  );
}

/**
 * The rule: on graphics cards the first variant that has workgroups for all of the card, else the last; elsewhere none. What
 * a variant saves there, memory of a workgroup costs as much, or more.
 */
export function variantFor(device: Chooser, program: Program, dispatch: Dispatch): Variant | undefined {
  const { vendor, architecture } = device.adapterInfo;
  const known = cards[vendor.toLowerCase()];
  if (!known || (known.length > 0 && !known.includes(architecture))) return undefined;
  const possible = possibleVariants(device, program, dispatch);
  return possible.find((each) => workgroupsOf(each) >= enoughWorkgroups) ?? possible.at(-1);
}

/** The program with variants in the place of some of its dispatches, and with the kernels that it then needs. */
export function withVariants(program: Program, choose: (dispatch: Dispatch) => Variant | undefined): Program {
  if (!program.variants) return program;
  const kernels: Kernel[] = [];
  const launch = ({ workgroups, bindings }: Dispatch, kernel: Kernel): Dispatch => {
    const known = kernels.indexOf(kernel);
    return { kernel: known < 0 ? kernels.push(kernel) - 1 : known, workgroups, bindings };
  };
  const replace = (entry: Dispatch | Loop): readonly (Dispatch | Loop)[] => {
    if ("times" in entry) return [{ ...entry, dispatches: entry.dispatches.flatMap(replace) }];
    const chosen = choose(entry);
    if (!chosen) return [launch(entry, program.kernels[entry.kernel]!)];
    return chosen.dispatches.map((each) => launch(each, program.variants![each.kernel]!));
  };
  const entryPoints: Record<string, EntryPoint> = {};
  for (const [name, entry] of Object.entries(program.entryPoints))
    entryPoints[name] = { ...entry, dispatches: entry.dispatches.flatMap(replace) };
  const { variants: _, ...rest } = program;
  return { ...rest, kernels, entryPoints };
}

/** What every adapter can run, and software adapters run fastest. */
export const portable: VariantChoice = (program) => withVariants(program, () => undefined);

/** What is known to be fast on adapters of this kind. */
export const auto: VariantChoice = (program, device) =>
  withVariants(program, (dispatch) => variantFor(device, program, dispatch));

/** What is remembered for a dispatch that no variant takes the place of. */
const none = "portable";

/**
 * What is fastest on this device: each variant that it can run is timed beside the kernel that it stands for, on memory of
 * its own, and the choice is remembered under the adapter and the kernels' text. The first load takes longer for it.
 *
 * Errors: those of a load, since kernels are compiled and memory is asked for.
 */
export function timed(cache: VariantCache = tuningCache()): VariantChoice {
  return async (program, device) => {
    const chosen = new Map<Dispatch, Variant | undefined>();
    const names = new Map<string, string>();
    for (const dispatch of Object.values(program.entryPoints).flatMap((entry) =>
      entry.dispatches.flatMap(allDispatches),
    )) {
      const possible = possibleVariants(device, program, dispatch);
      if (possible.length === 0) continue;
      const key = await keyOf(device, program, dispatch, possible);
      const isKnown = (name: string | undefined): name is string =>
        name === none || possible.some((each) => each.name === name);
      let name = names.get(key) ?? (await cache.get(key));
      if (!isKnown(name)) {
        name = await fastest(device, program, dispatch, possible);
        await cache.set(key, name);
      }
      names.set(key, name);
      chosen.set(
        dispatch,
        possible.find((each) => each.name === name),
      );
    }
    return withVariants(program, (dispatch) => chosen.get(dispatch));
  };
}

const allDispatches = (entry: Dispatch | Loop): readonly Dispatch[] =>
  "times" in entry ? entry.dispatches.flatMap(allDispatches) : [entry];

/** The adapter, and a hash of all that is run and of what it is run on. */
async function keyOf(
  device: GPUDevice,
  program: Program,
  dispatch: Dispatch,
  possible: readonly Variant[],
): Promise<string> {
  const textOf = ({ workgroups, bindings }: Dispatch, { wgsl }: Kernel) => [
    wgsl,
    workgroups,
    bindings.map(({ bytes }) => bytes),
  ];
  const texts = [
    textOf(dispatch, program.kernels[dispatch.kernel]!),
    ...possible.map(({ name, dispatches }) => [
      name,
      dispatches.map((each) => textOf(each, program.variants![each.kernel]!)),
    ]),
  ];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(texts)));
  const hash = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const { vendor, architecture, device: model } = device.adapterInfo;
  return [vendor, architecture, model, describeAdapter(device.adapterInfo), hash].join("/");
}

/** The name of the fastest; of equals that which stands first, the portable one before all. */
async function fastest(
  device: GPUDevice,
  program: Program,
  dispatch: Dispatch,
  possible: readonly Variant[],
): Promise<string> {
  const candidates = [
    { name: none, dispatches: [dispatch], kernels: program.kernels },
    ...possible.map((each) => ({ ...each, kernels: program.variants! })),
  ];
  let best = { name: none, milliseconds: Infinity };
  for (const { name, dispatches, kernels } of candidates) {
    const milliseconds = await timeDispatches(device, dispatches, kernels);
    if (milliseconds < best.milliseconds) best = { name, milliseconds };
  }
  return best.name;
}
