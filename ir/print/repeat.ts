/// Lines that are the same for several parameters, written once: `for θ in hidden.weight, logits.weight`.

import { nameLetter } from "../notation/form.ts";

/** A printed update, and the parameter it belongs to when it is that parameter's own update. */
export interface UpdateText {
  readonly text: string;
  readonly parameter: string | undefined;
  /** The text with `θ` for the name of a parameter, where that takes more than to replace the name in the text. */
  readonly repeated?: (parameter: string) => string;
}

/** Stands for a parameter's name in repeated lines. */
export const placeholder = "θ";

/** A run of lines, repeated for each of `parameters` when there are any. */
export interface Repeated {
  readonly parameters: readonly string[];
  readonly lines: readonly string[];
}

/** Groups consecutive updates that differ in the parameter's name only, where that makes the page shorter. */
export function groupRepeated(updates: readonly UpdateText[]): readonly Repeated[] {
  const groups: Repeated[] = [];
  for (let at = 0; at < updates.length;) {
    const group = repeatedFrom(updates, at);
    groups.push(group ?? { parameters: [], lines: [updates[at].text] });
    at += group ? group.lines.length * group.parameters.length : 1;
  }
  return groups;
}

function repeatedFrom(updates: readonly UpdateText[], start: number): Repeated | undefined {
  const size = updates.slice(start).findIndex((update) => update.parameter !== undefined) + 1;
  const first = size > 0 ? template(updates.slice(start, start + size)) : undefined;
  if (!first) return undefined;
  const parameters = [first.parameter];
  for (let at = start + size; ; at += size) {
    const next = template(updates.slice(at, at + size));
    if (next?.lines.length !== size || next.lines.some((line, i) => line !== first.lines[i])) break;
    parameters.push(next.parameter);
  }
  return parameters.length > 1 && parameters.length * size > size + 1 ? { parameters, lines: first.lines } : undefined;
}

function template(block: readonly UpdateText[]): { readonly parameter: string; readonly lines: string[] } | undefined {
  const parameter = block.at(-1)?.parameter;
  if (parameter === undefined || parameter.startsWith("`")) return undefined;
  const escaped = parameter.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const word = new RegExp(`(?<!${nameLetter})${escaped}(?!${nameLetter}|\\.${nameLetter})`, "gu");
  const lines = block.map(({ text, repeated }) => repeated?.(parameter) ?? text.replace(word, placeholder));
  const exact = block.every(({ text, repeated }, i) => {
    if (repeated) return lines[i] !== text;
    return lines[i].replaceAll(placeholder, parameter) === text && !text.includes(placeholder);
  });
  const isAnywhere = lines.every((line, i) => block[i].repeated || line.includes(placeholder));
  return exact && isAnywhere ? { parameter, lines } : undefined;
}
