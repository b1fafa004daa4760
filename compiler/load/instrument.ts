/// Reads names and places from a model's source: rewrites it so that, when it runs, the builder hears of both.
///
///     const hidden = relu(x);   →   const hidden = trace.named("hidden", 7, 18, 25, () => relu(x));
///     relu(x)                   →   trace.placed(7, 18, 25, () => relu(x))
///     return { logits };        →   return trace.keyed({ logits }, [["logits", 9, 12, 18]]);
///
/// Arrow functions keep `this`, `arguments` and `super`; what they cannot keep (`await`, `yield`) is left alone.
import { ts } from "ts-morph";
import { placeOf } from "./place.ts";

/** Specifier under which an instrumented file finds its tracer. */
export const traceModule = "chainrule:trace";

const traceName = "chainruleTrace";
const { factory, SyntaxKind } = ts;

/** Transformer that instruments a file; runs before TypeScript's own, so that source maps stay true. */
export const instrument: ts.TransformerFactory<ts.SourceFile> = (context) => (source) => {
  const visit = (node: ts.Node): ts.VisitResult<ts.Node> => {
    if (ts.isVariableStatement(node)) return nameParts(inside(node), node);
    if (ts.isVariableDeclaration(node)) return declaration(node);
    if (ts.isBinaryExpression(node)) return assignment(node);
    if (ts.isArrowFunction(node) && !node.modifiers) return nameElements(inside(node), node);
    if (ts.isCallExpression(node) && isPlaceable(node)) return trace("placed", [], node, inside(node));
    return record(node) ?? (ts.isDecorator(node) || ts.isTypeNode(node) ? node : inside(node));
  };
  /** A record whose keys name what it holds. */
  const record = (node: ts.Node): ts.Expression | undefined =>
    ts.isObjectLiteralExpression(node) && (isReturned(node) || readsAsUpdate(node))
      ? factory.createCallExpression(tracer("keyed"), undefined, [inside(node), keysOf(source, node)])
      : undefined;
  const inside = <T extends ts.Node>(node: T): T => ts.visitEachChild(node, visit, context);
  const named = (name: ts.Identifier, value: ts.Expression): ts.Expression =>
    trace("named", [factory.createStringLiteral(name.text)], value, record(value) ?? inside(value));

  function declaration(node: ts.VariableDeclaration): ts.Node {
    const { name, initializer } = node;
    if (!initializer || !ts.isIdentifier(name) || !isNameable(initializer)) return inside(node);
    return factory.updateVariableDeclaration(node, name, undefined, node.type, named(name, initializer));
  }

  function assignment(node: ts.BinaryExpression): ts.Node {
    const { left, operatorToken, right } = node;
    const plain = operatorToken.kind === SyntaxKind.EqualsToken && ts.isIdentifier(left) && isNameable(right);
    return plain ? factory.updateBinaryExpression(node, left, operatorToken, named(left, right)) : inside(node);
  }

  function trace(call: string, args: readonly ts.Expression[], original: ts.Expression, body: ts.Expression) {
    const thunk = factory.createArrowFunction(undefined, undefined, [], undefined, undefined, concise(body));
    return factory.createCallExpression(tracer(call), undefined, [...args, ...numbersOf(source, original), thunk]);
  }

  /** After `const [a, b] = …`: each part takes its variable's name. */
  function nameParts(statement: ts.VariableStatement, original: ts.VariableStatement): ts.VisitResult<ts.Node> {
    // The names of an exported pattern are properties of the module; no model is being built there anyway.
    if (original.modifiers?.some((modifier) => modifier.kind === SyntaxKind.ExportKeyword)) return statement;
    const parts = original.declarationList.declarations.flatMap(({ name }) => boundNames(name));
    return [statement, ...parts.map((part) => factory.createExpressionStatement(namePart(part)))];
  }

  /** In `scan(([h], [x]) => …)`: what a step gets takes the names of its parameters. */
  function nameElements(step: ts.ArrowFunction, original: ts.ArrowFunction): ts.ArrowFunction {
    const lists = original.parameters.map(({ name }) => name).filter(ts.isArrayBindingPattern);
    const calls = lists.flatMap((list) => boundNames(list)).map(namePart);
    if (calls.length === 0) return step;
    return beginningWith(step, calls);
  }

  /** Gives the value of a variable that a pattern binds the name of the variable. */
  function namePart(part: ts.Identifier): ts.Expression {
    return trace("named", [factory.createStringLiteral(part.text)], part, factory.createIdentifier(part.text));
  }

  return factory.updateSourceFile(source, [tracerOf(source), ...inside(source).statements]);
};

/** `const chainruleTrace = require("chainrule:trace").traceIn("model.ts")` */
function tracerOf(source: ts.SourceFile): ts.Statement {
  const file = factory.createStringLiteral(placeOf(source, 0, 0).file);
  const require = factory.createCallExpression(factory.createIdentifier("require"), undefined, [
    factory.createStringLiteral(traceModule),
  ]);
  const tracer = factory.createCallExpression(factory.createPropertyAccessExpression(require, "traceIn"), undefined, [
    file,
  ]);
  return factory.createVariableStatement(
    undefined,
    factory.createVariableDeclarationList(
      [factory.createVariableDeclaration(traceName, undefined, undefined, tracer)],
      ts.NodeFlags.Const,
    ),
  );
}

function tracer(call: string): ts.Expression {
  return factory.createPropertyAccessExpression(factory.createIdentifier(traceName), call);
}

/** Line, column and end column of a node, as literals. */
function numbersOf(source: ts.SourceFile, node: ts.Node): readonly ts.Expression[] {
  const { line, column, endColumn } = placeOf(source, node.getStart(source), node.getEnd());
  return [line, column, endColumn ?? 0].map((value) => factory.createNumericLiteral(value));
}

/** Where the keys of a record stand: nothing else tells where an entry point is. */
function keysOf(source: ts.SourceFile, node: ts.ObjectLiteralExpression): ts.Expression {
  const keys = node.properties.flatMap((property) => {
    const { name } = property;
    if (!name || !(ts.isIdentifier(name) || ts.isStringLiteral(name))) return [];
    const key = factory.createStringLiteral(name.text);
    return factory.createArrayLiteralExpression([key, ...numbersOf(source, property)]);
  });
  return factory.createArrayLiteralExpression(keys);
}

/** An arrow function that evaluates some expressions before it does what it does. */
function beginningWith(step: ts.ArrowFunction, calls: readonly ts.Expression[]): ts.ArrowFunction {
  const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken, body } = step;
  const started = ts.isBlock(body)
    ? factory.updateBlock(body, [...calls.map((call) => factory.createExpressionStatement(call)), ...body.statements])
    : factory.createParenthesizedExpression(factory.createCommaListExpression([...calls, body]));
  return factory.updateArrowFunction(
    step,
    modifiers,
    typeParameters,
    parameters,
    type,
    equalsGreaterThanToken,
    started,
  );
}

/** An object literal as the body of an arrow needs parentheses. */
function concise(body: ts.Expression): ts.ConciseBody {
  return ts.isObjectLiteralExpression(body) ? factory.createParenthesizedExpression(body) : body;
}

/** True for a record that a function returns, and for the records in it. */
function isReturned(node: ts.Expression): boolean {
  const parent = node.parent as ts.Node | undefined;
  if (!parent) return false;
  if (ts.isParenthesizedExpression(parent) || ts.isSatisfiesExpression(parent) || ts.isAsExpression(parent))
    return isReturned(parent);
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node && isReturned(parent.parent);
  return ts.isReturnStatement(parent) || (ts.isArrowFunction(parent) && parent.body === node);
}

/** True for a record that reads as the update of a state. */
function readsAsUpdate({ properties }: ts.ObjectLiteralExpression): boolean {
  const names = properties.map(({ name }) => (name && ts.isIdentifier(name) ? name.text : undefined));
  return names.includes("state") && names.includes("value");
}

/** Identifiers that a destructuring pattern binds; none for a plain name. */
function boundNames(name: ts.BindingName): readonly ts.Identifier[] {
  if (ts.isIdentifier(name)) return [];
  return name.elements.flatMap((element) => {
    if (ts.isOmittedExpression(element)) return [];
    return ts.isIdentifier(element.name) ? [element.name] : boundNames(element.name);
  });
}

/** False where a wrapper would change the meaning. */
function isPlaceable(node: ts.CallExpression): boolean {
  const { kind } = node.expression;
  if (kind === SyntaxKind.SuperKeyword || kind === SyntaxKind.ImportKeyword) return false;
  if (ts.isIdentifier(node.expression) && ["eval", "require"].includes(node.expression.text)) return false;
  return !isWithinChain(node) && !suspends(node);
}

/** True when `node` is an inner link of an optional chain: only the whole chain can be a function of its own. */
function isWithinChain(node: ts.CallExpression): boolean {
  const inChain = (each: ts.Node): boolean => (each.flags & ts.NodeFlags.OptionalChain) !== 0;
  const { parent } = node;
  return inChain(node) && inChain(parent) && "expression" in parent && parent.expression === node;
}

/** Initialisers worth a name: not functions and classes (JavaScript names these itself) and not literals. */
function isNameable(node: ts.Expression): boolean {
  const isFunction = ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isClassExpression(node);
  return !isFunction && !ts.isLiteralExpression(node) && !suspends(node);
}

/** True when evaluating `node` may suspend the function around it. */
function suspends(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node) || ts.isYieldExpression(node)) return true;
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  return ts.forEachChild(node, (child) => suspends(child) || undefined) ?? false;
}
