/** A mistake in what the sample was given. The code says which one, for scripts and tests; `usage` ends with exit code 2. */
export class SampleError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "SampleError";
    this.code = code;
  }
}

/**
 * Writes an error on one line as `error[code]: message`. Node's and the runtime's errors carry codes as well; an error
 * without one is a defect, so its stack is shown.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code !== "string") return `error: ${error.stack ?? error.message}`;
  // Some messages arrive rendered.
  return error.message.startsWith("error[") ? error.message : `error[${code}]: ${error.message}`;
}
