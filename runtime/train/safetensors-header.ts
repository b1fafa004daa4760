/// The JSON header of a safetensors file, in which no name may come twice.

import { runtimeError } from "../errors.ts";

/** Makes the error that a tensor or a file of this format is refused with. */
export const safetensorsError = (code: string, message: string) => runtimeError(`safetensors-${code}`, message);

/** First name that comes twice in one object of valid JSON; `JSON.parse` would keep the last without a word. */
function repeatedName(text: string): string | undefined {
  // Of valid JSON, only strings, the brackets and the colon matter here: a string before a colon is a name.
  const scopes: Set<string>[] = [];
  for (const [token, name] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === "{") scopes.push(new Set());
    else if (token === "}") scopes.pop();
    else if (name !== undefined) {
      const scope = scopes.at(-1)!;
      const key = JSON.parse(name) as string;
      if (scope.has(key)) return key;
      scope.add(key);
    }
  }
  return undefined;
}

/** Parses a header. Errors `safetensors-header-json`, `safetensors-duplicate`. */
export function headerObject(text: string): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw safetensorsError("header-json", `the header must be JSON: ${String(error)}`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw safetensorsError("header-json", `the header must be an object: found ${text.slice(0, 40)}`);
  }
  const repeated = repeatedName(text);
  if (repeated !== undefined) throw safetensorsError("duplicate", `names must be unique: \`${repeated}\` comes twice`);
  // A null prototype: a tensor may be called `__proto__`.
  return Object.assign(Object.create(null), header) as Readonly<Record<string, unknown>>;
}
