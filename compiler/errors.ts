/// The compiler's part of the catalogue: model files and how the compiler is called.
import { defineError } from "../ir/diagnostic.ts";
import { suggestion } from "../ir/suggest.ts";

const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ") || "none";

export const modelNotFound = defineError(
  "model-not-found",
  "The path of a model file names an existing TypeScript file.",
  (path: string, meant: string | undefined) => ({
    message: `a model file must exist: found none at ${path}`,
    help: meant ?? "paths are relative to the working directory",
  }),
);

export const modelTypeError = defineError(
  "model-type-error",
  "A model file type-checks; shapes and element types are part of its types.",
  (found: string, others: readonly string[], help?: string) => ({
    message: `a model file must type-check; TypeScript says: ${found}`,
    help:
      [help, others.length > 0 && `further type errors:\n${others.map((each) => `    ${each}`).join("\n")}`]
        .filter(Boolean)
        .join("\n  help: ") || undefined,
  }),
);

export const modelSyntax = defineError("model-syntax", "A model file is valid TypeScript.", (found: string) => ({
  message: `a model file must be valid TypeScript; TypeScript says: ${found}`,
}));

export const modelThrows = defineError(
  "model-throws",
  "A model file runs to its end when it is compiled.",
  (path: string, found: string) => ({ message: `${path} must run to its end: it threw ${found}` }),
);

export const modelNoDefaultExport = defineError(
  "model-no-default-export",
  "A model file exports its model by default.",
  (path: string, found: string, meant?: string) => ({
    message: `${path} must export a model by default: found ${found}`,
    help: `write export default model("name", () => { … })${meant === undefined ? "" : `; ${meant}`}`,
  }),
);

export const sizeUnknown = defineError(
  "size-unknown",
  "A size that is bound is one that the model names.",
  (name: string, known: readonly string[], entries: readonly string[] = []) => ({
    message: `a bound size must be named in the model: found "${name}", the model names ${list(known)}`,
    help: suggestion(name, [...known, ...entries.flatMap((entry) => known.map((size) => `${entry}.${size}`))]),
  }),
);

/** Sizes without a number, and the entry points that use just these. */
export interface LackingSizes {
  readonly sizes: readonly string[];
  readonly entries: readonly string[];
}

export const sizeUnbound = defineError(
  "size-unbound",
  "Every named size that an entry point uses has a number when it is compiled.",
  (lacking: readonly LackingSizes[], missing: readonly string[]) => ({
    message: `every named size must have a number: ${lacking.map(({ sizes, entries }) => `${list(sizes)} of entry point${entries.length > 1 ? "s" : ""} ${list(entries)} ${sizes.length > 1 ? "have" : "has"} none`).join("; ")}`,
    help: `${missing.map((name) => `--dim ${name}=64`).join(" ")}, or { dims: { ${missing.map((name) => `${JSON.stringify(name)}: 64`).join(", ")} } }`,
  }),
);

export const sizeValue = defineError(
  "size-value",
  "A size is bound to a positive integer.",
  (name: string, found: unknown) => ({
    message: `a size must be a positive integer: "${name}" is ${String(found)}`,
    help: `--dim ${name}=64`,
  }),
);

export const sizeConflict = defineError(
  "size-conflict",
  "Parameters and states are shared by all entry points, so the sizes in their shapes must come out alike.",
  (state: string, first: readonly unknown[], second: readonly unknown[]) => ({
    message: `"${state}" must have one shape in all entry points: found [${first.join(", ")}] and [${second.join(", ")}]`,
    help: "bind the sizes of parameters for all entry points alike",
  }),
);

export const tooManyBindings = defineError(
  "too-many-bindings",
  "A kernel binds at most as many tensors as every adapter allows.",
  (name: string, found: number, most: number) => ({
    message: `a kernel must bind at most ${most} tensors: the one that computes "${name}" binds ${found}`,
    help: "compute it in parts",
  }),
);

export const emptyTensor = defineError(
  "empty-tensor",
  "Every extent of a compiled value is at least 1.",
  (name: string, shape: readonly unknown[]) => ({
    message: `extents must be at least 1: "${name}" is [${shape.join(", ")}]`,
  }),
);

export const dispatchSize = defineError(
  "dispatch-size",
  "A kernel is launched with at most 65 535 workgroups along each dimension, as on every adapter.",
  (kernel: string, found: number, most: number) => ({
    message: `a kernel must need at most ${most} workgroups a dimension: "${kernel}" needs ${found}`,
    help: "compile for a smaller batch",
  }),
);

export const memoryBudget = defineError(
  "memory-budget",
  "What lies between the kernels of an entry point fits into the memory budget.",
  (entry: string, budget: number, smallest: number, alive: readonly string[]) => ({
    message: `the arena must fit into a memory budget of ${budget} bytes: the smallest found for "${entry}" has ${smallest}`,
    help: `--memory-budget ${smallest}, or { memoryBudget: ${smallest} }, or a smaller batch; alive at once there:\n${alive.map((each) => `    ${each}`).join("\n")}`,
  }),
);

export const memoryBudgetValue = defineError(
  "memory-budget-value",
  "A memory budget is a positive whole number of bytes.",
  (found: unknown) => ({
    message: `memoryBudget must be a positive whole number of bytes: found ${typeof found === "string" ? JSON.stringify(found) : String(found)}`,
    help: "{ memoryBudget: 64e6 }; leave it out where there is no limit",
  }),
);

export const outputFile = defineError(
  "output-file",
  "The file named by --out can be written.",
  (path: string, found: string) => ({
    message: `the generated module must be writable at ${path}: ${found}`,
    help: "name a file in a folder that can be written, such as --out model.gen.ts",
  }),
);

const most = 20;
const listed = (names: readonly string[]): string =>
  names.slice(0, most).join(", ") + (names.length > most ? `, and ${names.length - most} more` : "");

export const valueUnknown = defineError(
  "value-unknown",
  "A value that a command asks for is one that the graph names.",
  (name: string, meant: string | undefined, known: readonly string[]) => ({
    message: `a value must be named in the graph: found none named "${name}"`,
    help: meant ?? `the graph names ${listed(known)}`,
  }),
);

export const stageUnknown = defineError(
  "stage-unknown",
  "A stage is the name of a pass, alone for after it or with :before.",
  (stage: string, meant: string | undefined, known: readonly string[]) => ({
    message: `a stage must be one of the compiler's: found "${stage}"`,
    help: meant ?? `the stages are ${known.join(", ")}`,
  }),
);

export const graphData = defineError(
  "graph-data",
  "A graph as JSON is what `print --format json` writes.",
  (wanted: string, found: string) => ({ message: `JSON of a graph must have ${wanted}: found ${found}` }),
);
