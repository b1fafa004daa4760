/// The JSON header of a safetensors file, in which no name may come twice.

import { runtimeError } from "../errors.ts";

/** Makes the error that a tensor or a file of this format is refused with. */
export const safetensorsError = (code: string, message: string, help?: string) =>
  runtimeError(`safetensors-${code}`, message, help);

const mostShown = 200;

/** The beginning of a value's JSON: a header may hold anything, nested deeper than a stack is. */
export function shownJson(value: unknown): string {
  let visited = 0;
  // Each value writes a character or more before the next is visited: what is left out lies behind what is shown.
  const text = JSON.stringify(value, (_name, inner: unknown) => (visited++ < mostShown ? inner : null));
  return text.length > mostShown ? `${text.slice(0, mostShown)} …` : text;
}

/** First name that comes twice in one object of valid JSON; `JSON.parse` would keep the last without a word. */
function repeatedName(text: string): string | undefined {
  // Of valid JSON, only strings, the brackets and the colon matter here: a string before a colon is a name. A string is not
  // matched whole: on one of some megabytes, a match that may go back runs out of stack.
  const scopes: Set<string>[] = [];
  let string: number | undefined;
  for (const { 0: token, 1: colon, index } of text.matchAll(/\\.|[{}]|"(?=(\s*:)?)/g)) {
    if (token === '"') {
      if (string !== undefined && colon !== undefined) {
        const scope = scopes.at(-1)!;
        const key = JSON.parse(text.slice(string, index + 1)) as string;
        if (scope.has(key)) return key;
        scope.add(key);
      }
      string = string === undefined ? index : undefined;
    } else if (string !== undefined) continue;
    else if (token === "{") scopes.push(new Set());
    else scopes.pop();
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
