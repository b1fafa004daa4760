/// What is left of a kernel's text when names do not count.

/** Declarations of variables, constants and functions. */
const declaration = /\b(?:var(?:<[^>]*>)?|let|const|fn)\s+(\w+)/g;

/** A function's parameters. */
const parameters = /^fn \w+\((.*)\)/gm;

/** Words that stand for something by themselves: not those behind a point, which are fields. */
const word = /(?<![\w.])[A-Za-z_]\w*/g;

/**
 * A text without comments, whose declared names are numbers in order of appearance. Two kernels of one form do the same
 * with what is bound to them: every name of one stands where one name of the other stands.
 */
export function formOf(wgsl: string): string {
  const text = wgsl.replace(/ *\/\/.*$/gm, "").trim();
  const names = [...text.matchAll(parameters)].flatMap(([, list]) => [...list.matchAll(/(\w+): /g)]);
  const declared = new Set([...text.matchAll(declaration), ...names].map(([, name]) => name));
  const numbers = new Map<string, number>();
  return text.replace(word, (name) => {
    if (!declared.has(name)) return name;
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return `$${numbers.get(name)}`;
  });
}
