/// Runs a model file: the same language instance as the compiler's, names and places reported to the builder.
import { readFileSync } from "node:fs";
import { createJiti } from "jiti";
import { CompileError, type Place } from "../../ir/diagnostic.ts";
import { keyed, named, placed } from "../../ir/traced.ts";
import * as language from "../../ir/index.ts";
import { modelThrows } from "../errors.ts";
import { traceModule } from "./instrument.ts";
import { displayPath } from "./place.ts";
import { transpile, type Script } from "./transpile.ts";

/** What running a model file gives. */
export interface ModelRun {
  readonly exports: Readonly<Record<string, unknown>>;
  /** Text of the model file and of every file of the user's that it imports, by path. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Runs a model file and what it imports. Errors `model-syntax`, `model-throws`, and those of the language. */
export async function runModel(file: string): Promise<ModelRun> {
  const scripts = new Map<string, Script>();
  const sources = new Map<string, string>();
  const jiti = createJiti(file, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules: { chainrule: language, [traceModule]: { traceIn } },
    transform({ source, filename = file }) {
      const own = !/[\\/]node_modules[\\/]/.test(filename);
      const script = transpile(source, filename, own && /\.[cm]?tsx?$/.test(filename));
      scripts.set(slashed(filename), script);
      if (own) sources.set(slashed(filename), source);
      return { code: script.code };
    },
  });
  try {
    // Evaluated by its text, so that nothing can take the file for a native module with a second instance of the language.
    const result = jiti.evalModule(readFileSync(file, "utf8"), { filename: file, async: true, forceTranspile: true });
    return { exports: (await result) as ModelRun["exports"], sources };
  } catch (error) {
    throw explain(error, file, scripts);
  }
}

/** The tracer of one file: the builder's `named`, `placed` and `keyed` with places spelt as numbers. */
function traceIn(file: string) {
  const place = (line: number, column: number, endColumn: number): Place =>
    endColumn > 0 ? { file, line, column, endColumn } : { file, line, column };
  return {
    named: <T>(name: string, line: number, column: number, endColumn: number, action: () => T): T =>
      callAfter(name, named(name, place(line, column, endColumn), action)),
    placed: <T>(line: number, column: number, endColumn: number, action: () => T): T =>
      placed(place(line, column, endColumn), action),
    keyed: <T extends object>(record: T, keys: readonly (readonly [string, number, number, number])[]): T =>
      keyed(record, new Map(keys.map(([key, ...numbers]) => [key, place(...numbers)]))),
  };
}

function explain(error: unknown, file: string, scripts: ReadonlyMap<string, Script>): CompileError {
  const known = error instanceof CompileError;
  const wrapped = known ? error : modelThrows(displayPath(file), describe(error));
  wrapped.place ??= thrownAt(error, scripts);
  return wrapped;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]}` : String(error);
}

/** The place of the innermost stack frame that lies in the user's files. */
function thrownAt(error: unknown, scripts: ReadonlyMap<string, Script>): Place | undefined {
  if (!(error instanceof Error)) return undefined;
  for (const line of slashed(error.stack ?? "").split("\n")) {
    const [, frame, row, column] = /(?:\(|at )(?:async )?(?:file:\/\/)?(\S.*):(\d+):(\d+)\)?$/.exec(line) ?? [];
    const script = frame === undefined ? undefined : scripts.get(frame);
    const place = script?.place(Number(row), Number(column));
    if (place) return place;
  }
  return undefined;
}

const slashed = (path: string): string => path.replaceAll("\\", "/");

/** A function without a name of its own is called what the variable is called that holds it. */
function callAfter<T>(variable: string, made: T): T {
  if (typeof made === "function" && made.name === "") Object.defineProperty(made, "name", { value: variable });
  return made;
}
