/// Statements of the Kernel IR as lines of WGSL.
import { constantIndex, indexAlgebra } from "../lower/index.ts";
import { targetTensor, withoutQuads, type Statement } from "../lower/kernel.ts";
import { writeHalves } from "./halves.ts";
import { elementText, expressionText, fourText, primary, type BindingView } from "./expression.ts";

/** The lines of a statement. */
export function statementLines(statement: Statement, view: BindingView, indent: string): string[] {
  switch (statement.tag) {
    case "let":
      return indented(`let ${statement.name} = ${expressionText(statement.value, view)};`, indent);
    case "line":
      return [indent + statement.text];
    case "assign":
      return indented(statement.before + expressionText(statement.value, view) + statement.after, indent);
    case "store":
      return storeLines(statement, view).flatMap((line) => indented(line, indent));
    case "block": {
      if (statement.head === withoutQuads) return spelledOut(statement.body, view, indent);
      const body = statement.body.flatMap((inner) => statementLines(inner, view, `${indent}  `));
      return [`${indent}${statement.head} {`, ...body, `${indent}}`];
    }
    default:
      return statement satisfies never;
  }
}

/** Lines that the runtime makes part of the text where it spells quads out. */
function spelledOut(body: readonly Statement[], view: BindingView, indent: string): string[] {
  return body.flatMap((inner) => statementLines(inner, view, "").map((line) => `${indent}${withoutQuads} ${line}`));
}

function indented(text: string, indent: string): string[] {
  return text.split("\n").map((line) => indent + line);
}

function storeLines(store: Statement & { tag: "store" }, view: BindingView): string[] {
  const binding = view.binding(targetTensor(store.target));
  const { value } = store;
  const text = expressionText(value, view);
  const kept =
    value.dtype === "bool"
      ? value.lanes === 4
        ? `select(vec4<u32>(0u), vec4<u32>(1u), ${text})`
        : `select(0u, 1u, ${text})`
      : text;
  // Who writes single elements is not given halves.
  if (binding.isHalf) return [`${fourText(binding, store.index)} = ${writeHalves}(${kept});`];
  if (value.lanes === 1) return [`${elementText(binding, store.index)} = ${kept};`];
  if (binding.isVector) return [`${fourText(binding, store.index)} = ${kept};`];
  return ["x", "y", "z", "w"].map((component, lane) => {
    const at = indexAlgebra.add(store.index, constantIndex(lane));
    return `${elementText(binding, at)} = ${primary(kept)}.${component};`;
  });
}
