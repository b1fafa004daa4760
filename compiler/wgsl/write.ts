/// Kernel IR → WGSL text. Decides how tensors are bound and named, and writes the header that says what is computed.
import { formatType, type DType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import type { BindingAccess, StorageType } from "../../runtime/abi.ts";
import { placeName } from "../cluster/loop.ts";
import { targetTensor, type Expression, type Kernel, type Statement } from "../lower/kernel.ts";
import type { BindingView } from "./expression.ts";
import { helperLines, mentionsWord, nonFinite, quadLines } from "./helpers.ts";
import { halfLines } from "./halves.ts";
import { createNamer } from "./names.ts";
import { statementLines } from "./statements.ts";

/** What the writer must know about the program around a kernel. */
export interface WriteContext {
  /** The buffer in which a tensor lives; tensors of one buffer cannot be bound with different access. */
  bufferOf(tensor: Value): number;
  /** Tensors in half precision. */
  readonly halves?: ReadonlySet<Value>;
  /** Settings of the entry point and their names, in the order of the uniform buffer. */
  readonly settings: ReadonlyMap<Value, string>;
  /** Named sizes left free, in the order of the uniform `sizes`. */
  readonly sizes: readonly string[];
}

/** A kernel as text, and the tensors it binds, in order; after them the settings, where it reads any. */
export interface WrittenKernel {
  readonly name: string;
  readonly wgsl: string;
  readonly tensors: readonly { readonly tensor: Value; readonly access: BindingAccess }[];
  readonly usesSettings: boolean;
  /** The place of a loop is bound last. */
  readonly usesPlace: boolean;
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
export function arrayType({ type }: Value, isVector: boolean, isHalf: boolean): string {
  if (isHalf) return "array<vec2u>";
  const element = storageType(type.dtype);
  return isVector ? `array<vec4${element[0]}>` : `array<${element}>`;
}

/** What is said about a tensor beside its binding. */
export function noteOf({ type }: Value, isHalf: boolean): string {
  return formatType(type) + (isHalf ? " in half precision" : "");
}

/** The fields of the uniform `settings`. */
export function settingFields(settings: ReadonlyMap<Value, string>): ReadonlyMap<Value, string> {
  const field = createNamer();
  return new Map([...settings].map(([setting, name]) => [setting, field(name)]));
}

/** The declaration of the uniform `settings`. */
export function settingLines(fields: readonly string[], binding: number): readonly string[] {
  return [
    `struct Settings { ${fields.map((field) => `${field}: f32`).join(", ")} }`,
    `@group(0) @binding(${binding}) var<uniform> settings: Settings;`,
  ];
}

/** The text of a kernel. */
export function writeKernel(kernel: Kernel, context: WriteContext, header: readonly string[]): WrittenKernel {
  const usages = collectUsages(kernel.body);
  for (const usage of usages.values()) usage.name = kernel.tensorNames.get(usage.tensor)!;
  const settings = settingFields(context.settings);
  const view = bindingView(usages, settings, context.halves);
  const body = kernel.body.flatMap((statement) => statementLines(statement, view, "  "));
  const text = body.join("\n");
  const halves = halfLines(text);
  const helpers = [...halves.functions, ...helperLines(kernel.helpers, text)];
  const { declarations, assignments } = nonFinite([text, ...helpers], [...usages.values()][0]?.name ?? "");
  const usesSettings = text.includes("settings.");
  const usesPlace = mentionsWord(text, placeName);
  const written = new Set(
    [...usages.values()].filter((each) => each.written).map((each) => context.bufferOf(each.tensor)),
  );
  const tensors = [...usages.values()].map(({ tensor }) => ({
    tensor,
    access: written.has(context.bufferOf(tensor)) ? ("read_write" as const) : ("read" as const),
  }));
  const [x, y, z] = kernel.workgroupSize;
  const quads = quadLines(text);
  const lines = [
    ...header.map((line) => `// ${line}`),
    "",
    ...quads.directives,
    ...halves.directives,
    ...bindingLines(
      [...usages.values()],
      tensors,
      usesSettings,
      [...settings.values()],
      text.includes("sizes."),
      usesPlace,
      context,
    ),
    ...kernel.declarations,
    ...declarations,
    "",
    ...quads.functions,
    ...helpers,
    `@compute @workgroup_size(${[x, ...(y * z > 1 ? [y] : []), ...(z > 1 ? [z] : [])].join(", ")})`,
    `fn main(${builtins(text)}) {`,
    ...assignments,
    text,
    "}",
  ];
  return {
    name: kernel.name,
    wgsl: pageOf(lines),
    tensors,
    usesSettings,
    usesPlace,
  };
}

/** Lines as a text, no two of them empty one after the other. */
export function pageOf(lines: readonly string[]): string {
  const text = `${lines.join("\n")}\n`;
  return text.includes("\n\n\n") ? text.replace(/\n{3,}/g, "\n\n") : text;
}

/** The parameters of `main` that a text uses. */
function builtins(text: string): string {
  const used = [
    ["group", "workgroup_id", "vec3u"],
    ["local", "local_invocation_id", "vec3u"],
  ].filter(([name]) => new RegExp(`\\b${name}\\.`).test(text));
  return used.map(([name, builtin, type]) => `@builtin(${builtin}) ${name}: ${type}`).join(", ");
}

function bindingView(
  usages: ReadonlyMap<Value, Usage>,
  settings: ReadonlyMap<Value, string>,
  halves: WriteContext["halves"],
): BindingView {
  return {
    binding: (tensor) => ({
      name: usages.get(tensor)!.name,
      isVector: !usages.get(tensor)!.scalar,
      isHalf: halves?.has(tensor),
    }),
    settingName: ({ setting }) => `settings.${settings.get(setting)!}`,
  };
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

function bindingLines(
  usages: readonly Usage[],
  tensors: WrittenKernel["tensors"],
  usesSettings: boolean,
  settings: readonly string[],
  usesSizes: boolean,
  usesPlace: boolean,
  context: WriteContext,
): string[] {
  const lines = usages.map((usage, binding) => {
    const isHalf = context.halves?.has(usage.tensor) ?? false;
    const array = arrayType(usage.tensor, !usage.scalar, isHalf);
    const shared = tensors[binding].access === "read_write" && !usage.written;
    const note = noteOf(usage.tensor, isHalf) + (shared ? "; only read, in a buffer that is written here" : "");
    return `@group(0) @binding(${binding}) var<storage, ${tensors[binding].access}> ${usage.name}: ${array}; // ${note}`;
  });
  const declare = (name: string, type: string, fields: readonly string[], kind: string): void => {
    lines.push(`@group(0) @binding(${bound++}) var<uniform> ${name}: ${type};`);
    lines.unshift(`struct ${type} { ${fields.map((field) => `${field}: ${kind}`).join(", ")} }`);
  };
  let bound = lines.length;
  if (usesSettings) declare("settings", "Settings", settings, "f32");
  if (usesSizes) declare("sizes", "Sizes", context.sizes, "u32");
  if (usesPlace) lines.push(placeLine(bound++));
  return lines;
}

/** The place of a loop, which comes after all else. */
export const placeLine = (binding: number): string => `@group(0) @binding(${binding}) var<uniform> ${placeName}: u32;`;
