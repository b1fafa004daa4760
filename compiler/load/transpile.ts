/// From a TypeScript module to a CommonJS script, with the way back from its lines to the source.
import { SourceMap, type SourceMapPayload } from "node:module";
import { pathToFileURL } from "node:url";
import { ts } from "ts-morph";
import type { Place } from "../../ir/diagnostic.ts";
import { modelSyntax } from "../errors.ts";
import { instrument } from "./instrument.ts";
import { displayPath, placeOf } from "./place.ts";

/** A script ready to run. */
export interface Script {
  readonly code: string;
  /** Place in the source of a line and column of the script, both counted from 1. */
  place(line: number, column: number): Place | undefined;
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  esModuleInterop: true,
  sourceMap: true,
  allowJs: true,
};

/** Transpiles one file; `traced` files report names and places to the builder as they run. Error `model-syntax`. */
export function transpile(source: string, file: string, traced: boolean): Script {
  const before = [replaceImportMeta(file), ...(traced ? [instrument] : [])];
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(source, {
    compilerOptions: options,
    fileName: file,
    reportDiagnostics: true,
    transformers: { before },
  });
  const failure = diagnostics?.find((each) => each.category === ts.DiagnosticCategory.Error && each.file);
  if (failure) {
    const error = modelSyntax(ts.flattenDiagnosticMessageText(failure.messageText, "\n"));
    const start = failure.start ?? 0;
    error.place = placeOf(failure.file!, start, start + (failure.length ?? 0));
    throw error;
  }
  const map = new SourceMap(JSON.parse(sourceMapText!) as SourceMapPayload);
  return {
    code: outputText.replace(/\/\/# sourceMappingURL=.*$/m, ""),
    place(line, column) {
      const entry = map.findEntry(line - 1, column - 1);
      if (!("originalLine" in entry)) return undefined;
      const [row, start] = [entry.originalLine + 1, entry.originalColumn + 1];
      return { file: displayPath(file), line: row, column: start, endColumn: start + 1 };
    },
  };
}

/** A script has no `import.meta`: its members are known when the file is, so they become literals. */
function replaceImportMeta(file: string): ts.TransformerFactory<ts.SourceFile> {
  const url = pathToFileURL(file);
  const members: Readonly<Record<string, string>> = {
    url: url.href,
    filename: file,
    dirname: file.replace(/[\\/][^\\/]*$/, ""),
  };
  return (context) => (source) => {
    const visit = (node: ts.Node): ts.Node => {
      const isMember = ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression);
      const text = isMember ? members[node.name.text] : undefined;
      return text === undefined ? ts.visitEachChild(node, visit, context) : ts.factory.createStringLiteral(text);
    };
    return ts.visitEachChild(source, visit, context);
  };
}
