/// Options are called what the types say: programs without types misspell them as well.
import { unknownOption } from "./errors.ts";

/** Throws `unknown-option` for an option that is not among those that `known` has as keys. `of` takes them. */
export function checkOptionNames<Options extends object>(
  of: string,
  options: Options,
  known: Readonly<Record<keyof Required<Options>, true>>,
): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) throw unknownOption(of, name, Object.keys(known));
  }
}
