/// Plain data as a TypeScript literal, laid out as prettier would: flat where a line holds it, else one element a line.

const width = 120;

/** Text printed as it is, in place of a value: a name, or a template literal. */
export interface Verbatim {
  readonly verbatim: string;
}

/** Plain data, with verbatim text inside. */
export type Literal =
  number | string | boolean | Verbatim | readonly Literal[] | { readonly [key: string]: Literal | undefined };

/** Trailing comment of an element of an array, if it should have one. */
export type Commentary = (element: Literal) => string | undefined;

/** Prints `value` where `column` characters of its line are taken and its closing bracket is indented by `indent`. */
export function printLiteral(
  value: Literal,
  indent = 0,
  column = indent,
  comment: Commentary = () => undefined,
): string {
  return print(value);

  function print(value: Literal): string {
    return nested(value, indent, column);
  }

  function nested(value: Literal, indent: number, column: number): string {
    const flat = flatten(value, comment);
    // One more for the comma or semicolon that follows.
    if (flat !== undefined && column + flat.length + 1 <= width) return flat;
    if (Array.isArray(value)) return brokenArray(value as readonly Literal[], indent + 2);
    if (isRecord(value)) return brokenObject(value, indent + 2);
    return flat ?? "";
  }

  function brokenArray(elements: readonly Literal[], indent: number): string {
    const margin = " ".repeat(indent);
    if (elements.every((element) => typeof element === "number")) {
      return `[\n${fill(elements.map(scalar), indent)}\n${" ".repeat(indent - 2)}]`;
    }
    const lines = elements.map((element) => {
      const note = comment(element);
      return `${margin}${nested(element, indent, indent)},${note === undefined ? "" : ` // ${note}`}\n`;
    });
    return `[\n${lines.join("")}${" ".repeat(indent - 2)}]`;
  }

  function brokenObject(record: Readonly<Record<string, Literal | undefined>>, indent: number): string {
    const lines = entries(record).map(([key, value]) => {
      const start = `${" ".repeat(indent)}${propertyKey(key)}: `;
      return `${start}${nested(value, indent, start.length)},\n`;
    });
    return `{\n${lines.join("")}${" ".repeat(indent - 2)}}`;
  }
}

/** On one line; undefined where prettier would break it whatever its length. */
function flatten(value: Literal, comment: Commentary): string | undefined {
  if (Array.isArray(value)) {
    const elements = value as readonly Literal[];
    if (breaksAlways(elements) || elements.some((element) => comment(element) !== undefined)) return undefined;
    const texts = elements.map((element) => flatten(element, comment));
    return texts.includes(undefined) ? undefined : `[${texts.join(", ")}]`;
  }
  if (!isRecord(value)) return scalar(value as number | string | boolean | Verbatim);
  const texts = entries(value).map(([key, inner]) => {
    const text = flatten(inner, comment);
    return text === undefined ? undefined : `${propertyKey(key)}: ${text}`;
  });
  if (texts.includes(undefined)) return undefined;
  return texts.length === 0 ? "{}" : `{ ${texts.join(", ")} }`;
}

/** Prettier's rule: several elements, all objects or all arrays, each of more than one member. */
function breaksAlways(elements: readonly Literal[]): boolean {
  if (elements.length < 2) return false;
  const allArrays = elements.every((element) => Array.isArray(element) && element.length > 1);
  return allArrays || elements.every((element) => isRecord(element) && entries(element).length > 1);
}

/** As many numbers a line as fit. */
function fill(texts: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  for (const text of texts) {
    const separator = line.trim() === "" ? "" : " ";
    if (line.length + separator.length + text.length + 1 > width) {
      lines.push(line);
      line = `${" ".repeat(indent)}${text},`;
    } else {
      line += `${separator}${text},`;
    }
  }
  return [...lines, line].join("\n");
}

function scalar(value: number | string | boolean | Verbatim): string {
  if (typeof value === "object") return value.verbatim;
  if (typeof value === "string") return quote(value);
  if (typeof value === "boolean") return String(value);
  return Object.is(value, -0) ? "-0" : String(value).replace("e+", "e");
}

/** In double quotes, unless single ones need fewer escapes. */
function quote(text: string): string {
  const quoted = JSON.stringify(text);
  const [singles, doubles] = [text.split("'").length, text.split('"').length];
  return doubles > singles ? `'${quoted.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'` : quoted;
}

/** A property's key, quoted only where it must be. */
export function propertyKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
}

function isRecord(value: Literal): value is { readonly [key: string]: Literal | undefined } {
  return typeof value === "object" && !Array.isArray(value) && !("verbatim" in value);
}

function entries(record: Readonly<Record<string, Literal | undefined>>): readonly (readonly [string, Literal])[] {
  return Object.entries(record).filter((entry): entry is [string, Literal] => entry[1] !== undefined);
}

/** A text as it stands between the backquotes of a template literal. */
export function templateText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${");
}
