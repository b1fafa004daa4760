/// The generated pages: docs/errors.md, docs/ops.md, docs/language.md and docs/reading.md.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import type { Op, OpKind } from "../ir/value.ts";
import { errorSections, ops, root, warningKinds, wordsOf, type ErrorEntry } from "./catalogue.ts";
import { languagePage } from "./language-page.ts";
import { cell, generatedNote } from "./page.ts";
import { stabilityPage } from "./stability.ts";
import { readingPage } from "./reading-page.ts";

/** Every generated page: path from the root → text. */
export async function generatedPages(): Promise<Readonly<Record<string, string>>> {
  const pages = {
    "docs/errors.md": await errorsPage(),
    "docs/ops.md": await opsPage(),
    "docs/language.md": languagePage(),
    "docs/stability.md": await stabilityPage(),
    "docs/reading.md": await readingPage(),
  };
  const formatted = Object.entries(pages).map(async ([path, text]) => {
    return [path, await format(text, { parser: "markdown", printWidth: 120 })] as const;
  });
  return Object.fromEntries(await Promise.all(formatted));
}

async function errorsPage(): Promise<string> {
  const parts = ["# Errors", generatedNote, "Every error has a code that does not change; the words around it may."];
  for (const { title, errors } of await errorSections()) {
    parts.push(`## ${title}`, ...errors.map((each) => catalogueEntry(each, "errors")));
  }
  const about =
    "`compile` writes these beside its result: the module is made all the same, and the exit code is 0. A setting is taken " +
    "to stay on the side of 0 and of 1 where its default is: a rate or a decay that a caller sets to 0 is not warned of.";
  parts.push("## Warnings", about, ...(await warningKinds()).map((each) => catalogueEntry(each, "warnings")));
  return parts.join("\n\n");
}

function catalogueEntry({ code, doc }: ErrorEntry, folder: "errors" | "warnings"): string {
  const fixture = join(root, "test/fixtures", folder, `${code}.txt`);
  const example = existsSync(fixture) ? `\n\n\`\`\`text\n${readFileSync(fixture, "utf8").trimEnd()}\n\`\`\`` : "";
  return `### ${code}\n\n${doc}${example}`;
}

const kinds: Readonly<Record<OpKind, string>> = {
  leaf: "Values without operands.",
  elementwise: "Same shape in, same shape out. `add(a, b)` and its like first stretch their operands to one shape.",
  layout: "Move elements without computing; they cost no kernel of their own.",
  piecewise: "Put tensors into a frame or side by side; they cost no kernel of their own.",
  gather: "Read where integers say.",
  reduction: "Combine the elements along axes.",
  cumulative: "Combine everything up to a place along an axis.",
  sort: "Find the order of elements along an axis.",
  contraction: "Sums of products over shared axes.",
  composite: "Stand for expressions in other ops, with derivatives of their own.",
  scan: "Repeat a closed body.",
  derivative: "Placeholders that the compiler expands.",
};

async function opsPage(): Promise<string> {
  const all = await ops();
  const parts = [
    "# Ops",
    generatedNote,
    "What a graph is made of. Layers, losses and optimizers are compositions of these: see [the language](language.md).",
    "_In a model_ is the word that makes it in a model file; the compiler alone makes the others.",
  ];
  for (const [kind, about] of Object.entries(kinds)) {
    const rows = all.filter((op) => op.kind === kind).map(opRow);
    if (rows.length > 0)
      parts.push(
        `## ${kind}`,
        about,
        ["| op | in a model | printed | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n"),
      );
  }
  return parts.join("\n\n");
}

function opRow(op: Op): string {
  const words = wordsOf(op).map((name) => `\`${name}\``);
  return `| ${cell(op.name)} | ${words.join(", ")} | ${cell(`\`${printed(op)}\``)} | ${cell(op.doc)} |`;
}

function printed(op: Op): string {
  if (op.kind !== "elementwise" || !op.notation) return op.name;
  const { symbol, prefix } = op.notation;
  return prefix ? `${symbol}a` : `a ${symbol} b`;
}
