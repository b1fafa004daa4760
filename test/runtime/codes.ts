/// Errors in tests.

/** The code of the error that `work` throws or rejects with; the error itself where it has none. */
export async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return "no error";
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}

/** The message of the error that `work` throws or rejects with. */
export async function messageOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "no error";
  } catch (error) {
    return (error as Error).message;
  }
}
