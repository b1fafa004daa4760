/// Kernel IR → WGSL text. Decides how tensors are bound and named, and writes the header that says what is computed.
import { formatType, type DType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import type { BindingAccess, StorageType } from "../../runtime/abi.ts";
import { placeName } from "../cluster/loop.ts";
import { constantIndex, indexAlgebra } from "../lower/index.ts";
import { targetTensor, type Expression, type Kernel, type Statement } from "../lower/kernel.ts";
import { expressionText, indexText, primary, type BindingView } from "./expression.ts";
import { helperLines, nonFinite } from "./helpers.ts";
import { createNamer } from "./names.ts";

/** What the writer must know about the program around a kernel. */
export interface WriteContext {
  /** The buffer in which a tensor lives; tensors of one buffer cannot be bound with different access. */
  bufferOf(tensor: Value): number;
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

interface Usage {
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

/** The text of a kernel. */
export function writeKernel(kernel: Kernel, context: WriteContext, header: readonly string[]): WrittenKernel {
  const usages = collectUsages(kernel.body);
  for (const usage of usages.values()) usage.name = kernel.tensorNames.get(usage.tensor)!;
  const field = createNamer();
  const settings = new Map([...context.settings].map(([setting, name]) => [setting, field(name)]));
  const view = bindingView(usages, settings);
  const body = kernel.body.flatMap((statement) => statementLines(statement, view, usages, "  "));
  const text = body.join("\n");
  const helpers = helperLines(kernel.helpers, text);
  const { declarations, assignments } = nonFinite([text, ...helpers].join("\n"), [...usages.values()][0]?.name ?? "");
  const usesSettings = text.includes("settings.");
  const usesPlace = new RegExp(`\\b${placeName}\\b`).test(text);
  const written = new Set(
    [...usages.values()].filter((each) => each.written).map((each) => context.bufferOf(each.tensor)),
  );
  const tensors = [...usages.values()].map(({ tensor }) => ({
    tensor,
    access: written.has(context.bufferOf(tensor)) ? ("read_write" as const) : ("read" as const),
  }));
  const [x, y, z] = kernel.workgroupSize;
  const lines = [
    ...header.map((line) => `// ${line}`),
    "",
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
    ...helpers,
    `@compute @workgroup_size(${[x, ...(y * z > 1 ? [y] : []), ...(z > 1 ? [z] : [])].join(", ")})`,
    `fn main(${builtins(text)}) {`,
    ...assignments,
    text,
    "}",
  ];
  return {
    name: kernel.name,
    wgsl: `${lines.join("\n").replace(/\n{3,}/g, "\n\n")}\n`,
    tensors,
    usesSettings,
    usesPlace,
  };
}

function builtins(text: string): string {
  const used = [
    ["group", "workgroup_id", "vec3u"],
    ["local", "local_invocation_id", "vec3u"],
  ].filter(([name]) => new RegExp(`\\b${name}\\.`).test(text));
  return used.map(([name, builtin, type]) => `@builtin(${builtin}) ${name}: ${type}`).join(", ");
}

function bindingView(usages: ReadonlyMap<Value, Usage>, settings: ReadonlyMap<Value, string>): BindingView {
  return {
    name: (load) => usages.get(load.tensor)!.name,
    isVector: (load) => !usages.get(load.tensor)!.scalar,
    settingName: ({ setting }) => `settings.${settings.get(setting)!}`,
  };
}

/** Every tensor that the statements read or write, in order of first use, reads before writes. */
function collectUsages(body: readonly Statement[]): Map<Value, Usage> {
  const usages = new Map<Value, Usage>();
  const use = (tensor: Value, lanes: number, written: boolean): void => {
    const known = usages.get(tensor) ?? { tensor, written: false, scalar: false, name: "" };
    known.written ||= written;
    known.scalar ||= lanes === 1;
    usages.set(tensor, known);
  };
  const visit = (expression: Expression): void => {
    if (expression.tag === "load") use(expression.tensor, expression.lanes, false);
    if (expression.tag === "apply") expression.operands.forEach(visit);
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
    const element = storageType(usage.tensor.type.dtype);
    const array = usage.scalar ? `array<${element}>` : `array<vec4${element[0]}>`;
    const shared = tensors[binding].access === "read_write" && !usage.written;
    const note = formatType(usage.tensor.type) + (shared ? "; only read, in a buffer that is written here" : "");
    return `@group(0) @binding(${binding}) var<storage, ${tensors[binding].access}> ${usage.name}: ${array}; // ${note}`;
  });
  const declare = (name: string, type: string, fields: readonly string[], kind: string): void => {
    lines.push(`@group(0) @binding(${bound++}) var<uniform> ${name}: ${type};`);
    lines.unshift(`struct ${type} { ${fields.map((field) => `${field}: ${kind}`).join(", ")} }`);
  };
  let bound = lines.length;
  if (usesSettings) declare("settings", "Settings", settings, "f32");
  if (usesSizes) declare("sizes", "Sizes", context.sizes, "u32");
  if (usesPlace) lines.push(`@group(0) @binding(${bound++}) var<uniform> ${placeName}: u32;`);
  return lines;
}

function statementLines(
  statement: Statement,
  view: BindingView,
  usages: ReadonlyMap<Value, Usage>,
  indent: string,
): string[] {
  switch (statement.tag) {
    case "let":
      return indented(`let ${statement.name} = ${expressionText(statement.value, view)};`, indent);
    case "line":
      return [indent + statement.text];
    case "assign":
      return indented(statement.before + expressionText(statement.value, view) + statement.after, indent);
    case "store":
      return storeLines(statement, view, usages).flatMap((line) => indented(line, indent));
    case "block": {
      const body = statement.body.flatMap((inner) => statementLines(inner, view, usages, `${indent}  `));
      return [`${indent}${statement.head} {`, ...body, `${indent}}`];
    }
    default:
      return statement satisfies never;
  }
}

function indented(text: string, indent: string): string[] {
  return text.split("\n").map((line) => indent + line);
}

function storeLines(
  store: Statement & { tag: "store" },
  view: BindingView,
  usages: ReadonlyMap<Value, Usage>,
): string[] {
  const usage = usages.get(targetTensor(store.target))!;
  const { value } = store;
  const text = expressionText(value, view);
  const kept =
    value.dtype === "bool"
      ? value.lanes === 4
        ? `select(vec4<u32>(0u), vec4<u32>(1u), ${text})`
        : `select(0u, 1u, ${text})`
      : text;
  if (value.lanes === 1) return [`${usage.name}[${indexText(store.index)}] = ${kept};`];
  if (!usage.scalar) return [`${usage.name}[${indexText(indexAlgebra.divide(store.index, 4))}] = ${kept};`];
  return ["x", "y", "z", "w"].map((component, lane) => {
    const at = indexText(indexAlgebra.add(store.index, constantIndex(lane)));
    return `${usage.name}[${at}] = ${primary(kept)}.${component};`;
  });
}
