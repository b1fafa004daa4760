/// Numbers for the named sizes of a check: those given, and small ones for the rest.
import { entryPointRoots, type EntryPoint, type Graph } from "../../ir/graph.ts";
import { shapeNames } from "../../ir/type.ts";
import { postorder } from "../../ir/value.ts";

/** Numbers for named sizes: by name, or by entry point and name (`train.batch`). */
export type Dims = Readonly<Record<string, number>>;

/** Small, different, and no multiples of a vector width: what shows most mistakes. */
const small = [3, 5, 7, 2, 6, 9, 11, 13] as const;

/** Named sizes of a graph, sorted. */
export function sizeNames(graph: Graph): readonly string[] {
  const names = graph.entryPoints.flatMap(entrySizeNames);
  const leaves = [...graph.inputs, ...graph.states].flatMap((leaf) => shapeNames(leaf.type.shape));
  return [...new Set([...names, ...leaves])].sort();
}

function entrySizeNames(entry: EntryPoint): readonly string[] {
  return postorder(entryPointRoots(entry)).flatMap((value) => shapeNames(value.type.shape));
}

/** The given numbers, and a small number for every name that has none in some entry point. */
export function completeDims(graph: Graph, dims: Dims): Dims {
  const complete: Record<string, number> = { ...dims };
  const open = sizeNames(graph).filter((name) => {
    if (Object.hasOwn(dims, name)) return false;
    const users = graph.entryPoints.filter((entry) => entrySizeNames(entry).includes(name));
    return users.length === 0 || users.some((entry) => !Object.hasOwn(dims, `${entry.name}.${name}`));
  });
  open.forEach((name, position) => (complete[name] = small[position % small.length]));
  return complete;
}

/** Numbers by name as one entry point sees them. */
export function entrySizes(graph: Graph, entry: EntryPoint, dims: Dims): Readonly<Record<string, number>> {
  const names = sizeNames(graph).filter((name) => Object.hasOwn(dims, `${entry.name}.${name}`));
  return { ...dims, ...Object.fromEntries(names.map((name) => [name, dims[`${entry.name}.${name}`]])) };
}
