/// Operators before a tensor: TypeScript lets them stand, and what they give is no tensor but NaN or false.
import { ts } from "ts-morph";

/** The function that is meant by an operator before a tensor; nothing is to be done for +. */
const functions: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.MinusToken, "neg"],
  [ts.SyntaxKind.ExclamationToken, "not"],
]);

/** The code of what TypeScript says of operands of its own operators that are no numbers. */
const code = 2362;

/** What is wrong with a source file: each `-x` of a tensor, which `isTensor` tells. */
export function operatorsBeforeTensors(
  source: ts.SourceFile,
  isTensor: (operand: ts.Expression) => boolean,
): readonly ts.Diagnostic[] {
  const found: ts.Diagnostic[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPrefixUnaryExpression(node) && functions.has(node.operator) && isTensor(node.operand)) {
      const start = node.getStart(source);
      const messageText = `an operator takes numbers, and ${shortened(node)} is one of a tensor.`;
      const category = ts.DiagnosticCategory.Error;
      found.push({ category, code, file: source, start, length: node.end - start, messageText });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The function that is meant by an operator between tensors. */
const between: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.PlusToken, "add"],
  [ts.SyntaxKind.MinusToken, "sub"],
  [ts.SyntaxKind.AsteriskToken, "mul"],
  [ts.SyntaxKind.SlashToken, "div"],
  [ts.SyntaxKind.AsteriskAsteriskToken, "pow"],
  [ts.SyntaxKind.GreaterThanToken, "greater"],
  [ts.SyntaxKind.GreaterThanEqualsToken, "greaterEqual"],
  [ts.SyntaxKind.LessThanToken, "less"],
  [ts.SyntaxKind.LessThanEqualsToken, "lessEqual"],
  [ts.SyntaxKind.EqualsEqualsToken, "equal"],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "equal"],
  [ts.SyntaxKind.ExclamationEqualsToken, "notEqual"],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "notEqual"],
]);

/** What to write for an operator before a tensor, or between tensors; the node may be one of its operands. */
export function asOperation(node: ts.Node): string | undefined {
  if (!ts.isPrefixUnaryExpression(node)) return asPair([node, node.parent].find(ts.isBinaryExpression));
  const name = functions.get(node.operator);
  return name && `${shortened(node)} is ${name}(${shortened(node.operand)})`;
}

/** What to write for an operator between tensors. */
function asPair(node: ts.BinaryExpression | undefined): string | undefined {
  const name = node && between.get(node.operatorToken.kind);
  return name && `${shortened(node)} is ${name}(${shortened(node.left)}, ${shortened(node.right)})`;
}

/** An expression as it is written, where it is a short one. */
function shortened(node: ts.Node): string {
  const text = node.getText();
  const isShort = text.length <= 40 && !text.includes("\n");
  if (isShort) return text;
  if (ts.isBinaryExpression(node))
    return `${shortened(node.left)} ${node.operatorToken.getText()} ${shortened(node.right)}`;
  return ts.isPrefixUnaryExpression(node) ? `${text[0]}x` : "x";
}
