/// Whether a file exports something by default, as far as the language settles it: a script that trains would train.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ts } from "ts-morph";

/** True for an ES module without a default export. What CommonJS exports is known when it has run. */
export function exportsNoDefault(file: string): boolean {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext);
  return isModule(source, file) && !source.statements.some(exportsByDefault);
}

/** What Node goes by: the file's ending, imports and exports, and else the package that it lies in. */
function isModule(source: ts.SourceFile, file: string): boolean {
  if (/\.c[jt]s$/.test(file)) return false;
  return /\.m[jt]s$/.test(file) || ts.isExternalModule(source) || packageType(dirname(file)) === "module";
}

/** The `type` of the package that a folder lies in. */
function packageType(folder: string): unknown {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return dirname(folder) === folder ? undefined : packageType(dirname(folder));
  const { config } = ts.parseConfigFileTextToJson(path, readFileSync(path, "utf8")) as { config?: { type?: unknown } };
  return config?.type;
}

/** True for `export default …`, `export = …`, `export { model as default }`, and `export * as default from …`. */
function exportsByDefault(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  if (ts.isExportDeclaration(statement)) return namesDefault(statement.exportClause);
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}

function namesDefault(clause: ts.NamedExportBindings | undefined): boolean {
  if (clause === undefined) return false;
  return (ts.isNamedExports(clause) ? clause.elements : [clause]).some(({ name }) => name.text === "default");
}
