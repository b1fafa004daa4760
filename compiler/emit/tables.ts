/// The program of a generated module: its kernels as text to read, and its tables with the names of what they refer to.
import type { CodeBlockWriter } from "ts-morph";
import type { Binding, Dispatch, EntryPoint, Kernel, Loop, Program, Slot } from "../../runtime/abi.ts";
import { sharedFunctions, splitFunctions, takeHeader, takeNote, takeNotes, type SharedFunctions } from "./functions.ts";
import { printLiteral, templateText, type Literal, type Verbatim } from "./literal.ts";
import { camelCase } from "./names.ts";

/**
 * Writes one constant for each function that kernels share, one a kernel, then `program`. `unique` gives names that are
 * still free in the module.
 */
export function writeProgram(writer: CodeBlockWriter, program: Program, unique: (name: string) => string): void {
  const all = [...program.kernels, ...(program.variants ?? [])];
  const names = all.map((kernel) => unique(`${camelCase(kernel.name)}Kernel`));
  const shared = sharedFunctions(all, unique);
  writeFunctions(writer, shared);
  all.forEach((kernel, index) => writeKernel(writer, names[index], kernel, shared));
  const comments = new Map<Literal, string>();
  const entryPoints: Record<string, Literal> = {};
  for (const [name, entry] of Object.entries(program.entryPoints)) {
    const dispatches = entry.dispatches.flatMap(allDispatches).flatMap((each) => [each, ...variantsOf(each)]);
    for (const binding of dispatches.flatMap((dispatch) => dispatch.bindings)) {
      // One binding object may serve several dispatches, and mean the same in each.
      comments.set(binding as unknown as Literal, bindingName(program, entry, binding));
    }
    entryPoints[name] = { ...entry, dispatches: entry.dispatches.map(readable) } as unknown as Literal;
  }
  program.buffers.forEach((buffer, index) => comments.set(buffer as unknown as Literal, String(index)));
  const named = names.map((verbatim): Verbatim => ({ verbatim }));
  const count = program.kernels.length;
  const variants = program.variants && { variants: named.slice(count) };
  const table = { ...program, kernels: named.slice(0, count), ...variants, entryPoints } as unknown as Literal;
  const start = "export const program: Program = ";
  writer.writeLine("/** The compiled model: buffers, states, kernels, and the dispatches of each entry point. */");
  writer.write(`${start}${printLiteral(table, 0, start.length, (element) => comments.get(element))};`).newLine();

  function readable(dispatch: Dispatch | Loop): Literal {
    if ("times" in dispatch)
      return { ...dispatch, dispatches: dispatch.dispatches.map(readable) } as unknown as Literal;
    const variants = dispatch.variants?.map(({ name, dispatches }) => ({
      name,
      dispatches: dispatches.map((each) => withKernel(each, program.variants!)),
    }));
    return { ...withKernel(dispatch, program.kernels), ...(variants && { variants }) } as unknown as Literal;
  }
}

/** A dispatch whose kernel has its name beside its number. */
function withKernel(dispatch: Dispatch, kernels: readonly Kernel[]): object {
  const name = kernels[dispatch.kernel].name.replaceAll("*/", "");
  return { ...dispatch, kernel: { verbatim: `${dispatch.kernel} /* ${name} */` } };
}

/** What may take a dispatch's place. */
function variantsOf({ variants = [] }: Dispatch): readonly Dispatch[] {
  return variants.flatMap(({ dispatches }) => dispatches);
}

/** The dispatches of a loop, each once. */
function allDispatches(entry: Dispatch | Loop): readonly Dispatch[] {
  return "times" in entry ? entry.dispatches.flatMap(allDispatches) : [entry];
}

// Templates are written raw: the writer would indent their lines.
function writeFunctions(writer: CodeBlockWriter, shared: SharedFunctions): void {
  if (shared.size > 0) writer.writeLine("// Functions that several kernels call.").blankLine();
  for (const [declared, name] of shared) {
    const { comment, text } = takeNote(declared);
    for (const line of comment) writer.writeLine(line);
    writer
      .write(`const ${name} = /* wgsl */ \`${templateText(text)}\`;`)
      .newLine()
      .blankLine();
  }
}

function writeKernel(writer: CodeBlockWriter, name: string, kernel: Kernel, shared: SharedFunctions): void {
  const start = `const ${name}: Kernel = `;
  const { comment, text } = takeHeader(kernel.wgsl);
  const notes: string[] = [];
  const parts = splitFunctions(text, shared).map((part) => {
    if (typeof part !== "string") return `\${${part.name}}`;
    const own = takeNotes(part);
    notes.push(...own.comment);
    return templateText(own.text);
  });
  // It begins on a line of its own.
  const wgsl: Verbatim = { verbatim: `/* wgsl */ \`\n${parts.join("").replace(/\n?$/, "\n")}\`` };
  const { name: label, bindings, needs } = kernel;
  const literal = { name: label, bindings, ...(needs && { needs }), wgsl } as unknown as Literal;
  for (const line of [...comment, ...notes]) writer.writeLine(line);
  writer
    .write(`${start}${printLiteral(literal, 0, start.length)};`)
    .newLine()
    .blankLine();
}

/** Name of the tensor that a binding shows to a kernel, else the label of its buffer. */
function bindingName(program: Program, entry: EntryPoint, binding: Binding): string {
  const slots: readonly Slot[] = [...program.states, ...entry.inputs, ...entry.outputs];
  const slot = slots.find((each) => each.buffer === binding.buffer && each.offset === binding.offset);
  return slot?.name ?? program.buffers[binding.buffer].label;
}
