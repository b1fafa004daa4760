/// Long lines: broken before an operator or after a comma, as far out of the parentheses as the number of lines allows.

/** Columns of a printed graph. */
export const pageWidth = 100;

interface Break {
  readonly at: number;
  readonly depth: number;
}

/**
 * The text as lines of at most `width` columns where it can be broken, the last of several of `room` where that takes no
 * bad break; later lines are indented by `hanging`.
 */
export function wrap(text: string, width: number, hanging: string, room = width): readonly string[] {
  if (text.length <= width) return [text];
  const indent = text.search(/\S|$/u);
  const breaks = [...breaksOf(text).filter(({ at }) => at > indent + 8), { at: text.length, depth: 0 }];
  /** The best way to write the text up to each break, by where its last line begins. */
  const best: { readonly cost: number; readonly from: number }[] = [];
  breaks.forEach(({ at, depth }, end) => {
    const isLast = at === text.length;
    let found = { cost: Infinity, from: -1 };
    for (let from = end - 1; from >= -1; from--) {
      const line = lineOf(text, from < 0 ? 0 : breaks[from].at, at, hanging);
      const cost =
        (from < 0 ? 0 : best[from].cost) +
        (isLast ? lastCost(line.length, width, room) : costOf(line.length, depth, width));
      // Of ways that are as good the one whose first lines are longer.
      if (cost < found.cost) found = { cost, from };
      if (line.length > 2 * width) break;
    }
    best.push(found);
  });
  const lines: string[] = [];
  for (let end = breaks.length - 1; end >= 0; end = best[end].from) {
    const { from } = best[end];
    lines.push(lineOf(text, from < 0 ? 0 : breaks[from].at, breaks[end].at, hanging));
  }
  return lines.reverse();
}

function lineOf(text: string, from: number, to: number, hanging: string): string {
  return from === 0 ? text.slice(0, to).trimEnd() : hanging + text.slice(from, to).trim();
}

/** What a line of so many columns costs that ends in a break: a line, how deep the break is, and columns beyond the page. */
function costOf(columns: number, depth: number, width: number): number {
  return 1 + 1.5 * depth + (columns < width / 4 ? 0.5 : 0) + beyond(columns, width);
}

/** What the last line costs; without room for what follows it, that takes a line. */
function lastCost(columns: number, width: number, room: number): number {
  return (columns > room ? 2 : 0) + beyond(columns, width);
}

const beyond = (columns: number, width: number): number => 100 * Math.max(0, columns - width);

/** A pair of parentheses, and whether it holds arguments: what stands in one of several belongs together. */
interface Group {
  readonly depth: number;
  hasCommas: boolean;
}

type Kind = "comma" | "sum" | "product";

/**
 * Places between words outside quotes and indices: before ` + ` and its like, less gladly before ` · `, and after commas,
 * of a call less gladly still, but rather than within an argument. What a line gives names to stays together.
 */
function breaksOf(text: string): readonly Break[] {
  const found: { readonly at: number; readonly kind: Kind; readonly group: Group }[] = [];
  const groups: Group[] = [{ depth: 0, hasCommas: false }];
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    const group = groups[groups.length - 1];
    if (quote) quote = character === quote ? undefined : quote;
    else if (character === "`" || character === '"') quote = character;
    // An index belongs to what it is of: x[:, _].
    else if (character === "[" && /[^ ([]/u.test(text[at - 1] ?? " ")) quote = "]";
    else if ("([".includes(character)) groups.push({ depth: groups.length, hasCommas: false });
    else if (")]".includes(character) && groups.length > 1) groups.pop();
    else if (group.depth === 0 && /^ [=←] /u.test(text.slice(at, at + 3))) found.length = 0;
    else if (character === " " && at > 0) {
      const kind = kindOf(text, at);
      if (kind === "comma") group.hasCommas ||= group.depth > 0;
      if (kind) found.push({ at: kind === "comma" ? at + 1 : at, kind, group });
    }
  }
  return found.map(({ at, kind, group }) => ({ at, depth: depthOf(kind, group) }));
}

function kindOf(text: string, at: number): Kind | undefined {
  if (text[at - 1] === ",") return "comma";
  if (/^ [·/@^] /u.test(text.slice(at, at + 3))) return "product";
  return /^ (?:[-+<>]|==|!=|<=|>=|&&|\|\|) /u.test(text.slice(at, at + 4)) ? "sum" : undefined;
}

function depthOf(kind: Kind, { depth, hasCommas }: Group): number {
  if (kind === "comma") return hasCommas ? depth + 2.5 : 0;
  return depth + (kind === "sum" ? 0.3 : 1.3) + (hasCommas ? 2.5 : 0);
}
