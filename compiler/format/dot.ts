/// Graphs as Graphviz DOT: leaves as boxes, operations as ellipses, forward, backward and update parts in clusters.
import type { Graph } from "../../ir/graph.ts";
import { stateOp, type StateIdentity } from "../../ir/ops/leaf.ts";
import { leafName } from "../../ir/print/expression.ts";
import { layOutPage, type Page, type PrintOptions } from "../../ir/print/page.ts";
import { formatType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { operationLabel } from "./dot-labels.ts";

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

/** The graph in Graphviz's language: `dot -Tsvg`. The same values are shown as in the printed text. */
export function formatDot(graph: Graph, options: PrintOptions = {}): string {
  const page = layOutPage(graph, options);
  const values = page.plan.order(page.parts.flatMap((part) => part.roots));
  const ids = new Map([...new Set([...values, ...updatedStates(page)])].map((value, i) => [value, `n${i}`]));
  const roleOf = classify(page);
  const isLeaf = (value: Value): boolean => page.plan.view(value).operands.every((operand) => operand.literal);
  const lines = [...prologue, ""];
  for (const value of ids.keys()) if (isLeaf(value)) lines.push(leafNode(value, ids, page));
  for (const role of ["forward", "backward", "update"] as const) {
    const members = values.filter((value) => !isLeaf(value) && roleOf(value) === role);
    if (members.length > 0) lines.push("", ...cluster(role, members, ids, page));
  }
  lines.push("", ...values.flatMap((value) => edges(value, ids, page, roleOf)), ...updateEdges(page, ids));
  return `digraph ${quoted(graph.name)} {\n${lines.map((line) => (line ? `  ${line}` : "")).join("\n")}\n}\n`;
}

function updatedStates(page: Page): readonly Value[] {
  return page.parts.flatMap((part) => part.updates.map((update) => update.state));
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

function leafNode(value: Value, ids: ReadonlyMap<Value, string>, page: Page): string {
  const name = page.names.get(value);
  if (name === undefined && value.op.kind !== "leaf") return operationNode(value, ids, page);
  const identity = value.attrs.identity as StateIdentity | undefined;
  const fill = value.op !== stateOp ? "#f3f4f6" : identity?.parameter ? "#fff4cc" : "#eef0f3";
  const named = value.attrs.identity === undefined ? name : (name ?? leafName(value));
  const label = named === undefined ? escapeHtml(operationLabel(value, page)) : title(named, formatType(value.type));
  return `${ids.get(value)} [label=<${label}>, shape="box", fillcolor="${fill}", color="#6b7280"];`;
}

function title(name: string, below: string): string {
  return `<B>${escapeHtml(name)}</B><BR/><FONT POINT-SIZE="10" COLOR="#6b7280">${escapeHtml(below)}</FONT>`;
}

function cluster(
  role: Role,
  members: readonly Value[],
  ids: ReadonlyMap<Value, string>,
  page: Page,
): readonly string[] {
  const { border, fill, area } = roles[role];
  return [
    `subgraph "cluster_${role}" {`,
    `  label="${role}"; labeljust="l"; style="rounded,filled"; color="${area}"; fillcolor="${area}"; fontcolor="${border}";`,
    `  node [shape="ellipse", color="${border}", fillcolor="${fill}"];`,
    ...members.map((value) => `  ${operationNode(value, ids, page)}`),
    "}",
  ];
}

function operationNode(value: Value, ids: ReadonlyMap<Value, string>, page: Page): string {
  const name = page.names.get(value);
  const operation = operationLabel(value, page);
  if (name === undefined) return `${ids.get(value)} [label=<${escapeHtml(operation)}>];`;
  const emphasis = page.parts.some((part) => part.entry.outputs.some((output) => output.value === value));
  return `${ids.get(value)} [label=<${title(name, operation)}>${emphasis ? ', penwidth="2.4"' : ""}];`;
}

function edges(
  value: Value,
  ids: ReadonlyMap<Value, string>,
  { plan }: Page,
  roleOf: (value: Value) => Role,
): readonly string[] {
  const { form, operands } = plan.view(value);
  return operands.flatMap((operand, i) => {
    if (operand.literal) return [];
    const transposed = form.tag === "product" && form.transposed[i];
    const attributes = [
      ...(transposed ? ['label="ᵀ"'] : []),
      ...(roleOf(value) === "forward" ? [] : [`color="${roles[roleOf(value)].border}"`]),
    ];
    const shown = attributes.length > 0 ? ` [${attributes.join(", ")}]` : "";
    return `${ids.get(operand.value)} -> ${ids.get(value)}${shown};`;
  });
}

/** New values go back to their states. */
function updateEdges(page: Page, ids: ReadonlyMap<Value, string>): readonly string[] {
  const color = roles.update.border;
  return page.parts.flatMap((part) =>
    part.updates.map(({ state, value }) => {
      return `${ids.get(value)} -> ${ids.get(state)} [style="dashed", color="${color}", constraint="false"];`;
    }),
  );
}

/** Text in an HTML-like label. */
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
