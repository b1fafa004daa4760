/// The types of a generated module: what each entry point takes and gives, and the parameters.
import type { CodeBlockWriter } from "ts-morph";
import type { EntryPoint, InputSlot, Program, Slot, StorageType } from "../../runtime/abi.ts";
import { propertyKey } from "./literal.ts";
import { pascalCase, sentenceList } from "./names.ts";

const arrays: Readonly<Record<StorageType, string>> = { f32: "Float32Array", i32: "Int32Array", u32: "Uint32Array" };

/** Writes the interfaces of every entry point of `program`, then the one of the module, called `name`. */
export function writeTypes(writer: CodeBlockWriter, program: Program, name: string): void {
  const entries = Object.entries(program.entryPoints);
  if (entries.some(([, entry]) => entry.inputs.length > 0)) {
    writer.writeLine("/** Elements, row-major, or a tensor that is on the GPU already. */");
    writer.writeLine("type Tensor<Elements> = Elements | Exclude<InputValue, number | TypedArray>;").blankLine();
  }
  for (const [entryName, entry] of entries) writeEntryTypes(writer, entryName, entry);
  writeParameters(writer, program, name);
  writer.writeLine(`/** The loaded model. \`destroy()\` frees what it holds. */`);
  writer.write(`export interface ${name} extends LoadedModule<${name}Params>`).block(() => {
    for (const [entryName, entry] of entries) writeMethod(writer, entryName, entry);
  });
  writer.blankLine();
}

function writeEntryTypes(writer: CodeBlockWriter, name: string, entry: EntryPoint): void {
  const type = pascalCase(name);
  const { inputs, settings, outputs } = entry;
  if (inputs.length > 0) {
    writeInterface(writer, `What \`${name}\` takes.`, `${type}Inputs`, inputs, (slot) => ({
      doc: describeInput(slot),
      text: `readonly ${propertyKey(slot.name)}: Tensor<${inputType(slot)}>;`,
    }));
  }
  if (settings.length > 0) {
    const doc = `What may change at every call of \`${name}\`.`;
    writeInterface(writer, doc, `${type}Settings`, settings, (setting) => ({
      doc: `Default ${setting.value}${setting.range ? `, in [${setting.range.join(", ")})` : ""}.`,
      text: `readonly ${propertyKey(setting.name)}?: number;`,
    }));
  }
  if (outputs.length > 0) {
    writeInterface(writer, `What \`${name}\` gives.`, `${type}Outputs`, outputs, (slot) => ({
      doc: describeSlot(slot),
      text: `readonly ${propertyKey(slot.name)}: ${slot.shape.length === 0 ? "number" : arrays[slot.dtype]};`,
    }));
  }
}

interface Member {
  readonly doc: string;
  readonly text: string;
}

function writeInterface<T>(
  writer: CodeBlockWriter,
  doc: string,
  name: string,
  members: readonly T[],
  member: (of: T) => Member,
): void {
  writer.writeLine(`/** ${commentText(doc)} */`);
  writer.write(`export interface ${name}`).block(() => {
    for (const each of members) {
      const { doc, text } = member(each);
      writer.writeLine(`/** ${commentText(doc)} */`).writeLine(text);
    }
  });
  writer.blankLine();
}

function writeParameters(writer: CodeBlockWriter, program: Program, name: string): void {
  const parameters = program.states.filter((state) => state.parameter);
  if (parameters.length === 0) {
    writer.writeLine("/** The model has no parameters. */");
    writer.writeLine(`export type ${name}Params = Record<never, never>;`).blankLine();
    return;
  }
  writeInterface(writer, "Parameters by name.", `${name}Params`, parameters, (slot) => ({
    doc: describeSlot(slot),
    text: `readonly ${propertyKey(slot.name)}: ${arrays[slot.dtype]};`,
  }));
  writer.writeLine("/** Shapes of the parameters. */");
  writer.write("export const parameterShapes = ").inlineBlock(() => {
    for (const slot of parameters) writer.writeLine(`${propertyKey(slot.name)}: [${slot.shape.join(", ")}],`);
  });
  writer.write(" as const;").newLine().blankLine();
}

function writeMethod(writer: CodeBlockWriter, name: string, entry: EntryPoint): void {
  const type = pascalCase(name);
  const { inputs, settings, outputs, updates } = entry;
  const given = inputs.length > 0 ? `inputs: ${type}Inputs` : "inputs?: Record<never, never>";
  const turned = settings.length > 0 ? `, settings?: ${type}Settings` : "";
  const result = outputs.length > 0 ? `${type}Outputs` : "Record<never, never>";
  const list = sentenceList(outputs.map((slot) => `\`${slot.name}\``));
  const gives = list === "" ? "" : ` Gives ${list}.`;
  writer.writeLine(
    `/** ${updates ? "Enqueues one step, which changes the states." : "Changes no state."}${commentText(gives)} */`,
  );
  writer.writeLine(`${propertyKey(name)}(${given}${turned}): ${updates ? "Step" : "Result"}<${result}>;`);
}

function describeSlot(slot: Slot): string {
  return slot.shape.length === 0 ? slot.dtype : `${slot.dtype}[${slot.shape.join(", ")}]`;
}

function describeInput(slot: InputSlot): string {
  return slot.classes === undefined ? describeSlot(slot) : `${describeSlot(slot)}, each in [0, ${slot.classes})`;
}

function inputType(slot: Slot): string {
  return slot.shape.length === 0 ? `number | ${arrays[slot.dtype]}` : arrays[slot.dtype];
}

/** Text within a comment, which a name must not end. */
function commentText(text: string): string {
  return text.replaceAll("*/", "*\\/");
}
