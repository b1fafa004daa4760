/// Kernel IR → WGSL text. Decides how tensors are bound and named, and writes the header that says what is computed.
import type { Value } from "../../ir/value.ts";
import { placeName } from "../cluster/loop.ts";
import type { Kernel } from "../lower/kernel.ts";
import {
  bindingsOf,
  collectUsages,
  variableLines,
  variablesOf,
  type BoundTensors,
  type Lying,
  type BoundVariable,
} from "./bound.ts";
import type { BindingView } from "./expression.ts";
import { helperLines, mentionsWord, nonFinite, quadLines } from "./helpers.ts";
import { halfLines } from "./halves.ts";
import { createNamer } from "./names.ts";
import { statementLines } from "./statements.ts";

/** What the writer must know about the program around a kernel. */
export interface WriteContext extends Lying {
  /** Settings of the entry point and their names, in the order of the uniform buffer. */
  readonly settings: ReadonlyMap<Value, string>;
  /** Named sizes left free, in the order of the uniform `sizes`. */
  readonly sizes: readonly string[];
}

/** A kernel as text, and what it binds, in order; after that the settings, where it reads any. */
export interface WrittenKernel {
  readonly name: string;
  readonly wgsl: string;
  readonly bindings: readonly BoundTensors[];
  readonly usesSettings: boolean;
  /** The place of a loop is bound last. */
  readonly usesPlace: boolean;
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
  const variables = variablesOf([...usages.values()], context);
  const view = bindingView(variables, settings, context.halves);
  const body = kernel.body.flatMap((statement) => statementLines(statement, view, "  "));
  const text = body.join("\n");
  const halves = halfLines(text);
  const helpers = [...halves.functions, ...helperLines(kernel.helpers, text)];
  const { declarations, assignments } = nonFinite([text, ...helpers], variables[0]?.name ?? "");
  const usesSettings = text.includes("settings.");
  const usesPlace = mentionsWord(text, placeName);
  const [x, y, z] = kernel.workgroupSize;
  const quads = quadLines(text);
  const lines = [
    ...header.map((line) => `// ${line}`),
    "",
    ...quads.directives,
    ...halves.directives,
    ...bindingLines(variables, usesSettings, [...settings.values()], text.includes("sizes."), usesPlace, context),
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
    bindings: variables,
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
  variables: readonly BoundVariable[],
  settings: ReadonlyMap<Value, string>,
  halves: WriteContext["halves"],
): BindingView {
  const bindings = bindingsOf(variables, halves);
  return {
    binding: (tensor) => bindings.get(tensor)!,
    settingName: ({ setting }) => `settings.${settings.get(setting)!}`,
  };
}

const noteOnAccess = "; only read, in a buffer that is written here";

function bindingLines(
  variables: readonly BoundVariable[],
  usesSettings: boolean,
  settings: readonly string[],
  usesSizes: boolean,
  usesPlace: boolean,
  context: WriteContext,
): string[] {
  const lines = variables.flatMap((variable, binding) =>
    variableLines(variable, binding, context, ({ written }) =>
      variable.access === "read_write" && !written ? noteOnAccess : "",
    ),
  );
  const declare = (name: string, type: string, fields: readonly string[], kind: string): void => {
    lines.push(`@group(0) @binding(${bound++}) var<uniform> ${name}: ${type};`);
    lines.unshift(`struct ${type} { ${fields.map((field) => `${field}: ${kind}`).join(", ")} }`);
  };
  let bound = variables.length;
  if (usesSettings) declare("settings", "Settings", settings, "f32");
  if (usesSizes) declare("sizes", "Sizes", context.sizes, "u32");
  if (usesPlace) lines.push(placeLine(bound++));
  return lines;
}

/** The place of a loop, which comes after all else. */
export const placeLine = (binding: number): string => `@group(0) @binding(${binding}) var<uniform> ${placeName}: u32;`;
