/// From a model file to its graph: checks the types, reads names and places from the source, and runs it.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { CompileError } from "../../ir/diagnostic.ts";
import { argumentValue } from "../../ir/errors.ts";
import type { Graph } from "../../ir/graph.ts";
import { didYouMean, nearest } from "../../ir/suggest.ts";
import { modelNoDefaultExport, modelNotFound, modelSyntax } from "../errors.ts";
import { exportsNoDefault } from "./default-export.ts";
import { displayPath } from "./place.ts";
import { runModel } from "./run.ts";
import { checkTypes, lineOf, type TypeFailure } from "./typecheck.ts";

/** How to load a model file. */
export interface LoadModelOptions {
  /** False skips the type check, which takes most of the time. Default true. */
  readonly typeCheck?: boolean;
}

/** A model file that was loaded. */
export interface LoadedModel {
  readonly graph: Graph;
  /** Text of the model file and of every file of the user's that it imports, by path, sorted. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * The graph that a model file exports by default. Its values are named after the variables of the file and know their
 * places. Errors `model-not-found`, `model-type-error`, `model-syntax`, `model-throws`, `model-no-default-export`, and
 * those of the language.
 */
export async function loadModel(path: string, options: LoadModelOptions = {}): Promise<Graph> {
  return (await loadModelFile(path, options)).graph;
}

/** Like `loadModel`, with the texts that went into it. */
export async function loadModelFile(path: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const file = resolve(path);
  const shown = displayPath(file);
  if (!existsSync(file) || !statSync(file).isFile()) throw modelNotFound(shown, meantInstead(file));
  const failure = (options.typeCheck ?? true) ? checkTypes(file) : undefined;
  if (failure?.error.code !== modelSyntax.code && exportsNoDefault(file))
    throw modelNoDefaultExport(shown, "none", modelBeside(file));
  if (failure) throw failure.isOfLanguage ? await betterError(file, failure) : failure.error;
  const { exports, sources } = await runModel(file);
  // `module.exports = …` is what others import by default.
  const graph = isGraph(exports) ? exports : exports.default;
  if (!isGraph(graph)) throw modelNoDefaultExport(shown, graph === undefined ? "none" : describe(graph));
  return { graph, sources: new Map([...sources].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** A question that names the file that was probably meant. */
function meantInstead(file: string): string | undefined {
  const path = meantPath(file);
  return path === undefined ? undefined : didYouMean(displayPath(path));
}

/** A question that names the model in the folder of a file that is none. */
function modelBeside(file: string): string | undefined {
  const path = join(dirname(file), "model.ts");
  return path !== file && existsSync(path) ? didYouMean(displayPath(path)) : undefined;
}

/** Which file was probably meant: the model of a folder, or what is called nearly so where the path leaves the disk. */
function meantPath(file: string): string | undefined {
  const within = join(file, "model.ts");
  if (existsSync(within)) return within;
  if (existsSync(file)) return undefined;
  let [folder, missing] = [dirname(file), file];
  while (!existsSync(folder)) [folder, missing] = [dirname(folder), folder];
  const found = statSync(folder).isDirectory() ? nearest(basename(missing), readdirSync(folder)) : undefined;
  return found === undefined ? undefined : join(folder, found, relative(missing, file));
}

/**
 * Of what the language refuses itself it says more than types do: which value, and what to do. A model in which anything else
 * is wrong is not run: nothing holds that the types of its variables say.
 */
async function betterError(
  file: string,
  { error, onlySentences, hasAdvice, lines }: TypeFailure,
): Promise<CompileError> {
  const found = await runModel(file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(found instanceof CompileError) || found.code === "model-throws") return error;
  // Where the source shows what was meant, it says more than what became of it, such as the number of a comparison.
  if (found.code === argumentValue.code && hasAdvice) return error;
  return onlySentences || (found.place && lines.has(lineOf(found.place))) ? found : error;
}

function isGraph(candidate: unknown): candidate is Graph {
  if (typeof candidate !== "object" || candidate === null) return false;
  const { entryPoints, states, notes } = candidate as Partial<Graph>;
  return Array.isArray(entryPoints) && Array.isArray(states) && notes instanceof Map;
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
