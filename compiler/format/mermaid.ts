/// Graphs as Mermaid flowcharts, which code hosts draw where Markdown is read.
import type { Graph } from "../../ir/graph.ts";
import type { PrintOptions } from "../../ir/print/page.ts";
import { colors, drawGraph, roles, type DrawnBody, type DrawnNode } from "./drawing.ts";

const leafClasses = [
  "classDef input fill:#f3f4f6,stroke:#6b7280,color:#111827",
  "classDef parameter fill:#fff4cc,stroke:#6b7280,color:#111827",
  "classDef state fill:#ffffff,stroke:#6b7280,color:#111827",
  "classDef letter fill:#ffffff,stroke:#6b7280,color:#111827,stroke-dasharray:4",
];

/** The graph as a Mermaid flowchart. The same values are shown as in the printed text. */
export function formatMermaid(graph: Graph, options: PrintOptions = {}): string {
  const { nodes, bodies } = drawGraph(graph, options);
  const isOperation = ({ kind }: DrawnNode): boolean => kind === "operation";
  const parts = roles
    .map((role) => ({
      name: role,
      title: role,
      role,
      nodes: nodes.filter((node) => isOperation(node) && node.role === role),
    }))
    .filter((part) => part.nodes.length > 0);
  const areas: readonly DrawnBody[] = [...parts, ...bodies];
  const lines = [
    ...nodes.filter((node) => !isOperation(node)).map(leaf),
    ...areas.flatMap(({ name, title, nodes: members }) => [
      name === title ? `subgraph ${name}` : `subgraph ${name}["${escapeText(title)}"]`,
      ...members.map((node) => `  ${isOperation(node) ? operation(node) : leaf(node)}`),
      "end",
    ]),
    ...[...nodes, ...bodies.flatMap((body) => body.nodes)].flatMap(({ id, sources, marks }) =>
      sources.map((source) => `${source} -->${marks?.has(source) ? `|${marks.get(source)!}|` : ""} ${id}`),
    ),
    ...[...nodes, ...bodies.flatMap((body) => body.nodes)].flatMap(({ id, repeats }) =>
      repeats === undefined ? [] : [`${repeats} -. repeated .-> ${id}`],
    ),
    ...leafClasses,
  ];
  for (const role of roles) {
    const { border, fill, area } = colors[role];
    const own = areas.filter((each) => each.role === role);
    if (own.length === 0) continue;
    lines.push(`classDef ${role}Op fill:${fill},stroke:${border},color:#111827`);
    lines.push(...own.map(({ name }) => `style ${name} fill:${area},stroke:${area},color:${border}`));
  }
  return `flowchart TB\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}

function leaf(node: DrawnNode): string {
  return `${node.id}["${label(node)}"]:::${node.kind}`;
}

function operation(node: DrawnNode): string {
  const [open, close] = node.isOutput ? ["([", "])"] : ["(", ")"];
  return `${node.id}${open}"${label(node)}"${close}:::${node.role}Op`;
}

/** Name over formula or type. */
function label({ title, text }: DrawnNode): string {
  if (title === undefined) return escapeText(text ?? "");
  return text === undefined ? `<b>${escapeText(title)}</b> ←` : `<b>${escapeText(title)}</b><br/>${escapeText(text)}`;
}

/** Text in a quoted label: Mermaid reads `#name;` as a character, and HTML. */
function escapeText(text: string): string {
  const codes: Readonly<Record<string, string>> = {
    '"': "#quot;",
    "#": "#35;",
    "&": "#amp;",
    "<": "#lt;",
    ">": "#gt;",
  };
  return text
    .replace(/["#&<>]/g, (character) => codes[character])
    .replace(/[*_`\\]/g, (character) => `#${character.codePointAt(0)};`);
}
