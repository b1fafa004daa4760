/// Functions of a module that differ only in numbers and in where their tensors begin: one function stands for all of them
/// and reads what differs from a table. The layers of a network are alike, and so are their updates. Software adapters go
/// through the text of every function for every thread, and compile it besides.
import { wrap } from "../../ir/print/wrap.ts";
import type { Kernel } from "../lower/kernel.ts";
import type { ModuleNamer } from "./names.ts";

/** A kernel as a function: the comment above it, its lines, and its workgroups. */
export interface PartText {
  readonly kernel: Kernel;
  header(): readonly string[];
  lines(): readonly string[];
  /** A part with the same lines, but for where tensors begin: its name of each start, and the one that stands there. */
  readonly like?: { readonly part: PartText; readonly starts: ReadonlyMap<string, string> };
  /** How its workgroups lie. */
  readonly grid: Grid;
  /** Threads from here on have nothing to do; none where all have. */
  readonly idle: number | undefined;
  readonly workgroups: number;
}

/** Workgroups side by side, one below the other, and behind each other. */
export type Grid = readonly [number, number, number];

/** Parts that share a function. */
export interface Family {
  readonly members: readonly PartText[];
  /** Where tensors begin of which each part has one in the same place. */
  readonly tied: readonly (readonly string[])[];
  /** The function; what it declares besides gets a name. */
  write(names: Pick<ModuleNamer, "outside">): FamilyText;
}

/** A function with the text of a call, where `part` counts the members and `own` the workgroups of a member. */
export interface FamilyText extends Pick<Family, "members"> {
  readonly lines: readonly string[];
  readonly call: string;
  /** Threads from here on have nothing to do. */
  readonly idle: string | undefined;
}

/** The workgroup `own` of a part in its grid, whose extents are given as text. */
function groupText([width, height, depth]: readonly [string, string, string]): string {
  const [isFlat, isSingle] = [depth === "1u", height === "1u"];
  const column = width === "1u" ? "0u" : isSingle && isFlat ? "own" : `own % ${width}`;
  const down = width === "1u" ? "own" : `own / ${width}`;
  const row = isSingle ? "0u" : isFlat ? down : `${down} % ${height}`;
  const layer = width === "1u" ? height : isSingle ? width : `(${width} * ${height})`;
  return `vec3u(${column}, ${row}, ${isFlat ? "0u" : `own / ${layer}`})`;
}

/** The function of a part alone. */
function alone({ part, body }: Abstracted): FamilyText {
  const { kernel, header, grid, idle } = part;
  const text = [
    ...header().map((line) => `// ${line}`),
    `fn ${kernel.name}(group: vec3u, local: vec3u) {`,
    body.map((token) => token.text).join(""),
    "}",
  ];
  const group = groupText(grid.map((extent) => `${extent}u`) as unknown as Texts);
  return {
    members: [part],
    lines: [...text, ""],
    call: `${kernel.name}(${group}, local);`,
    idle: idle === undefined ? undefined : `${idle}u`,
  };
}

type Texts = readonly [string, string, string];

/** Parts in families; `starts` are the constants that say where tensors begin. */
export function familiesOf(parts: readonly PartText[], starts: ReadonlySet<string>): readonly Family[] {
  const known = new Map<string, Abstracted[]>();
  const abstracted = new Map<PartText, Abstracted>();
  for (const part of parts) {
    const like = part.like && abstracted.get(part.like.part);
    const own = like ? startingAt(like, part, part.like!.starts) : abstract(part, starts);
    abstracted.set(part, own);
    const alike = known.get(own.skeleton);
    if (alike) alike.push(own);
    else known.set(own.skeleton, [own]);
  }
  return [...known.values()].flatMap((all) => {
    const members = all.map(({ part }) => part);
    const table = all.length > 1 ? commonText(all) : undefined;
    return table
      ? [{ members, tied: table.tied, write: (names) => together(members, table, names) }]
      : all.map((one) => ({ members: [one.part], tied: [], write: () => alone(one) }));
  });
}

/** A part whose places of numbers and starts are empty. */
export interface Abstracted {
  readonly part: PartText;
  /** What parts have in common. */
  readonly skeleton: string;
  readonly body: readonly Token[];
}

export interface Token {
  readonly text: string;
  readonly kind: "text" | "number" | "start";
}

/** Words, numbers with their suffix, and single characters; a member such as `.x` is not a word of its own. */
const pattern = /\.?[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e[+-]?\d+)?[uif]?|[^]/g;

/** The lines of a part, its own or those given, with places for what parts may differ in. */
export function abstract(part: PartText, starts: ReadonlySet<string>, lines = part.lines()): Abstracted {
  const body = (lines.join("\n").match(pattern) ?? []).map((each): Token => ({
    text: each,
    kind: starts.has(each) ? "start" : /^\d+u$/.test(each) ? "number" : "text",
  }));
  const locals = new Map<string, string>();
  body.forEach(({ text }, i) => {
    const name = text === "let" || text === "var" ? body[i + 2].text : undefined;
    // A name that is declared once more keeps its number: two of one number would be taken for each other.
    if (name !== undefined && !locals.has(name)) locals.set(name, `\0${locals.size}`);
  });
  const plain = ({ text, kind }: Token): string => (kind === "text" ? (locals.get(text) ?? text) : `\0${kind}`);
  return { part, skeleton: body.map(plain).join("\u0001"), body };
}

/** The part in the place of one that is like it. */
function startingAt(like: Abstracted, part: PartText, starts: ReadonlyMap<string, string>): Abstracted {
  const body = like.body.map((token) => (token.kind === "start" ? { ...token, text: starts.get(token.text)! } : token));
  return { part, skeleton: like.skeleton, body };
}

/** What differs between the parts of a family, each once. */
interface Table {
  readonly columns: readonly (readonly string[])[];
  /** The name of a column inside the function. */
  readonly names: readonly string[];
}

/** A text for parts that are alike. */
export interface CommonText extends Table {
  readonly text: string;
  /** Where tensors begin of which each part has one in the same place. */
  readonly tied: Family["tied"];
}

/** What parts that are alike have in common, with names for what differs; none where a name would mean two things. */
export function commonText(all: readonly Abstracted[]): CommonText | undefined {
  const inBody = columnsOf(all.map(({ body }) => body));
  const table = tableOf(all, [...inBody.values()]);
  if (!table) return undefined;
  const [{ body }] = all;
  const keys = table.columns.map((column) => column.join());
  const textAt = ({ text }: Token, i: number): string => {
    const column = inBody.get(i);
    return column ? table.names[keys.indexOf(column.join())] : text;
  };
  const tied = [...inBody].filter(([at]) => body[at].kind === "start").map(([, column]) => column);
  return { ...table, text: body.map(textAt).join(""), tied };
}

/** One function for parts that are alike. */
function together(members: readonly PartText[], table: CommonText, names: Pick<ModuleNamer, "outside">): FamilyText {
  const columns = [...table.columns];
  const columnOf = (column: readonly string[]): number => {
    const found = columns.findIndex((each) => each.join() === column.join());
    return found >= 0 ? found : columns.push(column) - 1;
  };
  const [first] = members;
  const { name } = first.kernel;
  const title = names.outside(`${name}_parts`);
  const read = (column: readonly string[]): string =>
    new Set(column).size === 1 ? column[0] : `${title}[part][${columnOf(column)}]`;
  const group = groupText(
    [0, 1, 2].map((axis) => read(members.map(({ grid }) => `${grid[axis]}u`))) as unknown as Texts,
  );
  const isBusy = members.every((part) => part.idle === undefined);
  const idle = isBusy ? undefined : read(members.map(({ kernel }) => `${kernel.workgroupSize[0]}u`));
  const rows = members.map((_, row) => `  array(${columns.map((column) => column[row]).join(", ")}),`);
  const others = members.slice(1).map(({ kernel }) => kernel.name);
  const isTable = columns.length > 0;
  return {
    members,
    lines: [
      ...(isTable ? [`const ${title} = array(`, ...rows, ");", ""] : []),
      ...first.header().map((line) => `// ${line}`),
      ...wrap(`Likewise ${others.join(", ")}.`, 110, "  ").map((line) => `// ${line}`),
      `fn ${name}(group: vec3u, local: vec3u${isTable ? ", part: u32" : ""}) {`,
      ...table.names.map((own, column) => `  let ${own} = ${title}[part][${column}];`),
      table.text,
      "}",
      "",
    ],
    call: `${name}(${group}, local${isTable ? ", part" : ""});`,
    idle,
  };
}

/** The places where parts differ, and what each has there. */
function columnsOf(texts: readonly (readonly Token[])[]): ReadonlyMap<number, readonly string[]> {
  const [first] = texts;
  const columns = new Map<number, readonly string[]>();
  first.forEach(({ kind, text }, i) => {
    if (kind === "text") return;
    const column = texts.map((tokens) => tokens[i].text);
    if (column.some((each) => each !== text)) columns.set(i, column);
  });
  return columns;
}

/** Columns with their names: where a tensor begins is called as in the first part. */
function tableOf(all: readonly Abstracted[], found: readonly (readonly string[])[]): Table | undefined {
  const [{ body }] = all;
  const columns = [...new Map(found.map((column) => [column.join(), column])).values()];
  const words = new Set(body.map(({ text }) => text));
  let count = 0;
  const size = (): string => {
    while (words.has(`size${count}`)) count++;
    return `size${count++}`;
  };
  const names = columns.map(([text]) => (/^\d/.test(text) ? size() : text));
  const places = new Map(columns.map((column) => [column.join(), column]));
  const isPlain = body.some(
    ({ text, kind }, i) =>
      kind === "start" && names.includes(text) && !places.has(all.map((each) => each.body[i].text).join()),
  );
  return isPlain || new Set(names).size < names.length ? undefined : { columns, names };
}
