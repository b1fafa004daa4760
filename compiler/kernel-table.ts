/// Kernels of a program: those that do the same are kept once, names are given once.
import type { Kernel } from "../runtime/abi.ts";
import { formOf } from "./wgsl/form.ts";

/** The kernels of a program so far. */
export interface KernelTable {
  readonly all: Kernel[];
  /**
   * Index of a kernel that does the same, added when there is none: layers of one shape have one kernel. Its comment
   * then says what else it computes.
   */
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
      const key = `${kernel.bindings.join()}\n${formOf(kernel.wgsl)}`;
      const position = known.get(key) ?? all.push(kernel) - 1;
      all[position] = withNote(all[position], kernel);
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

/** The first line of a kernel's comment: what it computes first. */
const firstLine = /^\n*\/\/ (.*)\n/;

/** A kernel whose comment says what `other` computes by it, where that is something else. */
function withNote(kernel: Kernel, other: Kernel): Kernel {
  const [own, also] = [kernel, other].map(({ wgsl }) => firstLine.exec(wgsl)?.[1]);
  const note = `// likewise ${also}\n`;
  if (own === undefined || also === undefined || own === also || kernel.wgsl.includes(note)) return kernel;
  return { ...kernel, wgsl: kernel.wgsl.replace(/^\n*(\/\/ .*\n)+/, (comment) => `${comment}${note}`) };
}
