/// `chainrule compile`: from a model file to a generated module.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { compileWithFacts } from "../compile.ts";
import { outputFile } from "../errors.ts";
import { emitModule } from "../emit/index.ts";
import type { Storage } from "../half.ts";
import type { Warning } from "../lint/index.ts";
import { loadModelFile } from "../load/index.ts";
import { packageInfo } from "../load/package.ts";
import { displayPath } from "../load/place.ts";
import { showDiagnostic } from "./diagnostic.ts";
import type { Terminal } from "./terminal.ts";

/** What to compile, and where to. */
export interface CompileCommand {
  readonly model: string;
  readonly out: string;
  readonly dims: Readonly<Record<string, number>>;
  /** Writes nothing; the exit code says whether the file is up to date. */
  readonly check: boolean;
  readonly strictFloat: boolean;
  readonly storage: Storage;
  readonly memoryBudget: number | undefined;
}

/** Compiles; returns the exit code. */
export async function compileCommand(command: CompileCommand, terminal: Terminal): Promise<number> {
  const { text, warnings } = await generate(command);
  const out = displayPath(command.out);
  const current = usable(out, () => existsSync(command.out) && unixLines(readFileSync(command.out, "utf8")) === text);
  if (command.check) {
    if (current) terminal.print(`${out} is up to date`);
    else terminal.warn(`${out} is stale\n  help: ${commandLine(command)}`);
    return current ? 0 : 1;
  }
  if (!current) {
    usable(out, () => {
      mkdirSync(dirname(command.out), { recursive: true });
      writeFileSync(command.out, text);
    });
  }
  for (const warning of warnings) terminal.warn(showDiagnostic("warning", warning, terminal));
  terminal.print(`${displayPath(command.model)} → ${out}${current ? " (unchanged)" : ""}`);
  return 0;
}

/** Reads or writes the file of the module; what the system says against it is an error of the command. */
function usable<T>(out: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw outputFile(out, error instanceof Error ? error.message : String(error));
  }
}

/** What a model file compiles to. */
interface Generated {
  readonly text: string;
  readonly warnings: readonly Warning[];
}

/** Text of the module that a model file compiles to, and what is to be said about the model. */
async function generate(command: CompileCommand): Promise<Generated> {
  const { graph, sources } = await loadModelFile(command.model);
  const { dims, strictFloat, storage, memoryBudget } = command;
  const { program, warnings } = compileWithFacts(graph, { dims, strictFloat, storage, memoryBudget });
  const text = emitModule(program, {
    version: packageInfo().version,
    model: displayPath(command.model),
    hash: hashOf(sources, command),
    command: commandLine(command),
  });
  return { text, warnings };
}

/** SHA-256 of the sources, sizes and choices, the same on every platform. */
function hashOf(sources: ReadonlyMap<string, string>, command: CompileCommand): string {
  const { dims, strictFloat, storage, memoryBudget } = command;
  const hash = createHash("sha256");
  for (const [file, text] of sources) hash.update(`${displayPath(file)}\0${unixLines(text)}\0`);
  if (strictFloat) hash.update("strict float\0");
  if (storage !== "f32") hash.update(`storage ${storage}\0`);
  if (memoryBudget !== undefined) hash.update(`memory budget ${memoryBudget}\0`);
  return hash.update(JSON.stringify(dims)).digest("hex");
}

function commandLine({ model, out, dims, strictFloat, storage, memoryBudget }: CompileCommand): string {
  const sizes = Object.entries(dims).flatMap(([name, size]) => ["--dim", `${name}=${size}`]);
  const words = ["npx", "chainrule", "compile", displayPath(model), "--out", displayPath(out), ...sizes];
  const choices = [
    ...(strictFloat ? ["--strict-float"] : []),
    ...(storage !== "f32" ? ["--storage", storage] : []),
    ...(memoryBudget === undefined ? [] : ["--memory-budget", String(memoryBudget)]),
  ];
  return [...words, ...choices].map(quoted).join(" ");
}

/** A word of a command: in quotes where a shell would take it for several, or for something else. */
function quoted(word: string): string {
  return /^[\p{L}\p{N}\p{M}_./\\:@%+=,-]+$/u.test(word) ? word : `"${word.replaceAll(/["$`]/g, "\\$&")}"`;
}

/** A checkout on Windows may have other line ends. */
const unixLines = (text: string): string => text.replaceAll("\r\n", "\n");
