/// Graphs as Graphviz DOT: leaves as boxes, operations as ellipses, forward, backward and update parts in clusters.
import type { Graph } from "../../ir/graph.ts";
import type { PrintOptions } from "../../ir/print/page.ts";
import { colors, drawGraph, roles, type DrawnBody, type DrawnNode } from "./drawing.ts";

const prologue = [
  'rankdir="TB"; nodesep="0.3"; ranksep="0.42"; bgcolor="white"; pad="0.2"; fontname="Helvetica"; fontsize="13";',
  'node [fontname="Helvetica", fontsize="12", style="filled", penwidth="1.2", margin="0.1,0.05", height="0.35"];',
  'edge [color="#6b7280", arrowsize="0.6", fontname="Helvetica", fontsize="11", fontcolor="#6b7280"];',
];

/** Layout takes time that grows with more than the square of the nodes: of so many it is bounded, and lines are straight. */
const manyNodes = 150;
const quickly = ['nslimit="2"; nslimit1="2"; mclimit="0.3"; splines="polyline";'];

const fills: Readonly<Record<Exclude<DrawnNode["kind"], "operation">, string>> = {
  input: "#f3f4f6",
  parameter: "#fff4cc",
  state: "#ffffff",
  letter: "#ffffff",
};

/** The graph in Graphviz's language: `dot -Tsvg`. The same values are shown as in the printed text. */
export function formatDot(graph: Graph, options: PrintOptions = {}): string {
  const { nodes, bodies } = drawGraph(graph, options);
  const count = nodes.length + bodies.reduce((sum, body) => sum + body.nodes.length, 0);
  const lines = [
    ...prologue,
    ...(count > manyNodes ? quickly : []),
    "",
    ...nodes.filter((node) => !isOperation(node)).map(leaf),
  ];
  for (const role of roles) {
    const members = nodes.filter((node) => isOperation(node) && node.role === role);
    if (members.length > 0) lines.push("", ...cluster({ name: role, title: role, role, nodes: members }));
  }
  for (const body of bodies) lines.push("", ...cluster(body), ...body.nodes.flatMap(edges));
  lines.push("", ...nodes.flatMap(edges));
  const repeated = [...nodes, ...bodies.flatMap((body) => body.nodes)].flatMap((node) => repeats(node, bodies));
  if (repeated.length > 0) lines.push("", 'compound="true";', ...repeated);
  return `digraph ${quoted(graph.name)} {\n${lines.map((line) => (line ? `  ${line}` : "")).join("\n")}\n}\n`;
}

function leaf({ id, kind, title, text }: DrawnNode): string {
  const label = title === undefined ? escapeHtml(text ?? "") : titled(title, text ?? "");
  const fill = kind === "operation" ? "" : fills[kind];
  const dashed = kind === "letter" ? ', style="filled,dashed"' : "";
  return `${id} [label=<${label}>, shape="box", fillcolor="${fill}", color="#6b7280"${dashed}];`;
}

function titled(title: string, below: string): string {
  return `<B>${escapeHtml(title)}</B><BR/><FONT POINT-SIZE="10" COLOR="#6b7280">${escapeHtml(below)}</FONT>`;
}

function isOperation({ kind }: DrawnNode): boolean {
  return kind === "operation";
}

/** An area with nodes: a part of the graph, or the step of a loop. */
function cluster({ name, title, role, nodes }: DrawnBody): readonly string[] {
  const { border, fill, area } = colors[role];
  return [
    `subgraph "cluster_${name}" {`,
    `  label="${title}"; labeljust="l"; style="rounded,filled"; color="${area}"; fillcolor="${area}"; fontcolor="${border}";`,
    `  node [shape="ellipse", color="${border}", fillcolor="${fill}"];`,
    ...nodes.map((node) => `  ${isOperation(node) ? operation(node) : leaf(node)}`),
    "}",
  ];
}

function operation({ id, title, text, isOutput }: DrawnNode): string {
  const label =
    text === undefined
      ? `<B>${escapeHtml(title ?? "")}</B> ←`
      : title === undefined
        ? escapeHtml(text)
        : titled(title, text);
  return `${id} [label=<${label}>${isOutput ? ', penwidth="2.4"' : ""}];`;
}

function edges({ id, role, sources, marks }: DrawnNode): readonly string[] {
  const color = role === "forward" ? [] : [`color="${colors[role].border}"`];
  return sources.map((source) => {
    const place = marks?.has(source) ? [`headlabel="${marks.get(source)!}"`] : [];
    const shown = [...color, ...place].join(", ");
    return `${source} -> ${id}${shown && ` [${shown}]`};`;
  });
}

/** From the area of a step to the loop that repeats it. */
function repeats({ id, repeats: name }: DrawnNode, bodies: readonly DrawnBody[]): readonly string[] {
  const last = bodies.find((body) => body.name === name)?.nodes.at(-1);
  return last ? [`${last.id} -> ${id} [ltail="cluster_${name}", style="dashed", label="repeated"];`] : [];
}

/** Text in an HTML-like label. */
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
