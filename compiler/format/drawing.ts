/// What a drawing of a graph shows, for every format: leaves and operations, which part each belongs to, and the arrows.
import type { Graph } from "../../ir/graph.ts";
import { letterOp, stateOp, type StateIdentity } from "../../ir/ops/leaf.ts";
import { formatDefinition, leafName } from "../../ir/print/expression.ts";
import { layOutPage, type Page, type PrintOptions } from "../../ir/print/page.ts";
import { formatType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";

/** Which part of a training step a value belongs to. */
export type Role = "forward" | "backward" | "update";

/** The parts in drawing order. */
export const roles: readonly Role[] = ["forward", "backward", "update"];

interface Colors {
  readonly border: string;
  readonly fill: string;
  readonly area: string;
}

/** Colours of the parts: border of operations and arrows, fill, and area behind them. */
export const colors: Readonly<Record<Role, Colors>> = {
  forward: { border: "#2f6db3", fill: "#ffffff", area: "#eaf2fb" },
  backward: { border: "#c2571a", fill: "#ffffff", area: "#fdf0e7" },
  update: { border: "#3f8a4d", fill: "#ffffff", area: "#edf7ee" },
};

/** Something drawn. */
export interface DrawnNode {
  readonly id: string;
  readonly kind: "input" | "parameter" | "state" | "letter" | "operation";
  readonly role: Role;
  readonly title: string | undefined;
  /** Type of a leaf, formula of an operation; undefined for the new value of a state. */
  readonly text: string | undefined;
  readonly isOutput: boolean;
  /** Nodes that it is computed from. */
  readonly sources: readonly string[];
}

/** Longer formulas are drawn as the name of the operation. */
const longestFormula = 36;

interface Drawing extends Page {
  readonly ids: ReadonlyMap<Value, string>;
  roleOf(value: Value): Role;
  isLeaf(value: Value): boolean;
}

/** What is drawn, operands before users; arithmetic inside an update is part of the update. */
export function drawGraph(graph: Graph, options: PrintOptions): readonly DrawnNode[] {
  const page = layOutPage(graph, options);
  const { plan, parts } = page;
  const roleOf = classify(page);
  const isLeaf = (value: Value): boolean => plan.view(value).operands.every((operand) => operand.literal);
  const updated = new Set(parts.flatMap((part) => part.updates.map((update) => update.value)));
  const drawn = plan.order(parts.flatMap((part) => part.roots)).filter((value) => {
    return isLeaf(value) || roleOf(value) !== "update" || plan.lines.has(value) || updated.has(value);
  });
  const drawing = { ...page, roleOf, isLeaf, ids: new Map(drawn.map((value, i) => [value, `n${i}`])) };
  return drawn.map((value) => (isLeaf(value) ? leafNode(value, drawing) : operationNode(value, drawing)));
}

/** Forward is what outputs need that look at no derivative; backward what derivatives need besides. */
function classify({ plan, parts, names }: Page): (value: Value) => Role {
  const derivatives = [...names].filter(([, name]) => name.startsWith("∂")).map(([value]) => value);
  const isDerived = (root: Value): boolean => plan.order([root]).some((value) => names.get(value)?.startsWith("∂"));
  const outputs = parts.flatMap((part) => part.entry.outputs.map((output) => output.value));
  const forward = new Set(plan.order(outputs.filter((output) => !isDerived(output))));
  const backward = new Set(plan.order(derivatives));
  return (value) => {
    if (forward.has(value)) return "forward";
    return backward.has(value) || !parts.some((part) => part.updates.length > 0) ? "backward" : "update";
  };
}

function leafNode(value: Value, drawing: Drawing): DrawnNode {
  const title = drawing.names.get(value) ?? (value.attrs.identity === undefined ? undefined : leafName(value));
  return {
    id: drawing.ids.get(value)!,
    kind: leafKind(value),
    role: drawing.roleOf(value),
    title,
    text: title === undefined ? formulaOf(value, drawing) : formatType(value.type),
    isOutput: false,
    sources: [],
  };
}

function leafKind(value: Value): DrawnNode["kind"] {
  if (value.op === letterOp) return "letter";
  if (value.op !== stateOp) return "input";
  return (value.attrs.identity as StateIdentity).parameter ? "parameter" : "state";
}

function operationNode(value: Value, drawing: Drawing): DrawnNode {
  const { names, parts, roleOf } = drawing;
  const update = parts.flatMap((part) => part.updates).find((each) => each.value === value);
  const state = update && names.get(update.state);
  const isUpdate = roleOf(value) === "update" && state !== undefined;
  return {
    id: drawing.ids.get(value)!,
    kind: "operation",
    role: roleOf(value),
    title: isUpdate ? state : names.get(value),
    text: isUpdate ? undefined : formulaOf(value, drawing),
    isOutput: parts.some((part) => part.entry.outputs.some((output) => output.value === value)),
    sources: [...sources(value, drawing)].map((source) => drawing.ids.get(source)!),
  };
}

/** The operation in terms of named values; `…` stands for what an arrow leads from. */
function formulaOf(value: Value, { plan, names }: Drawing): string {
  const text = formatDefinition(value, {
    view: plan.view,
    isTaken: () => false,
    reference: (operand) => names.get(operand) ?? (operand.constant ? undefined : "…"),
  });
  return text.length <= longestFormula ? text : value.op.name;
}

/** Drawn values that a value is computed from. */
function sources(value: Value, { plan, ids }: Drawing): ReadonlySet<Value> {
  const found = new Set<Value>();
  const seen = new Set<Value>([value]);
  for (const next of seen) {
    for (const operand of plan.view(next).operands) {
      if (operand.literal) continue;
      if (ids.has(operand.value)) found.add(operand.value);
      else seen.add(operand.value);
    }
  }
  return found;
}
