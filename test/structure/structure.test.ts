import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { covers, layerOf } from "./layers.ts";
import { sourceFiles, type Import, type SourceFile } from "./source.ts";

const house = sourceFiles("ir", "compiler", "runtime");

describe("the import table", () => {
  test("every import is one that the table allows", () => {
    expect(house.flatMap((file) => file.imports.flatMap((each) => refusal(file, each)))).toEqual([]);
  });

  test("there are no import cycles", () => {
    expect(cycles(house)).toEqual([]);
  });

  test("only the outermost parts know Node or the DOM", () => {
    const inner = house.filter(({ path }) => /^(ir|compiler\/(?!load|emit|cli))/.test(path));
    const foreign = /\b(process|console|Buffer|window|document|navigator|fetch|performance|setTimeout)\b(?=[.(])/;
    const found = inner.flatMap(({ path, syntax }) => {
      const hits = identifiers(syntax).filter(({ text, node }) => foreign.test(`${text}.`) && !isMemberName(node));
      return hits.map(({ text }) => `${path}: ${text}`);
    });
    expect(found).toEqual([]);
  });
});

describe("the caps", () => {
  test("files have at most 300 lines", () => {
    const files = [...house, ...sourceFiles("samples", "test", "docs")];
    const long = files.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
    expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
  });

  test("functions have at most 60 lines", () => {
    const files = [...house, ...sourceFiles("samples", "docs")];
    expect(files.flatMap(longFunctions)).toEqual([]);
  });

  test("only the ambient builder and the process's Dawn instance are state of a module", () => {
    const holders = house.filter((file) => moduleState(file).length > 0).map((file) => file.path);
    expect(holders.filter((path) => !["ir/build.ts", "runtime/node.ts"].includes(path))).toEqual([]);
  });
});

/** Why an import is not allowed; nothing when it is. */
function refusal(file: SourceFile, { target, relative, typeOnly }: Import): readonly string[] {
  const layer = layerOf(file.path);
  if (!layer) return [`${file.path} is in no row`];
  const inside = !layer.row.endsWith(".ts") && covers(layer.row, target);
  const rows = typeOnly ? [...layer.imports, ...(layer.types ?? [])] : layer.imports;
  const allowed = relative
    ? (inside && layerOf(target) === layer) || rows.some((row) => covers(row, target))
    : (layer.packages ?? []).some((name) => target === name || (name.endsWith(":") && target.startsWith(name)));
  return allowed ? [] : [`${file.path} → ${target}${typeOnly ? " (types)" : ""}`];
}

/** Every cycle of imports, as the path that closes it. */
function cycles(files: readonly SourceFile[]): readonly string[] {
  const targets = new Map(files.map((file) => [file.path, file.imports.filter((each) => each.relative)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (done.has(path) || trail.includes(path)) return;
    for (const { target } of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return found;
}

function longFunctions({ path, syntax }: SourceFile): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      const line = (position: number): number => syntax.getLineAndCharacterOfPosition(position).line + 1;
      const [first, last] = [line(node.getStart(syntax)), line(node.getEnd())];
      if (last - first + 1 > 60) found.push(`${path}:${first} has ${last - first + 1} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(syntax);
  return found;
}

/** Names of a module's variables that change: `let` and `var`, and constants whose contents the module changes. */
function moduleState({ syntax }: SourceFile): readonly string[] {
  return syntax.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => {
    const isConstant = (declarationList.flags & ts.NodeFlags.Const) !== 0;
    return declarationList.declarations
      .filter(({ name, initializer }) => !isConstant || isMutated(syntax, name.getText(syntax), initializer))
      .map(({ name }) => name.getText(syntax));
  });
}

const mutators = /^(set|add|delete|clear|push|pop|shift|unshift|splice|fill|sort|reverse)$/;

/** True when the module calls a mutator of a collection that it holds, or assigns to a member of what it holds. */
function isMutated(syntax: ts.SourceFile, name: string, initializer: ts.Expression | undefined): boolean {
  const isCollection = !!initializer && (ts.isNewExpression(initializer) || ts.isArrayLiteralExpression(initializer));
  const visit = (node: ts.Node): boolean => {
    const callee = ts.isCallExpression(node) ? node.expression : undefined;
    if (isCollection && callee && ts.isPropertyAccessExpression(callee)) {
      if (mutators.test(callee.name.text) && callee.expression.getText(syntax) === name) return true;
    }
    const target = ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind) ? node.left : undefined;
    const isMember = target && (ts.isElementAccessExpression(target) || ts.isPropertyAccessExpression(target));
    if (isMember && target.expression.getText(syntax) === name) return true;
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false;
  };
  return visit(syntax);
}

const isAssignment = (kind: ts.SyntaxKind): boolean =>
  kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;

function identifiers(syntax: ts.SourceFile): readonly { readonly text: string; readonly node: ts.Identifier }[] {
  const found: { text: string; node: ts.Identifier }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) found.push({ text: node.text, node });
    ts.forEachChild(node, visit);
  };
  visit(syntax);
  return found;
}

/** `x.fetch`, `{ fetch: … }`: the name of a member is no global. */
function isMemberName({ parent, text }: ts.Identifier): boolean {
  const isAccess = ts.isPropertyAccessExpression(parent) && parent.name.text === text;
  return isAccess || "name" in parent;
}
