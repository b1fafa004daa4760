/// Names of the declarations of a generated module.

/** `hidden-layer 2` → `HiddenLayer2`; a name that begins with a digit is prefixed. */
export function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  return /^[A-Za-z]/.test(joined) ? joined : `Model${joined}`;
}

/** `hidden.weight update` → `hiddenWeightUpdate`. */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return pascal[0].toLowerCase() + pascal.slice(1);
}

/** Gives names that differ from those given before: `name`, `name2`, `name3`… */
export function uniqueNames(taken: Iterable<string>): (name: string) => string {
  const used = new Set(taken);
  return (name) => {
    let candidate = name;
    for (let count = 2; used.has(candidate); count++) candidate = `${name}${count}`;
    used.add(candidate);
    return candidate;
  };
}

/** A list for a sentence: `a`, `a and b`, `a, b and c`. */
export function sentenceList(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
