/// The project's own source files, as their syntax shows them.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";

/** Root of the repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** One file, by its path from the root with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly syntax: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** One import or re-export. `target` is a path from the root, or a package's specifier. */
export interface Import {
  readonly target: string;
  readonly relative: boolean;
  readonly typeOnly: boolean;
}

/** Every TypeScript file below the given folders, except generated ones and fixtures. */
export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts") && !/\/(generated|fixtures|node_modules)\//.test(path))
      .sort()
      .map(readSource),
  );
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const syntax = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const relative = specifier.startsWith(".");
    imports.push({ target: relative ? posix.join(posix.dirname(path), specifier) : specifier, relative, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(textOf(node.moduleSpecifier), isTypeOnly(node.importClause));
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(textOf(node.moduleSpecifier), node.isTypeOnly);
    const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    if (isDynamic && ts.isStringLiteral(node.arguments[0])) add(node.arguments[0].text, false);
    ts.forEachChild(node, visit);
  };
  visit(syntax);
  return { path, text, syntax, imports };
}

const textOf = (node: ts.Expression): string => (ts.isStringLiteral(node) ? node.text : "");

/** `import type`, and imports of which every name is a type. */
function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  return (
    !name &&
    !!namedBindings &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every((each) => each.isTypeOnly)
  );
}
