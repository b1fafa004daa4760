/// A kernel once more, for a step that does the same with other tensors: what is alike need not be lowered again.
import type { Value } from "../../ir/value.ts";
import { targetTensor, type Expression, type Kernel, type Statement, type Target } from "./kernel.ts";

/** The kernel under another name; `others` has a tensor for each that it reads or writes. */
export function retarget(kernel: Kernel, name: string, others: ReadonlyMap<Value, Value>): Kernel {
  return { ...kernel, name, body: statementsOn(kernel.body, others) };
}

type Others = ReadonlyMap<Value, Value>;

function statementsOn(body: readonly Statement[], others: Others): readonly Statement[] {
  return body.map((statement) => {
    if (statement.tag === "line") return statement;
    if (statement.tag === "block") return { ...statement, body: statementsOn(statement.body, others) };
    const value = expressionOn(statement.value, others);
    return statement.tag === "store"
      ? { ...statement, value, target: targetOn(statement.target, others) }
      : { ...statement, value };
  });
}

function expressionOn(expression: Expression, others: Others): Expression {
  switch (expression.tag) {
    case "load":
      return { ...expression, tensor: others.get(expression.tensor)! };
    case "apply":
    case "call":
      return { ...expression, operands: expression.operands.map((operand) => expressionOn(operand, others)) };
    case "vector":
      return { ...expression, parts: expression.parts.map((part) => expressionOn(part, others)) };
    case "splat":
      return { ...expression, operand: expressionOn(expression.operand, others) };
    default:
      return expression;
  }
}

/** Text knows of a target the tensor alone. */
function targetOn(target: Target, others: Others): Target {
  const { row, state } = target;
  const tensor = others.get(targetTensor(target))!;
  if (row) return { value: target.value, row: { ...row, tensor } };
  return state ? { value: target.value, state: tensor } : { value: tensor };
}
