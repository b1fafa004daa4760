/// What a module binds: tensors one by one, or several as one range of a buffer.
import { formatType, type DType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import type { BindingAccess, StorageType } from "../../runtime/abi.ts";
import { mostBindings } from "../cluster/partition.ts";
import { targetTensor, type Expression, type Statement } from "../lower/kernel.ts";
import type { Binding } from "./expression.ts";
import type { Extent } from "./ranges.ts";

/** Where tensors lie. */
export interface Lying {
  /** Bytes of a buffer. */
  extentOf(tensor: Value): Extent;
  /** True for those that lie side by side, to be bound as one where there are too many. */
  shares(tensor: Value): boolean;
  /** Tensors in half precision. */
  readonly halves?: ReadonlySet<Value>;
}

/** How a kernel uses a tensor. */
export interface Usage {
  readonly tensor: Value;
  written: boolean;
  /** Some access is not to four aligned elements. */
  scalar: boolean;
  name: string;
}

/** How values of this type are kept in buffers; booleans are 0 and 1. */
export function storageType(dtype: DType): StorageType {
  if (dtype === "f16") throw new TypeError("f16 has no storage yet");
  return dtype === "bool" ? "u32" : dtype;
}

/** The array that a tensor is bound as; four halves are two words. */
function arrayType({ type }: Value, isVector: boolean, isHalf: boolean): string {
  if (isHalf) return "array<vec2u>";
  const element = storageType(type.dtype);
  return isVector ? `array<vec4${element[0]}>` : `array<${element}>`;
}

/** What is said about a tensor beside its binding. */
function noteOf({ type }: Value, isHalf: boolean): string {
  return formatType(type) + (isHalf ? " in half precision" : "");
}

/** Every tensor that the statements read or write, in order of first use, reads before writes. */
export function collectUsages(body: readonly Statement[], usages = new Map<Value, Usage>()): Map<Value, Usage> {
  const use = (tensor: Value, lanes: number, written: boolean): void => {
    const known = usages.get(tensor) ?? { tensor, written: false, scalar: false, name: "" };
    known.written ||= written;
    known.scalar ||= lanes === 1;
    usages.set(tensor, known);
  };
  const visit = (expression: Expression): void => {
    if (expression.tag === "load") use(expression.tensor, expression.lanes, false);
    if (expression.tag === "apply" || expression.tag === "call") expression.operands.forEach(visit);
    if (expression.tag === "vector") expression.parts.forEach(visit);
    if (expression.tag === "splat") visit(expression.operand);
  };
  const walk = (statements: readonly Statement[], stores: boolean): void => {
    for (const statement of statements) {
      if (statement.tag === "block") walk(statement.body, stores);
      else if (stores && statement.tag === "store") use(targetTensor(statement.target), statement.value.lanes, true);
      else if (!stores && "value" in statement) visit(statement.value);
    }
  };
  walk(body, false);
  walk(body, true);
  return usages;
}

/** Tensors that are bound together: one, or those of a range of a buffer. */
export interface BoundTensors {
  readonly tensors: readonly Value[];
  readonly access: BindingAccess;
  /** Bound as an array of vec4. */
  readonly isVector: boolean;
}

export interface BoundVariable extends BoundTensors {
  readonly usages: readonly Usage[];
  readonly name: string;
  /** Where the first tensor begins in the buffer, in bytes. */
  readonly from: number;
}

/** A binding for each tensor where there are few, else one for those that share. */
export function variablesOf(usages: readonly Usage[], lying: Lying): readonly BoundVariable[] {
  const variable = variableMaker(usages, lying);
  const shared = usages.length > mostBindings ? usages.filter(({ tensor }) => lying.shares(tensor)) : [];
  const own = usages.filter((usage) => !shared.includes(usage)).map((usage) => variable([usage], usage.name));
  return shared.length > 0 ? [...own, variable(shared, sharedName)] : own;
}

/** What tensors that share a binding are found in; no kernel calls anything else so. */
const sharedName = "arena_range";

/** Makes bindings of those that use tensors in the same kernels. */
export function variableMaker(
  usages: readonly Usage[],
  { extentOf }: Lying,
): (all: readonly Usage[], name: string) => BoundVariable {
  const bufferOf = ({ tensor }: Usage): number => extentOf(tensor).buffer;
  const written = new Set(usages.filter((usage) => usage.written).map(bufferOf));
  return (all, name) => {
    const tensors = all.map(({ tensor }) => tensor);
    const from = Math.min(...tensors.map((tensor) => extentOf(tensor).from));
    // WebGPU lets a dispatch bind a buffer as what is written or as what is read, not as both.
    const access = written.has(bufferOf(all[0])) ? "read_write" : "read";
    return { tensors, access, usages: all, name, from, isVector: all.some(({ scalar }) => !scalar) };
  };
}

/** How kernels find tensors. */
export function bindingsOf(variables: readonly BoundVariable[], halves: Lying["halves"]): ReadonlyMap<Value, Binding> {
  const bindings = new Map<Value, Binding>();
  for (const { usages, name, isVector } of variables) {
    for (const usage of usages) {
      const isHalf = halves?.has(usage.tensor);
      bindings.set(usage.tensor, { name, isVector, isHalf, ...(usages.length > 1 && { start: usage.name }) });
    }
  }
  return bindings;
}

/** The variable that is bound, with what is said about the tensor where it is one, and where several begin in it. */
export function variableLines(
  variable: BoundVariable,
  position: number,
  { extentOf, halves }: Lying,
  also: (only: Usage) => string = () => "",
): readonly string[] {
  const { usages, tensors, access, name, isVector, from } = variable;
  // Halves lie in a buffer of their own.
  const isHalf = halves?.has(tensors[0]) ?? false;
  const array = arrayType(tensors[0], isVector, isHalf);
  const [only, ...others] = usages;
  const note = others.length === 0 ? ` // ${noteOf(only.tensor, isHalf)}${also(only)}` : "";
  return [
    `@group(0) @binding(${position}) var<storage, ${access}> ${name}: ${array};${note}`,
    ...(others.length === 0 ? [] : usages).map(({ name: start, tensor }) => {
      const at = (extentOf(tensor).from - from) / (isHalf ? 8 : isVector ? 16 : 4);
      return `const ${start} = ${at}u; // ${noteOf(tensor, isHalf)}`;
    }),
  ];
}
