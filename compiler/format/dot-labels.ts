/// What stands in a node of a drawn graph: the operation, with the numbers that it takes.
import type { CallForm } from "../../ir/notation/form.ts";
import { literalText, type WrittenOperand } from "../../ir/notation/view.ts";
import type { Page } from "../../ir/print/page.ts";
import type { Value } from "../../ir/value.ts";

/** `relu`, `+`, `· 0.9`, `sum axis=1`: an operation without the operands that edges lead from. */
export function operationLabel(value: Value, { plan }: Page): string {
  const { form, operands } = plan.view(value);
  switch (form.tag) {
    case "name":
      return value.op.name;
    case "number":
      return form.text;
    case "infix": {
      const [left, right] = operands.map(literal);
      return [left, form.symbol === "-" ? "−" : form.symbol, right].filter((text) => text !== undefined).join(" ");
    }
    case "prefix":
      return form.symbol === "-" ? "−" : form.symbol;
    case "square":
      return "x²";
    case "transposed":
      return "ᵀ";
    case "product":
      return "@";
    case "call":
      return callLabel(form, operands);
    default:
      return form satisfies never;
  }
}

function callLabel({ name, before, attributes }: CallForm, operands: readonly WrittenOperand[]): string {
  const literals = operands.some((operand) => operand.literal) ? operands.map((each) => literal(each) ?? "…") : [];
  return [name, before, literals.join(", "), ...attributes]
    .filter((text) => text !== undefined && text !== "")
    .join(" ");
}

function literal({ value, literal: isLiteral }: WrittenOperand): string | undefined {
  return isLiteral ? literalText(value) : undefined;
}
