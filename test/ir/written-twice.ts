/// Formulas that a printed graph has twice, read from its text: what a reader would read again.
import { cursorOf } from "../../ir/parse/cursor.ts";
import { formulaReader, type Formula } from "../../ir/parse/formula.ts";
import { splitStatements, tokenize, type SourceStatement, type Token } from "../../ir/parse/lexer.ts";

/** Formulas that come more than once in a page: in the lines of its entry points, or in one body of a loop. */
export function writtenTwice(page: string): readonly string[] {
  const read = formulaReader();
  const counts = new Map<string, number>();
  let scope = "";
  for (const statement of splitStatements(page)) {
    const text = statement.map((line) => line.text).join("\n");
    // The new value of a state has its name in each entry point again.
    if (/^\S/.test(text)) scope = /^(?:body|entry) /.test(text) ? text : "";
    const right = formulaOf(statement);
    if (right.length === 0) continue;
    for (const formula of composites(read(cursorOf(right, right[0].place)))) {
      const written = JSON.stringify(formula, (key, part: unknown) => (key === "place" ? undefined : part));
      const key = `${/^body/.test(scope) || written.includes('"primed":true') ? scope : ""} ${written}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].flatMap(([key, count]) => (count > 1 ? [key] : []));
}

/** The words of a statement behind `=` or `←`; none where it declares something. */
function formulaOf(statement: SourceStatement): readonly Token[] {
  const tokens = tokenize(statement, "page");
  const isDeclaration = /^(?:input|letter|setting|parameter|frozen|state|for|body)$/.test(tokens[0].text);
  const at = tokens.findIndex(({ tag, text }) => tag === "symbol" && ["=", "←"].includes(text));
  return (isDeclaration && statement[0].indent === 0) || at < 0 ? [] : tokens.slice(at + 1);
}

/** All parts of a formula, itself too, that are more than a name or a number and the notation for them. */
function composites(formula: Formula): readonly Formula[] {
  switch (formula.tag) {
    case "number":
    case "size":
    case "name":
    case "fill":
      return [];
    case "iota":
      return [formula];
    case "group":
    case "pattern":
    case "transposed":
      return composites(formula.operand);
    case "square":
      return [formula, ...composites(formula.operand)];
    case "operator":
    case "product":
      return [formula, ...formula.operands.flatMap(composites)];
    case "call": {
      const own = formula.operands.flatMap(composites);
      return own.length === 0 && ["grad", "oneHot"].includes(formula.name) ? own : [formula, ...own];
    }
    default:
      return formula satisfies never;
  }
}
