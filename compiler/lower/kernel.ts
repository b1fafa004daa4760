/// Kernel IR: what a kernel computes, before it is text. Values of the graph are expression trees over loads and ops;
/// loops and tiles are blocks. Only `wgsl/` turns it into text.
import { writtenOfShifted } from "../../ir/notation/softmax.ts";
import type { Dim } from "../../ir/dim.ts";
import type { Graph } from "../../ir/graph.ts";
import type { DType } from "../../ir/type.ts";
import type { ElementwiseOp, HelperFunction, Value } from "../../ir/value.ts";
import type { Traffic } from "../cluster/store.ts";
import type { ModuleNamer, Namer } from "../wgsl/names.ts";
import type { Conjunct } from "./condition.ts";
import type { Index } from "./index.ts";

export type Lanes = 1 | 4;

interface Typed {
  readonly dtype: DType;
  readonly lanes: Lanes;
}

export type Expression =
  /** A variable of the kernel, or an access to one. */
  | ({ readonly tag: "name"; readonly text: string } & Typed)
  | ({ readonly tag: "literal"; readonly value: number } & Typed)
  /** A named size as a number. */
  | ({ readonly tag: "extent"; readonly extent: Dim } & Typed)
  /** The index itself as a number; with four lanes, along `lane`. */
  | ({ readonly tag: "index"; readonly index: Index; readonly access: "uniform" | "contiguous" } & Typed)
  /** An element, or four consecutive ones, of a tensor. */
  | ({ readonly tag: "load"; readonly tensor: Value; readonly index: Index } & Typed)
  /** Whether indices are where an element exists. */
  | ({ readonly tag: "condition"; readonly conjuncts: readonly Conjunct[] } & Typed)
  | ({ readonly tag: "setting"; readonly setting: Value } & Typed)
  | ({ readonly tag: "apply"; readonly op: ElementwiseOp; readonly operands: readonly Expression[] } & Typed)
  /** One scalar, four times. */
  | ({ readonly tag: "splat"; readonly operand: Expression } & Typed)
  /** Four scalars side by side. */
  | ({ readonly tag: "vector"; readonly parts: readonly Expression[] } & Typed)
  /** A matrix, or what else a template calls a function for. */
  | ({ readonly tag: "call"; readonly name: string; readonly operands: readonly Expression[] } & Typed);

export type Statement =
  | { readonly tag: "let"; readonly name: string; readonly value: Expression }
  /** Writes an element (or four) of where a value is kept. */
  | { readonly tag: "store"; readonly target: Target; readonly index: Index; readonly value: Expression }
  /** A line of a template, with variables of the kernel only. */
  | { readonly tag: "line"; readonly text: string }
  /** A template line around an expression: `before` expression `after`. */
  | { readonly tag: "assign"; readonly before: string; readonly value: Expression; readonly after: string }
  | { readonly tag: "block"; readonly head: string; readonly body: readonly Statement[] };

/** The head of a block of lines that stand in the text of a device without subgroups alone. */
export const withoutQuads = "//-";

/** What a kernel writes: a value into its own tensor, or into the state that an update gives it to. */
export interface Target {
  readonly value: Value;
  /** The state leaf written in place; absent when the value has a tensor of its own. */
  readonly state?: Value;
  /** The tensor of which the value becomes a row, and which row. */
  readonly row?: { readonly tensor: Value; readonly at: Index };
}

/** Most workgroups along one dimension that every adapter takes. */
export const mostWorkgroups = 65535;

/** A long row of workgroups folded into two dimensions: the grid, and the text of a workgroup's position in it. */
export function foldGrid(extent: Dim, per: number): { readonly grid: Kernel["grid"]; readonly group: string } {
  const one: GridExtent = { extent: 1, per: 1 };
  if (typeof extent !== "number" || extent <= per * mostWorkgroups) {
    return { grid: [{ extent, per }, one, one], group: "group.x" };
  }
  const rows = { extent, per: per * mostWorkgroups };
  return { grid: [{ extent: mostWorkgroups, per: 1 }, rows, one], group: `(group.y * ${mostWorkgroups}u + group.x)` };
}

/** The smallest power of two that reaches the extent, at most `most`; an extent that is not bound counts as large. */
export function powerOfTwo(extent: Dim, most: number): number {
  let result = 1;
  while (result < most && (typeof extent !== "number" || result < extent)) result *= 2;
  return result;
}

/** Workgroups along one dimension: ⌈extent / per⌉. */
export interface GridExtent {
  readonly extent: Dim;
  readonly per: number;
}

/** A kernel as lowered from a cluster. */
export interface Kernel {
  readonly name: string;
  readonly body: readonly Statement[];
  readonly workgroupSize: readonly [number, number, number];
  readonly grid: readonly [GridExtent, GridExtent, GridExtent];
  /** Declarations outside the function: workgroup arrays. */
  readonly declarations: readonly string[];
  readonly helpers: readonly HelperFunction[];
  /** Identifiers of the tensors that the kernel binds. */
  readonly tensorNames: ReadonlyMap<Value, string>;
  readonly flops: Dim;
  /** Of a product: how many times its results threads compute, with those beyond the edges. */
  readonly beyond?: number;
  readonly ending?: Ending;
}

/**
 * How a kernel ends that gives fours of numbers, one after the other, to the same statements: where these see nothing of
 * it but the four and its place, kernels side by side may have them in common.
 */
export interface Ending {
  /** So many statements at the end of the body are it. */
  readonly length: number;
  /** The last of them is a loop, and its first lines, so many, say which four it is at. Absent where there is one four. */
  readonly head?: number;
  /** What the statements call the four. */
  readonly four: string;
  /** Where it begins among all results. */
  readonly at: Index;
  /** The variables that hold the fours: four in each, as columns of a matrix, or one alone. */
  readonly blocks: readonly string[];
  /** Where the first four begins. */
  readonly first: Index;
  /** So many fours it is to the next, to the next block, and to the second next, as text. */
  readonly apart: readonly [string, string, string];
  /** What begins here or beyond is no result. */
  readonly end?: number;
}

/** What lowering must know about the program around a kernel. */
export interface LowerContext {
  readonly notes: Graph["notes"];
  /** Stores of a value: the states that take it in place, or its own tensor. */
  targets(value: Value): readonly Target[];
  /** The state that takes a value at the end of the call, in this kernel or another. */
  stateOf(value: Value): Value | undefined;
  /** A result takes the place of an operand: none is written before all are computed. */
  readonly holdsResults?: boolean;
  /** True for a tensor in which numbers are kept as they are: none of halves. */
  isExact(tensor: Value): boolean;
  /** Name of the kernel. */
  readonly name: string;
  /** For a kernel that shares a module and its workgroups with others. */
  readonly shared?: SharedModule;
}

/** What kernels in one module have in common. */
export interface SharedModule {
  readonly names: ModuleNamer;
  /** Identifiers of tensors so far. */
  readonly tensorNames: Map<Value, string>;
  /** Memory of a workgroup by its type: the kernels take turns with it. */
  readonly arrays: Map<string, string[]>;
  /** Threads go their way alone: without barriers, as those of the other kernels do. */
  readonly apart: boolean;
}

/** The tensor that a target writes: the state itself for an update in place. */
export function targetTensor(target: Target): Value {
  return target.row?.tensor ?? target.state ?? target.value;
}

/** Identifiers for the tensors of a kernel, claimed before any other so that they keep the plain names. */
export function nameTensors(
  { loads, stores }: Traffic,
  context: LowerContext,
  outside: Namer["outside"],
): ReadonlyMap<Value, string> {
  const tensors = [...loads, ...stores.flatMap((value) => context.targets(value).map(targetTensor))];
  const names = context.shared?.tensorNames ?? new Map<Value, string>();
  for (const tensor of tensors) {
    if (!names.has(tensor)) names.set(tensor, outside(hintFor(tensor, context)));
  }
  return names;
}

/** What a value without a name is called in a kernel. */
export function nounOf(value: Value): string {
  const form = writtenOfShifted(value, () => false)?.form;
  return form?.tag === "call" ? form.name : (nouns[value.op.name] ?? value.op.name);
}

const nouns: Readonly<Record<string, string>> = {
  ...{ add: "total", sub: "difference", mul: "product", div: "quotient", neg: "negative", exp: "exponential" },
  ...{ select: "selected", cast: "number", contract: "product", sqrt: "root", equal: "match", pow: "raised" },
};

/** What a value is called in a kernel: its name, or the state that it updates, or what it is. */
export function hintFor(value: Value, context: LowerContext): string {
  const state = context.stateOf(value);
  const name = context.notes.get(value)?.name;
  return name ?? (state ? `next_${context.notes.get(state)?.name ?? "state"}` : nounOf(value));
}

/** How many applications an expression is made of. */
export function nesting(expression: Expression): number {
  if (expression.tag !== "apply") return 0;
  let count = 1;
  for (const operand of expression.operands) count += nesting(operand);
  return count;
}

/** The parts of a vector. */
export const components = ["x", "y", "z", "w"] as const;

/** One of four elements that a variable holds, or the number that all of them are. */
export function componentOf(four: Expression, step: number): Expression {
  if (four.tag !== "name") return { ...four, lanes: 1 };
  return { tag: "name", text: `${four.text}.${components[step]}`, dtype: four.dtype, lanes: 1 };
}

/** The expression with four lanes. */
export function widen(expression: Expression): Expression {
  if (expression.lanes === 4) return expression;
  if (expression.tag === "literal") return { ...expression, lanes: 4 };
  return { tag: "splat", operand: expression, dtype: expression.dtype, lanes: 4 };
}
