/// What must run before what: for each of a growing list of nodes, the set of all that it waits for, kept as bits, so
/// that the question costs nothing and an answer grows by a few words.

/** A partial order over nodes that are numbered from 0. */
export interface Precedence {
  /** True when `later` needs something of `earlier`, directly or through others. */
  waits(later: number, earlier: number): boolean;
  /** What a node needs something of by itself, unless it waited for that through others already. */
  needs(node: number): readonly number[];
  /** True when another node waits for this one. */
  isAwaited(node: number): boolean;
  /** Notes that `later` needs something of `earlier`. */
  add(later: number, earlier: number): void;
}

/** No node waits for another yet. */
export function createPrecedence(): Precedence {
  /** Words of 32 bits: bit n stands for node n. */
  const before: number[][] = [];
  const needed: number[][] = [];
  const awaited = new Set<number>();
  const waits = (later: number, earlier: number): boolean =>
    (((before[later]?.[earlier >>> 5] ?? 0) >>> (earlier & 31)) & 1) === 1;
  const merge = (later: number, earlier: number): void => {
    const words = (before[later] ??= []);
    const more = before[earlier] ?? [];
    while (words.length < Math.max(more.length, (earlier >>> 5) + 1)) words.push(0);
    for (let at = 0; at < more.length; at++) words[at] |= more[at];
    words[earlier >>> 5] |= 1 << (earlier & 31);
  };
  return {
    waits,
    needs: (node) => needed[node] ?? [],
    isAwaited: (node) => awaited.has(node),
    add(later, earlier) {
      if (waits(later, earlier)) return;
      merge(later, earlier);
      (needed[later] ??= []).push(earlier);
      awaited.add(earlier);
      // Whoever waits for `later` now waits for all of that as well.
      if (!awaited.has(later)) return;
      for (let each = 0; each < before.length; each++) if (waits(each, later)) merge(each, earlier);
    },
  };
}

/** The longest chain of nodes that wait for each other: up to each, that included, and from each on. */
export function longestChains(
  count: number,
  { needs }: Precedence,
): { readonly to: readonly number[]; readonly from: readonly number[] } {
  const readers = Array.from({ length: count }, (): number[] => []);
  const open = readers.map((_, node) => needs(node).length);
  for (let node = 0; node < count; node++) for (const earlier of needs(node)) readers[earlier].push(node);
  const order = [...readers.keys()].filter((node) => open[node] === 0);
  // A node is ready after the last of those that it needs; the list grows while it is walked.
  for (const node of order) for (const reader of readers[node]) if (--open[reader] === 0) order.push(reader);
  const [to, from] = [readers.map(() => 1), readers.map(() => 1)];
  for (const node of order) for (const reader of readers[node]) to[reader] = Math.max(to[reader], to[node] + 1);
  for (const node of order.toReversed())
    for (const reader of readers[node]) from[node] = Math.max(from[node], from[reader] + 1);
  return { to, from };
}
