/// What to do about an error of TypeScript in a model file, where it is a mistake about this language and not about types.
import { ts } from "ts-morph";
import { asOperation } from "./operators.ts";
import { calledHere } from "../../ir/other-words.ts";
import { didYouMean, suggestion } from "../../ir/suggest.ts";

/** What TypeScript says of an operator that is given operands of other types than numbers. */
const ofOperators = [2362, 2363, 2365, 2367];

/** What it says of names that a module or an object has not, and of names that nothing has. */
const ofImports = [2305, 2724];
const ofProperties = [2339, 2551];
const ofNames = [2304, 2552];

/** What to do where a mistake is one of this language; `exported` are the names that the language has. */
export function adviceOn(diagnostic: ts.Diagnostic, exported: readonly string[]): string | undefined {
  const { code } = diagnostic;
  const node = nodeAt(diagnostic);
  if (ofOperators.includes(code))
    return (
      (node && asOperation(node)) ??
      "tensors are combined by functions: add(x, 1), mul(x, y), greater(x, 0), where(condition, x, y)"
    );
  if (!node) return undefined;
  const word = node.getText();
  if (ofImports.includes(code)) return suggestion(word, exported);
  if (ofNames.includes(code) && exported.includes(word)) return `import { ${word} } from "chainrule"`;
  if (ofNames.includes(code)) {
    const other = calledHere(word, exported);
    return other && didYouMean(other);
  }
  if (ofProperties.includes(code)) return isTensor(diagnostic) ? asFunction(node, exported) : undefined;
  return ofNumbers(node, exported) ?? ofTwo(node) ?? (isShapeWanted(diagnostic) ? asShape(node) : undefined);
}

/** TypeScript asks for what is spelled like a word; a word of another library has a meaning that it does not know. */
export function asMeantHere(text: string, diagnostic: ts.Diagnostic, exported: readonly string[]): string {
  const node = ofImports.includes(diagnostic.code) ? nodeAt(diagnostic) : undefined;
  const other = node && calledHere(node.getText(), exported);
  return other === undefined ? text : text.replace(/\.(?: Did you mean '.*'\?)?$/, `: here it is ${other}`);
}

/** Whether the object that has no such property is a tensor. */
function isTensor({ messageText }: ts.Diagnostic): boolean {
  return ts.flattenDiagnosticMessageText(messageText, "\n").includes("on type 'Tensor<");
}

/** What is asked of a tensor where it is no function of that tensor alone; what is written is given. */
const properties: Readonly<Record<string, (tensor: string) => string>> = {
  backward: (loss) =>
    `an optimizer derives its loss by itself, update: adam(${loss}); grad(${loss}, W) is one derivative`,
  shape: (tensor) => `${tensor}.type.shape has the sizes: numbers, and names such as "batch"`,
};

/** `x.sum()` is a function here. */
function asFunction(node: ts.Node, exported: readonly string[]): string | undefined {
  if (!ts.isPropertyAccessExpression(node.parent)) return undefined;
  const word = node.getText();
  if (Object.hasOwn(properties, word)) return properties[word](node.parent.expression.getText());
  const name = exported.includes(word) ? word : calledHere(word, exported);
  return name && `what is done with tensors are functions: ${name}(${node.parent.expression.getText()})`;
}

/** `Math.exp(x)` is a function of numbers, and one of the same name takes tensors. */
function ofNumbers(node: ts.Node, exported: readonly string[]): string | undefined {
  const call = ts.isCallExpression(node.parent) ? node.parent : undefined;
  const callee = call?.expression;
  if (!callee || callee === node || !ts.isPropertyAccessExpression(callee) || callee.expression.getText() !== "Math")
    return undefined;
  const name = callee.name.text;
  return exported.includes(name)
    ? `Math.${name} takes numbers: import { ${name} } from "chainrule" for tensors`
    : undefined;
}

/** `max(0, x)`: the largest element is not the larger of two numbers. */
function ofTwo(node: ts.Node): string | undefined {
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.arguments[0] !== node || call.arguments.length !== 2) return undefined;
  const name = call.expression.getText();
  const comparing = name === "max" ? "maximum" : name === "min" ? "minimum" : undefined;
  const [a, b] = call.arguments.map((each) => each.getText());
  return comparing && `of two ${comparing}(${a}, ${b}); ${name}(x) is that of all elements of one tensor`;
}

/** Whether a function is given something else for a shape. */
function isShapeWanted({ messageText }: ts.Diagnostic): boolean {
  return ts.flattenDiagnosticMessageText(messageText, "\n").includes("to parameter of type 'Shape'");
}

/** `param(4, 3)`: sizes that stand one by one where an array of them is wanted. */
function asShape(node: ts.Node): string | undefined {
  const call = node.parent;
  if (!ts.isCallExpression(call)) return undefined;
  const first = call.arguments.findIndex((each) => each === node);
  const after = call.arguments.findIndex((each, i) => i > first && ts.isObjectLiteralExpression(each));
  const all = call.arguments.map((each) => each.getText());
  const end = after < 0 ? all.length : after;
  const shape = `[${all.slice(first, end).join(", ")}]`;
  const written = [...all.slice(0, first), shape, ...all.slice(end)].join(", ");
  return `a shape is an array of sizes: ${call.expression.getText()}(${written})`;
}

/** Errors with those last within whose expression another one stands: they follow from it. */
export function innerFirst(diagnostics: readonly ts.Diagnostic[]): readonly ts.Diagnostic[] {
  const operators = diagnostics.filter(({ code }) => ofOperators.includes(code));
  const isAround = (outer: ts.Diagnostic): boolean => {
    // What an operator gives is of no use where its operands are none.
    if (!operators.includes(outer) && operators.some((each) => isWithin(each, outer))) return true;
    const node = nodeAt(outer);
    const around = node && functionAt(node);
    if (!around || !outer.file) return false;
    return diagnostics.some(
      ({ file, start = -1 }) => file === outer.file && start > outer.start! && start < around.end,
    );
  };
  const outer = new Set(diagnostics.filter(isAround));
  return [...diagnostics.filter((each) => !outer.has(each)), ...outer];
}

/** Whether all of an error lies where another one does. */
function isWithin(inner: ts.Diagnostic, outer: ts.Diagnostic): boolean {
  const [start, end] = [outer.start ?? 0, (outer.start ?? 0) + (outer.length ?? 0)];
  return inner.file === outer.file && inner.start! >= start && inner.start! + (inner.length ?? 0) <= end;
}

/** The function whose head an error is placed at: TypeScript says so of all that it returns. */
function functionAt(node: ts.Node): ts.Node | undefined {
  return [node, node.parent].find((each) => each && ts.isFunctionLike(each));
}

/** The smallest part of a file that has all of an error. */
export function nodeAt({ file, start, length = 0 }: ts.Diagnostic): ts.Node | undefined {
  if (!file || start === undefined) return undefined;
  const end = start + length;
  const around = (node: ts.Node): ts.Node => {
    const inner = ts.forEachChild(node, (each) => (each.getStart(file) <= start && end <= each.end ? each : undefined));
    return inner ? around(inner) : node;
  };
  return around(file);
}
