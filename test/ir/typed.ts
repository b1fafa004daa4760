/// What the tests of the static types share: models that are built for their types, and for the errors of wrong ones.
import { CompileError, input, model } from "chainrule";

/** Builds a graph for its types and, since wrong types are wrong at run time too, for its errors. */
export function build(define: () => unknown): void {
  model("types", () => {
    define();
    return { entry: { kept: input("kept", "f32", []) } };
  });
}

/** The code of the error that the same mistake gives at run time. */
export function code(define: () => unknown): string | undefined {
  try {
    build(define);
  } catch (error) {
    if (error instanceof CompileError) return error.code;
    throw error;
  }
  return undefined;
}

/** [batch, 784]. */
export const image = () => input("image", "f32", ["batch", 784]);
/** [batch]. */
export const label = () => input("label", "i32", ["batch"]);
