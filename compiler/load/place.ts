/// Positions in source text as places that messages show.
import { relative } from "node:path";
import type { ts } from "ts-morph";
import type { Place } from "../../ir/diagnostic.ts";

/** A file as messages name it: relative to the working directory, with forward slashes. */
export function displayPath(file: string, directory: string = process.cwd()): string {
  return (relative(directory, file) || file).replaceAll("\\", "/");
}

/** The place from position `start` to `end` of a source file; a range of several lines keeps only its beginning. */
export function placeOf(source: ts.SourceFile, start: number, end: number): Place {
  const from = source.getLineAndCharacterOfPosition(start);
  const to = source.getLineAndCharacterOfPosition(end);
  const place = { file: displayPath(source.fileName), line: from.line + 1, column: from.character + 1 };
  return to.line === from.line ? { ...place, endColumn: to.character + 1 } : place;
}
