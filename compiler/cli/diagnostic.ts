/// Errors and warnings as a terminal shows them: with the line of the user's file that they are about.
import { existsSync, readFileSync } from "node:fs";
import { renderDiagnostic, type Diagnostic } from "../../ir/diagnostic.ts";
import type { Terminal } from "./terminal.ts";

/** The text of a message; its first line in red or yellow. */
export function showDiagnostic(severity: "error" | "warning", diagnostic: Diagnostic, terminal: Terminal): string {
  const file = diagnostic.place?.file;
  const source = file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const [head, ...rest] = renderDiagnostic(severity, diagnostic, source).split("\n");
  return [terminal.style(severity === "error" ? "red" : "yellow", head), ...rest].join("\n");
}
