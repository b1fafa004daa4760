/// Graphs as Graphviz DOT: leaves as boxes, operations as ellipses, forward, backward and update parts in clusters.
import type { Graph } from "../../ir/graph.ts";
import { stateOp, type StateIdentity } from "../../ir/ops/leaf.ts";
import { formatDefinition, leafName } from "../../ir/print/expression.ts";
import { layOutPage, type Page, type PrintOptions } from "../../ir/print/page.ts";
import { formatType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";

/** Which part of a training step a value belongs to. */
type Role = "forward" | "backward" | "update";

interface Colors {
  readonly border: string;
  readonly fill: string;
  readonly area: string;
}

const roles: Readonly<Record<Role, Colors>> = {
  forward: { border: "#2f6db3", fill: "#ffffff", area: "#eaf2fb" },
  backward: { border: "#c2571a", fill: "#ffffff", area: "#fdf0e7" },
  update: { border: "#3f8a4d", fill: "#ffffff", area: "#edf7ee" },
};

const prologue = [
  'rankdir="TB"; nodesep="0.3"; ranksep="0.42"; bgcolor="white"; pad="0.2"; fontname="Helvetica"; fontsize="13";',
  'node [fontname="Helvetica", fontsize="12", style="filled", penwidth="1.2", margin="0.1,0.05", height="0.35"];',
  'edge [color="#6b7280", arrowsize="0.6", fontname="Helvetica", fontsize="11", fontcolor="#6b7280"];',
];

/** Longer formulas are drawn as the name of the operation. */
const longestFormula = 36;

/** What is drawn of a page. */
interface Drawing extends Page {
  /** Drawn values, operands before users; arithmetic inside an update is part of the update. */
  readonly drawn: readonly Value[];
  readonly ids: ReadonlyMap<Value, string>;
  roleOf(value: Value): Role;
  isLeaf(value: Value): boolean;
}

/** The graph in Graphviz's language: `dot -Tsvg`. The same values are shown as in the printed text. */
export function formatDot(graph: Graph, options: PrintOptions = {}): string {
  const drawing = draw(layOutPage(graph, options));
  const { drawn, isLeaf, roleOf } = drawing;
  const lines = [...prologue, "", ...drawn.filter(isLeaf).map((value) => leafNode(value, drawing))];
  for (const role of ["forward", "backward", "update"] as const) {
    const members = drawn.filter((value) => !isLeaf(value) && roleOf(value) === role);
    if (members.length > 0) lines.push("", ...cluster(role, members, drawing));
  }
  lines.push("", ...drawn.flatMap((value) => edges(value, drawing)));
  return `digraph ${quoted(graph.name)} {\n${lines.map((line) => (line ? `  ${line}` : "")).join("\n")}\n}\n`;
}

function draw(page: Page): Drawing {
  const { plan, parts } = page;
  const roleOf = classify(page);
  const isLeaf = (value: Value): boolean => plan.view(value).operands.every((operand) => operand.literal);
  const updated = new Set(parts.flatMap((part) => part.updates.map((update) => update.value)));
  const drawn = plan.order(parts.flatMap((part) => part.roots)).filter((value) => {
    return isLeaf(value) || roleOf(value) !== "update" || plan.lines.has(value) || updated.has(value);
  });
  return { ...page, drawn, roleOf, isLeaf, ids: new Map(drawn.map((value, i) => [value, `n${i}`])) };
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

function leafNode(value: Value, drawing: Drawing): string {
  const { names, ids } = drawing;
  const name = names.get(value) ?? (value.attrs.identity === undefined ? undefined : leafName(value));
  const fill =
    value.op !== stateOp ? "#f3f4f6" : (value.attrs.identity as StateIdentity).parameter ? "#fff4cc" : "#ffffff";
  const label = name === undefined ? escapeHtml(formulaOf(value, drawing)) : title(name, formatType(value.type));
  return `${ids.get(value)} [label=<${label}>, shape="box", fillcolor="${fill}", color="#6b7280"];`;
}

function title(name: string, below: string): string {
  return `<B>${escapeHtml(name)}</B><BR/><FONT POINT-SIZE="10" COLOR="#6b7280">${escapeHtml(below)}</FONT>`;
}

function cluster(role: Role, members: readonly Value[], drawing: Drawing): readonly string[] {
  const { border, fill, area } = roles[role];
  return [
    `subgraph "cluster_${role}" {`,
    `  label="${role}"; labeljust="l"; style="rounded,filled"; color="${area}"; fillcolor="${area}"; fontcolor="${border}";`,
    `  node [shape="ellipse", color="${border}", fillcolor="${fill}"];`,
    ...members.map((value) => `  ${operationNode(value, drawing)}`),
    "}",
  ];
}

function operationNode(value: Value, drawing: Drawing): string {
  const { names, ids, parts } = drawing;
  const update = parts.flatMap((part) => part.updates).find((each) => each.value === value);
  const state = update && names.get(update.state);
  const name = names.get(value);
  const isUpdate = drawing.roleOf(value) === "update" && state !== undefined;
  const label = isUpdate
    ? `<B>${escapeHtml(state)}</B> ←`
    : name === undefined
      ? escapeHtml(formulaOf(value, drawing))
      : title(name, formulaOf(value, drawing));
  const isOutput = parts.some((part) => part.entry.outputs.some((output) => output.value === value));
  return `${ids.get(value)} [label=<${label}>${isOutput ? ', penwidth="2.4"' : ""}];`;
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

function edges(value: Value, drawing: Drawing): readonly string[] {
  const { ids, roleOf, isLeaf } = drawing;
  if (isLeaf(value)) return [];
  const role = roleOf(value);
  const shown = role === "forward" ? "" : ` [color="${roles[role].border}"]`;
  return [...sources(value, drawing)].map((source) => `${ids.get(source)} -> ${ids.get(value)}${shown};`);
}

/** Drawn values that a value is computed from. */
function sources(value: Value, { plan, ids }: Drawing): ReadonlySet<Value> {
  const found = new Set<Value>();
  const pending = [value];
  for (let next = pending.shift(); next; next = pending.shift()) {
    for (const operand of plan.view(next).operands) {
      if (operand.literal) continue;
      if (ids.has(operand.value)) found.add(operand.value);
      else pending.push(operand.value);
    }
  }
  return found;
}

/** Text in an HTML-like label. */
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
