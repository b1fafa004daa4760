/// Graphs as Mermaid flowcharts, which code hosts draw where Markdown is read.
import type { Graph } from "../../ir/graph.ts";
import type { PrintOptions } from "../../ir/print/page.ts";
import { colors, drawGraph, roles, type DrawnNode } from "./drawing.ts";

const leafClasses = [
  "classDef input fill:#f3f4f6,stroke:#6b7280,color:#111827",
  "classDef parameter fill:#fff4cc,stroke:#6b7280,color:#111827",
  "classDef state fill:#ffffff,stroke:#6b7280,color:#111827",
  "classDef letter fill:#ffffff,stroke:#6b7280,color:#111827,stroke-dasharray:4",
];

/** The graph as a Mermaid flowchart. The same values are shown as in the printed text. */
export function formatMermaid(graph: Graph, options: PrintOptions = {}): string {
  const nodes = drawGraph(graph, options);
  const lines = nodes
    .filter(({ kind }) => kind !== "operation")
    .map((node) => `${node.id}["${label(node)}"]:::${node.kind}`);
  for (const role of roles) {
    const members = nodes.filter((node) => node.kind === "operation" && node.role === role);
    if (members.length === 0) continue;
    lines.push(`subgraph ${role}`, ...members.map((node) => `  ${operation(node)}`), "end");
  }
  lines.push(...nodes.flatMap(({ id, sources }) => sources.map((source) => `${source} --> ${id}`)), ...leafClasses);
  for (const role of roles) {
    const { border, fill, area } = colors[role];
    if (!nodes.some((node) => node.kind === "operation" && node.role === role)) continue;
    lines.push(`classDef ${role}Op fill:${fill},stroke:${border},color:#111827`);
    lines.push(`style ${role} fill:${area},stroke:${area},color:${border}`);
  }
  return `flowchart TB\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
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
