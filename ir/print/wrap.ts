/// Long lines: broken before an operator or after a comma, as far out of the parentheses as possible.

/** Columns of a printed graph. */
export const pageWidth = 100;

interface Break {
  readonly at: number;
  readonly depth: number;
}

/** The text as lines of at most `width` columns where it can be broken; later lines are indented by `hanging`. */
export function wrap(text: string, width: number, hanging: string): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  for (let room = width; rest.length > room; room = width) {
    const prefix = lines.length === 0 ? 0 : hanging.length;
    const breaks = breaksOf(rest).filter(({ at }) => at <= room && at > Math.max(prefix + 8, room * 0.4));
    const best = breaks.reduce<Break | undefined>((a, b) => (a && a.depth < b.depth ? a : b), undefined);
    if (!best) break;
    lines.push(rest.slice(0, best.at).trimEnd());
    rest = hanging + rest.slice(best.at).trimStart();
  }
  return [...lines, rest];
}

/** Places between words outside quotes and indices: after commas, before ` + ` and its like, less gladly before ` · `. */
function breaksOf(text: string): readonly Break[] {
  const breaks: Break[] = [];
  let depth = 0;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quote) quote = character === quote ? undefined : quote;
    else if (character === "`" || character === '"') quote = character;
    // An index belongs to what it is of: x[:, _].
    else if (character === "[" && /[^ ([]/u.test(text[at - 1] ?? " ")) quote = "]";
    else if ("([".includes(character)) depth++;
    else if (")]".includes(character)) depth--;
    else if (character === " " && at > 0) {
      if (text[at - 1] === ",") breaks.push({ at: at + 1, depth });
      else if (/^ [·/@^] /u.test(text.slice(at, at + 3))) breaks.push({ at, depth: depth + 0.6 });
      else if (/^ (?:[-+<>]|==|!=|<=|>=|&&|\|\|) /u.test(text.slice(at, at + 4)))
        breaks.push({ at, depth: depth + 0.3 });
    }
  }
  return breaks;
}
