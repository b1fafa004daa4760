/// Several kernels as one module and one dispatch: each has a range of the workgroups, and is a function of its own.
import type { Value } from "../../ir/value.ts";
import type { Kernel, SharedModule } from "../lower/kernel.ts";
import { placeName } from "../cluster/loop.ts";
import { leastSpared, mostBindings } from "../cluster/partition.ts";
import { familiesOf, type FamilyText, type Grid, type PartText } from "./alike.ts";
import {
  bindingsOf,
  collectUsages,
  variableLines,
  variableMaker,
  variablesOf,
  type BoundTensors,
  type Lying,
  type BoundVariable,
  type Usage,
} from "./bound.ts";
import { shareEnding } from "./endings.ts";
import { primary, type BindingView } from "./expression.ts";
import { halfLines } from "./halves.ts";
import { helperLines, mentionsWord, nonFinite, quadLines } from "./helpers.ts";
import { bytesBetween, nearRanges, type Extent } from "./ranges.ts";
import { sharedScalars, type SharedScalars } from "./shared-scalars.ts";
import { statementLines } from "./statements.ts";
import { pageOf, placeLine, settingFields, settingLines } from "./write.ts";

/** A kernel of a group, and the comment above it. */
export interface Part {
  readonly kernel: Kernel;
  header(): readonly string[];
  /** A part before it whose kernel this one is, and which tensor stands for each of its own. */
  readonly like?: { readonly part: Part; readonly tensors: ReadonlyMap<Value, Value> };
}

/** What the writer must know about the program around a group. */
export interface GroupContext extends Lying {
  readonly module: SharedModule;
  readonly settings: ReadonlyMap<Value, string>;
  /** What a buffer is called. */
  labelOf(buffer: number): string;
}

/** A group as text, and what it binds, in order; after that the settings and the place of a loop, where it reads them. */
export interface WrittenGroup {
  readonly wgsl: string;
  readonly bindings: readonly BoundTensors[];
  readonly usesSettings: boolean;
  readonly usesPlace: boolean;
  readonly workgroups: number;
}

/** The text of kernels that share their workgroups' size; named sizes are bound. */
export function writeGroup(parts: readonly Part[], threads: number, context: GroupContext): WrittenGroup {
  const usages = new Map<Value, Usage>();
  for (const { kernel } of parts) collectUsages(kernel.body, usages);
  for (const usage of usages.values()) usage.name = context.module.tensorNames.get(usage.tensor)!;
  const variables = bind([...usages.values()], parts, threads, context);
  const drawn = draw(parts, threads, variables, context);
  const { scalars, ending, usesSettings } = drawn;
  const families = drawn.families.map((family) => family.write(context.module.names));
  const text = families.flatMap(({ lines }) => lines).join("\n");
  const all = [text, ...scalars.assignments, ...(ending?.lines ?? [])].join("\n");
  const halves = halfLines(all);
  const known = new Set(parts.flatMap(({ kernel }) => kernel.helpers));
  const helpers = [...halves.functions, ...helperLines([...known], all)];
  const special = nonFinite([all, ...helpers], variables[0].name);
  const { lines: calls, workgroups } = callLines(families);
  const quads = quadLines(text);
  const settings = usesSettings ? [...settingFields(context.settings).values()] : [];
  // Comments may mention anything.
  const usesPlace = mentionsWord(all.replace(/\/\/.*/g, ""), placeName);
  const wgsl = [
    ...quads.directives,
    ...halves.directives,
    ...variables.flatMap((variable, position) => variableLines(variable, position, context)),
    ...(usesSettings ? settingLines(settings, variables.length) : []),
    ...(usesPlace ? [placeLine(variables.length + (usesSettings ? 1 : 0))] : []),
    ...new Set(parts.flatMap(({ kernel }) => kernel.declarations)),
    ...special.declarations,
    ...scalars.declarations,
    ...(ending?.declarations ?? []),
    "",
    ...quads.functions,
    ...helpers,
    text,
    `@compute @workgroup_size(${threads})`,
    "fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {",
    ...special.assignments,
    ...scalars.assignments,
    ...calls,
    ...(ending?.lines ?? []),
    "}",
  ];
  return { wgsl: pageOf(wgsl), bindings: variables, usesSettings, usesPlace, workgroups };
}

/** The functions of parts that find their tensors in variables. */
function draw(
  parts: readonly Part[],
  threads: number,
  variables: readonly BoundVariable[],
  { settings, halves }: GroupContext,
) {
  const fields = settingFields(settings);
  const bindings = bindingsOf(variables, halves);
  // Headers may mention anything that a model has named, so that the text does not tell.
  let usesSettings = false;
  const view: BindingView = {
    binding: (tensor) => bindings.get(tensor)!,
    settingName({ setting }) {
      usesSettings = true;
      return `settings.${fields.get(setting)!}`;
    },
  };
  const starts = new Set([...bindings.values()].flatMap(({ start }) => start ?? []));
  const scalars = sharedScalars(
    parts.map(({ kernel }) => kernel),
    view,
  );
  const texts = textsOf(parts, threads, scalars, view);
  const ending = shareEnding(texts, { view, starts, count: (kernel) => scalars.count(kernel) });
  const families = ending?.families ?? familiesOf(texts, starts);
  const tied = [...families.map((family) => family.tied), ending?.tied ?? []];
  return { families, scalars, ending, tied, usesSettings };
}

/** Kernels as functions. */
function textsOf(
  parts: readonly Part[],
  threads: number,
  scalars: SharedScalars,
  view: BindingView,
): readonly PartText[] {
  const texts = new Map<Part, PartText>();
  const isBoundAlike = ([tensor, own]: readonly [Value, Value]): boolean => {
    const [binding, other] = [view.binding(tensor), view.binding(own)];
    return binding.name === other.name && (binding.start === undefined) === (other.start === undefined);
  };
  for (const part of parts) {
    const text = textOf(part, threads, scalars, view);
    const { like } = part;
    // What is computed in `main` is missing in both, and both find tensors in the same ranges, or it is not the same text.
    const isSame =
      like && scalars.count(like.part.kernel) === scalars.count(part.kernel) && [...like.tensors].every(isBoundAlike);
    texts.set(part, isSame ? { ...text, like: { part: texts.get(like.part)!, starts: startsOf(like, view) } } : text);
  }
  return [...texts.values()];
}

/** Where tensors begin, and where those begin that stand for them. */
function startsOf({ tensors }: NonNullable<Part["like"]>, view: BindingView): ReadonlyMap<string, string> {
  return new Map(
    [...tensors].map(([tensor, own]) => [view.binding(tensor).start ?? "", view.binding(own).start ?? ""]),
  );
}

/** A kernel as a function. */
function textOf({ kernel, header }: Part, threads: number, scalars: SharedScalars, view: BindingView): PartText {
  const lines = (): readonly string[] =>
    kernel.body.slice(scalars.count(kernel)).flatMap((statement) => statementLines(statement, view, "  "));
  const grid = gridOf(kernel);
  // Workgroups that kernels share are rows of threads.
  const [own] = kernel.workgroupSize;
  const idle = own < threads ? own : undefined;
  return { kernel, header, lines, grid, idle, workgroups: grid[0] * grid[1] * grid[2] };
}

/** Each family in its range of workgroups, and in that each part, which sees its workgroups as its own grid. */
function callLines(families: readonly FamilyText[]): {
  readonly lines: readonly string[];
  readonly workgroups: number;
} {
  let start = 0;
  const branches = families.map(({ members, call, idle }) => {
    const lines = placeLines(members, start).filter((line) => !line.startsWith("let own") || mentionsWord(call, "own"));
    start += members.reduce((sum, { workgroups }) => sum + workgroups, 0);
    return { end: start, lines: [...lines, idle === undefined ? call : `if (local.x < ${idle}) { ${call} }`] };
  });
  const lines = branches.flatMap(({ end, lines: inside }, position) => [
    `  ${position === 0 ? "" : "} else "}${position === branches.length - 1 && position > 0 ? "{" : `if (group.x < ${end}u) {`}`,
    ...inside.map((line) => `    ${line}`),
  ]);
  return { lines: [...lines, "  }"], workgroups: start };
}

/** Declares `own`, the workgroup within a part, and `part` where a family has several. */
function placeLines(members: readonly PartText[], start: number): readonly string[] {
  const at = start === 0 ? "group.x" : `group.x - ${start}u`;
  const [{ workgroups }] = members;
  if (members.length === 1) return [`let own = ${at};`];
  if (members.every((each) => each.workgroups === workgroups)) {
    return [`let part = ${quotient(at, workgroups)};`, `let own = ${remainder(at, workgroups)};`];
  }
  const ends = members.map((_, i) => members.slice(0, i + 1).reduce((sum, each) => sum + each.workgroups, start));
  const passed = ends.slice(0, -1).map((end) => `u32(group.x >= ${end}u)`);
  const starts = [start, ...ends.slice(0, -1)].map((each) => `${each}u`);
  return [`let part = ${passed.join(" + ")};`, `let own = group.x - array(${starts.join(", ")})[part];`];
}

const quotient = (at: string, by: number): string => (by === 1 ? at : `${primary(at)} / ${by}u`);
const remainder = (at: string, by: number): string => (by === 1 ? "0u" : `${primary(at)} % ${by}u`);

/** Workgroups of a kernel whose sizes are bound. */
function gridOf({ grid }: Kernel): Grid {
  return grid.map(({ extent, per }) => Math.ceil((extent as number) / per)) as unknown as Grid;
}

/** A binding for each tensor where there are few, else for ranges. */
function bind(
  usages: readonly Usage[],
  parts: readonly Part[],
  threads: number,
  context: GroupContext,
): readonly BoundVariable[] {
  const few = variablesOf(usages, context);
  if (few.length <= mostBindings) return few;
  const { module, extentOf, labelOf } = context;
  const bufferOf = ({ tensor }: Usage): number => extentOf(tensor).buffer;
  const variableOf = variableMaker(usages, context);
  const whole = [...new Set(usages.map(bufferOf))].map((buffer) =>
    usages.filter((usage) => bufferOf(usage) === buffer),
  );
  const extent = ({ tensor, scalar }: Usage): Extent => ({ ...extentOf(tensor), isSingle: scalar });
  const ranges =
    bytesBetween(whole, extent) < leastSpared
      ? whole
      : nearRanges(
          usages,
          tiesOf(
            parts,
            threads,
            whole.map((all) => variableOf(all, labelOf(bufferOf(all[0])))),
            context,
          ),
          extent,
          mostBindings,
        );
  return ranges.map((all) =>
    variableOf(all, all.length === 1 ? all[0].name : module.names.outside(labelOf(bufferOf(all[0])))),
  );
}

/** For each function of several parts the tensors that it finds in one place: seen when it finds all of a buffer in one. */
function tiesOf(parts: readonly Part[], threads: number, variables: readonly BoundVariable[], context: GroupContext) {
  const byName = new Map(variables.flatMap(({ usages }) => usages.map((usage) => [usage.name, usage] as const)));
  const { tied } = draw(parts, threads, variables, context);
  return tied.map((each) => each.map((starts) => starts.map((start) => byName.get(start)!)));
}
