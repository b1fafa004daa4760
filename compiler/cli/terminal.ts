/// Where commands write: standard output for results, standard error for what went wrong.
import { styleText } from "node:util";

/** Output of a command. Colours appear only where a person reads. */
export interface Terminal {
  print(text: string): void;
  warn(text: string): void;
  /** The text in a style, or as it is. */
  style(style: Style, text: string): string;
}

export type Style = "bold" | "dim" | "green" | "red" | "yellow";

/** The process's own terminal; coloured when standard output is one and NO_COLOR is not set. */
export function processTerminal(): Terminal {
  const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  return {
    print: (text) => process.stdout.write(`${text}\n`),
    warn: (text) => process.stderr.write(`${text}\n`),
    style: (style, text) => (coloured ? styleText(style, text) : text),
  };
}

/** How the columns of a table are aligned. */
export type Alignment = "left" | "right";

/** Rows as lines of equally wide columns, two spaces apart. */
export function table(rows: readonly (readonly string[])[], alignment: readonly Alignment[]): readonly string[] {
  const widths = alignment.map((_, column) => Math.max(0, ...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => tableLine(row, widths, alignment));
}

/** One row of a table whose columns are so wide. */
export function tableLine(row: readonly string[], widths: readonly number[], alignment: readonly Alignment[]): string {
  const cells = alignment.map((side, column) => {
    const text = row[column] ?? "";
    return side === "right" ? text.padStart(widths[column]) : text.padEnd(widths[column]);
  });
  return cells.join("  ").trimEnd();
}

/** 1234567 → 1.23 M; whole numbers below 10 000 stay as they are. */
export function compact(count: number): string {
  const units = ["", " k", " M", " G", " T"];
  if (Math.abs(count) < 10_000) return String(Math.round(count * 100) / 100);
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.abs(count)) / 3));
  return `${(count / 1000 ** power).toPrecision(3)}${units[power]}`;
}

/** 6126 → 6126 B, 1234567 → 1.23 MB. */
export function compactBytes(count: number): string {
  const text = compact(count);
  return text.includes(" ") ? `${text}B` : `${text} B`;
}

/** 6126 → 6126 FLOP, 1234567 → 1.23 MFLOP, as the headers of kernels have it. */
export function compactFlops(count: number): string {
  const text = compact(count);
  return text.includes(" ") ? `${text}FLOP` : `${text} FLOP`;
}

/** `1 entry`, `2 entries`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
