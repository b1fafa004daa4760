/// Kernels of a program: those that do the same are kept once, names are given once.
import { wrap } from "../ir/print/wrap.ts";
import type { Kernel } from "../runtime/abi.ts";
import { mostBindings } from "./cluster/partition.ts";
import { tooManyBindings } from "./errors.ts";
import { formOf } from "./wgsl/form.ts";

/** The kernels of a program so far. */
export interface KernelTable {
  /**
   * Index of a kernel that does the same, added when there is none: layers of one shape have one kernel. `results` are the
   * names of what it computes. Errors: `too-many-bindings`, which no adapter would load: whoever plans kernels and puts them
   * together keeps within the limit, and here is where all of them pass.
   */
  add(kernel: Omit<Kernel, "name">, results: readonly string[], entry: string): number;
  /** Notes that a kernel computes something else as well. */
  likewise(kernel: number, results: readonly string[]): void;
  /** What a launch is called that computes these results: after the kernel where it was made for them, else after them. */
  nameOf(kernel: number, results: readonly string[], entry: string): string;
  /** The kernels, whose comments say what else they compute. */
  finish(): readonly Kernel[];
}

/** An empty table; `several` entry points share it, or one. */
export function createKernelTable(several: boolean): KernelTable {
  const all: Kernel[] = [];
  /** Everything that a kernel computes, first what it was made for. */
  const titles: Set<string>[] = [];
  const makers: string[] = [];
  const known = new Map<string, number>();
  const unique = createNames(several);
  const likewise = (kernel: number, results: readonly string[]): void => {
    titles[kernel].add(titleOf(results));
  };
  return {
    likewise,
    add(kernel, results, entry) {
      const buffers = kernel.bindings.filter((binding) => binding !== "uniform").length;
      if (buffers > mostBindings) throw tooManyBindings(titleOf(results), buffers, mostBindings);
      const key = `${kernel.bindings.join()}\n${formOf(kernel.wgsl)}`;
      const position = known.get(key) ?? all.push({ ...kernel, name: unique(titleOf(results), entry) }) - 1;
      known.set(key, position);
      titles[position] ??= new Set();
      makers[position] ??= entry;
      likewise(position, results);
      return position;
    },
    nameOf(kernel, results, entry) {
      const title = titleOf(results);
      const [first] = titles[kernel];
      return title === first && makers[kernel] === entry ? all[kernel].name : title;
    },
    finish: () => all.map((kernel, position) => withNote(kernel, [...titles[position]].slice(1))),
  };
}

/** Names that no kernel has yet, with the name of the entry point where there are several. */
function createNames(several: boolean): (name: string, entry: string) => string {
  const names = new Set<string>();
  const counts = new Map<string, number>();
  const take = (name: string): string => {
    names.add(name);
    return name;
  };
  return (name, entry) => {
    if (!names.has(name)) return take(name);
    const base = several ? `${entry}_${name}` : name;
    if (several && !names.has(base)) return take(base);
    // Names are never given back: the search goes on where it ended last.
    let count = counts.get(base) ?? 1;
    while (names.has(`${base}_${count}`)) count++;
    counts.set(base, count);
    return take(`${base}_${count}`);
  };
}

/** One name, `updates` where all are, else the first name and how many there are besides. */
function titleOf(results: readonly string[]): string {
  if (results.length === 1) return results[0];
  const isAllUpdates = results.every((name) => name.startsWith("update_"));
  return isAllUpdates ? "updates" : `${results[0]}_and_${results.length - 1}_more`;
}

/** A kernel whose comment says what else it computes. */
function withNote(kernel: Kernel, others: readonly string[]): Kernel {
  if (others.length === 0) return kernel;
  const note = wrap(`Likewise ${others.join(", ")}.`, 110, "  ").map((line) => `// ${line}\n`);
  return {
    ...kernel,
    wgsl: kernel.wgsl.replace(/^\n*((?:\/\/ .*\n)*)/, (_, comment: string) => comment + note.join("")),
  };
}
