/// Errors of the language and the compiler: what must hold, what was found on both sides, where, and what to do.

/** A range in a user's file; lines and columns count from 1, `endColumn` is exclusive. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn?: number;
}

/** `model.ts:10:14` */
export function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** The body of a message. `found` belongs in the message: both sides, with the user's names. */
export interface Explanation {
  /** What must hold, then what was found. */
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
}

/** An error in a user's model or in how the compiler was called. */
export class CompileError extends Error {
  readonly code: string;
  readonly help: string | undefined;
  /** Where; filled in by the innermost place that is known when the error passes by. */
  place: Place | undefined;
  /** What `$0`, `$1`… in the message stand for: the operands of the op that failed. Not enumerable, as `template`. */
  declare subjects: readonly object[] | undefined;
  declare readonly template: string;

  constructor(code: string, explanation: Explanation, place?: Place) {
    super(nameOperands(explanation.message, []));
    this.name = "CompileError";
    this.code = code;
    this.help = explanation.help;
    this.place = place;
    const frames = /(\n {4}at .*)*$/.exec(this.stack ?? "")?.[0] ?? "";
    Object.defineProperties(this, {
      subjects: { value: undefined, writable: true },
      template: { value: explanation.message },
      // Names and the place are filled in as the error passes by, and an uncaught one shows its stack.
      stack: { get: () => `${String(this)}${frames}`, configurable: true },
    });
  }

  /** What an uncaught error shows: code, message, place and help. */
  override toString(): string {
    return `${this.name}: ${renderError(this)}`;
  }
}

/** Replaces `$0`, `$1`… by names, or by "the left operand" where there is none. */
function nameOperands(template: string, names: readonly (string | undefined)[]): string {
  const fallback = ["the left operand", "the right operand"];
  return template.replace(/\$(\d)/g, (_, digit: string) => {
    const name = names[Number(digit)];
    return name === undefined ? (fallback[Number(digit)] ?? `operand ${digit}`) : `\`${name}\``;
  });
}

/** Puts the user's names into the message of an error that was raised about values. */
export function nameSubjects(error: CompileError, nameOf: (subject: object) => string | undefined): void {
  if (error.subjects) error.message = nameOperands(error.template, error.subjects.map(nameOf));
}

/** Runs `action`; an error without subjects is about these operands. */
export function about<T>(subjects: readonly object[], action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof CompileError) error.subjects ??= subjects;
    throw error;
  }
}

/** An entry of the catalogue: makes the error, and documents its code. */
export interface ErrorKind<Arguments extends readonly unknown[]> {
  (...args: Arguments): CompileError;
  readonly code: string;
  readonly doc: string;
}

/** Defines one error code: `doc` is its entry in docs/errors.md, `explain` writes the message. */
export function defineError<Arguments extends readonly unknown[]>(
  code: string,
  doc: string,
  explain: (...args: Arguments) => Explanation,
): ErrorKind<Arguments> {
  return Object.assign((...args: Arguments) => new CompileError(code, explain(...args)), { code, doc });
}

/** Runs `action`; an error that has no place yet is given this one. */
export function atPlace<T>(place: Place | undefined, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof CompileError) error.place ??= place;
    throw error;
  }
}

/** What a message is about, whether it stops the compiler or not. */
export interface Diagnostic extends Explanation {
  readonly code: string;
  /** Where in the user's file, when that is known. */
  readonly place?: Place;
}

/**
 * The error as a user reads it: code, message, place, the line of source underlined, help.
 * `source` is the text of the file of `error.place`, when it is at hand.
 */
export function renderError(error: CompileError, source?: string): string {
  return renderDiagnostic("error", error, source);
}

/** An error or a warning as a user reads it. */
export function renderDiagnostic(severity: "error" | "warning", diagnostic: Diagnostic, source?: string): string {
  const lines = [`${severity}[${diagnostic.code}]: ${diagnostic.message}`];
  const { place } = diagnostic;
  if (place) {
    lines.push(`  ${placeText(place)}`);
    const text = source?.split(/\r?\n/)[place.line - 1];
    if (text !== undefined) {
      const gutter = `${place.line}`.padStart(4);
      const end = Math.max(place.column + 1, Math.min(place.endColumn ?? text.length + 1, text.length + 1));
      lines.push(`${gutter} │ ${text}`);
      lines.push(`${" ".repeat(gutter.length)} │ ${" ".repeat(place.column - 1)}${"^".repeat(end - place.column)}`);
    }
  }
  if (diagnostic.help) lines.push(`  help: ${diagnostic.help}`);
  return lines.join("\n");
}
