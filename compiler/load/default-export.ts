/// Whether a file exports something by default, seen without running it: a script that trains would train.
import { readFileSync } from "node:fs";
import { ts } from "ts-morph";

/** True for `export default …`, `export { model as default }`, and what CommonJS writes for them. */
export function exportsByDefault(file: string): boolean {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext);
  return source.statements.some((statement) => {
    if (ts.isExportAssignment(statement)) return true;
    if (ts.isExportDeclaration(statement)) return isNamedDefault(statement.exportClause);
    if (ts.isExpressionStatement(statement)) return /^(module\.)?exports\b/.test(statement.getText(source));
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false;
  });
}

function isNamedDefault(clause: ts.NamedExportBindings | undefined): boolean {
  return (
    clause !== undefined && ts.isNamedExports(clause) && clause.elements.some(({ name }) => name.text === "default")
  );
}
