/// What stands in the node of an operation: its formula, as far as a drawing has room for it.
import type { Form } from "../../ir/notation/form.ts";
import { formatDefinition, type Vocabulary } from "../../ir/print/expression.ts";
import type { Plan } from "../../ir/print/plan.ts";
import type { Value } from "../../ir/value.ts";

/** Where a value is drawn. */
interface Surroundings {
  readonly plan: Pick<Plan, "view">;
  readonly names: ReadonlyMap<Value, string>;
  /** The nodes of values that have one. */
  readonly ids: ReadonlyMap<Value, string>;
  readonly loop: NonNullable<Vocabulary["loop"]>;
}

/** A formula, and which of its operands the arrows are. */
interface Label {
  readonly text: string;
  readonly marks: ReadonlyMap<string, number>;
}

/** A node is no wider than a formula of so many characters. */
const longestFormula = 44;

/**
 * The operation in terms of named values; `…` stands for what an arrow leads from. Where there are several, they have the
 * numbers of `marks`. Where that is too long, all that it reads is left to the arrows, then what it is called with.
 */
export function labelOf(value: Value, around: Surroundings, reads: readonly string[]): Label {
  const { form } = around.plan.view(value);
  // Which step a loop repeats is written nowhere else.
  const body = form.tag === "call" && form.body ? around.loop(form.body) : undefined;
  const all = new Map(reads.map((id, i) => [id, i + 1] as const));
  if (body) return { text: `scan ${body.name}`, marks: all };
  const found = [written(value, around, around.names), written(value, around, new Map())].find(
    ({ text }) => text.length <= longestFormula,
  );
  if (found) return found;
  const isOrdered = !(value.op.kind === "elementwise" && value.op.commutative);
  return { text: outline(form, value), marks: isOrdered ? all : new Map() };
}

/** The formula with `names` for operands, and dots for the others. */
function written(value: Value, { plan, ids, loop }: Surroundings, names: ReadonlyMap<Value, string>): Label {
  const marks = new Map<string, number>();
  const blank = (operand: Value): string => {
    const id = ids.get(operand);
    if (id === undefined) return "…";
    if (!marks.has(id)) marks.set(id, marks.size + 1);
    return `…${subscript(marks.get(id)!)}`;
  };
  // Numbers are written, unless they have nodes and nothing is.
  const isPlain = (operand: Value): boolean => operand.constant && (names.size > 0 || !ids.has(operand));
  const text = formatDefinition(value, {
    view: plan.view,
    isTaken: () => false,
    reference: (operand) => names.get(operand) ?? (isPlain(operand) ? undefined : blank(operand)),
    loop,
  });
  return { text: marks.size > 1 ? text : text.replace(/…[₀-₉]+/gu, "…"), marks };
}

/** What a formula does, without what to: `slice(…)`. */
function outline(form: Form, { op }: Value): string {
  if (form.tag === "infix") return `… ${form.symbol} …`;
  if (form.tag === "prefix") return `${form.symbol}…`;
  return `${form.tag === "call" ? form.name : op.name}(…)`;
}

const subscript = (number: number): string => [...`${number}`].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");
