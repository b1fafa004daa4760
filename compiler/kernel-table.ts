/// Kernels of a program: equal ones are kept once, names are given once.
import type { Kernel } from "../runtime/abi.ts";

/** The kernels of a program so far. */
export interface KernelTable {
  readonly all: Kernel[];
  /** Index of a kernel of this text, added when it is new. */
  add(kernel: Kernel): number;
  /** A name that no kernel has yet, with the name of its entry point where there are several. */
  unique(name: string, entry: string): string;
}

/** An empty table; `several` entry points share it, or one. */
export function createKernelTable(several: boolean): KernelTable {
  const all: Kernel[] = [];
  const known = new Map<string, number>();
  const names = new Set<string>();
  const counts = new Map<string, number>();
  return {
    all,
    add(kernel) {
      const key = `${kernel.bindings.join()}\n${kernel.wgsl}`;
      const position = known.get(key) ?? all.push(kernel) - 1;
      known.set(key, position);
      names.add(all[position].name);
      return position;
    },
    unique(name, entry) {
      if (!names.has(name)) return name;
      const base = several ? `${entry}_${name}` : name;
      if (several && !names.has(base)) return base;
      // Names are never given back: the search goes on where it ended last.
      let count = counts.get(base) ?? 1;
      while (names.has(`${base}_${count}`)) count++;
      counts.set(base, count);
      return `${base}_${count}`;
    },
  };
}
