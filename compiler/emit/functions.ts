/// Texts of kernels taken apart for the generated module: what is written, and read, once, and what is a comment.
import type { Kernel } from "../../runtime/abi.ts";
import { camelCase } from "./names.ts";

/** A text without the comment that it begins with, and the lines of that comment. */
export interface Commented {
  readonly comment: readonly string[];
  readonly text: string;
}

/** The comment above one of the kernels of a dispatch, which is a function of its own. */
const partHeader = /^((?:\/\/ .*\n)+)(?=fn (\w+)\(group: vec3u, local: vec3u\b)/gm;

/** The comment that the body of a helper function begins with. */
const helperNote = /^(fn (\w+)\(.*\n)((?: {2}\/\/ .*\n)+)/gm;

/** The comment behind a tensor's declaration: its type. */
const tensorNote = /^(@group\(.*> (\w+): .*;|const (\w+) = \d+u;) \/\/ (.*)$/gm;

/** The longest line of a comment that lists tensors. */
const widestList = 118;

/**
 * Takes the comments off the head of a kernel and of the kernels that it is made of, and the types of its tensors:
 * comments of the module are as near, and a bundler leaves them out.
 */
export function takeHeader(wgsl: string): Commented {
  const [header] = /^\n*(\/\/ .*\n)*\n*/.exec(wgsl)!;
  const comment = header.split("\n").filter((line) => line !== "");
  const text = wgsl.slice(header.length).replace(partHeader, (_, block: string, name: string) => {
    comment.push(
      `// ${name}:`,
      ...block
        .trimEnd()
        .split("\n")
        .map((line) => line.replace("// ", "//   ")),
    );
    return "";
  });
  const tensors: string[] = [];
  const plain = text.replace(tensorNote, (_, declared: string, bound?: string, start?: string, note = "") => {
    const [type, remark] = note.split("; ");
    tensors.push(`${bound ?? start} ${type}${remark ? ` (${remark})` : ""}`);
    return declared;
  });
  return { comment: [...comment, ...listLines(tensors)], text: plain };
}

/** Tensors as lines of a comment, as many a line as fit. */
function listLines(tensors: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const each of tensors) {
    const last = lines.at(-1);
    const longer = `${last}, ${each}`;
    if (last !== undefined && longer.length < widestList) lines[lines.length - 1] = longer;
    else lines.push(last === undefined ? `// with ${each}` : `//   ${each}`);
  }
  return lines.map((line, index) => (index === lines.length - 1 ? line : `${line},`));
}

/** Takes the comments off the functions of a kernel that no other kernel has: they stand above it. */
export function takeNotes(text: string): Commented {
  const comment: string[] = [];
  const plain = text.replace(helperNote, (_, head: string, name: string, note: string) => {
    const lines = note.trim().split(/\n *\/\/ /);
    comment.push(...[`// ${name}: ${lines[0].slice(3)}`, ...lines.slice(1).map((line) => `//   ${line}`)]);
    return head;
  });
  return { comment, text: plain };
}

/** Takes the comment off the first lines of a function's body. */
export function takeNote(declared: string): Commented {
  const [head] = /^fn .*\n/.exec(declared)!;
  const [note] = /^( {2}\/\/ .*\n)*/.exec(declared.slice(head.length))!;
  const comment = note.split("\n").flatMap((line) => (line === "" ? [] : [line.trim()]));
  return { comment, text: head + declared.slice(head.length + note.length) };
}

/** The constant that holds a function, by the function's text. */
export type SharedFunctions = ReadonlyMap<string, string>;

/** A function at the top level of a kernel as the compiler writes it; `main` has attributes in front. */
const declaration = /^fn (?!main\()(\w+)\([^]*?^\}$/gm;

/** The functions that more than one kernel declares, in order of appearance, with names that are free in the module. */
export function sharedFunctions(kernels: readonly Kernel[], unique: (name: string) => string): SharedFunctions {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  for (const [text, name] of kernels.flatMap(({ wgsl }) => [...wgsl.matchAll(declaration)])) {
    counts.set(text, (counts.get(text) ?? 0) + 1);
    names.set(text, name);
  }
  const shared = [...names].filter(([text]) => counts.get(text)! > 1);
  return new Map(shared.map(([text, name]) => [text, unique(camelCase(name))]));
}

/** A kernel's text in parts: strings as they are, and names of constants for functions that are shared. */
export function splitFunctions(wgsl: string, shared: SharedFunctions): readonly (string | { readonly name: string })[] {
  const parts: (string | { readonly name: string })[] = [];
  let end = 0;
  for (const match of wgsl.matchAll(declaration)) {
    const name = shared.get(match[0]);
    if (name === undefined) continue;
    parts.push(wgsl.slice(end, match.index), { name });
    end = match.index + match[0].length;
  }
  return [...parts, wgsl.slice(end)];
}
