/// The largest flow through a net of pipes.

/** A pipe from one node to another; what flows has room in it. */
export interface Pipe {
  readonly from: number;
  readonly to: number;
  readonly room: number;
}

interface Edge extends Pipe {
  room: number;
  /** The same pipe the other way round, which takes back what flows. */
  back?: Edge;
}

/** The largest flow from `source` to `sink`, by shortest ways first (Edmonds and Karp 1972). */
export function largestFlow(pipes: readonly Pipe[], source: number, sink: number): number {
  const edges = new Map<number, Edge[]>();
  for (const { from, to, room } of pipes) {
    const [there, back]: [Edge, Edge] = [
      { from, to, room },
      { from: to, to: from, room: 0 },
    ];
    [there.back, back.back] = [back, there];
    for (const edge of [there, back]) edges.set(edge.from, [...(edges.get(edge.from) ?? []), edge]);
  }
  let flow = 0;
  for (let way = findWay(edges, source, sink); way; way = findWay(edges, source, sink)) {
    const least = Math.min(...way.map(({ room }) => room));
    if (least === Infinity) return Infinity;
    for (const edge of way) {
      edge.room -= least;
      edge.back!.room += least;
    }
    flow += least;
  }
  return flow;
}

/** The edges of a shortest way that has room. */
function findWay(
  edges: ReadonlyMap<number, readonly Edge[]>,
  source: number,
  sink: number,
): readonly Edge[] | undefined {
  const came = new Map<number, Edge | undefined>([[source, undefined]]);
  for (const [node] of came) {
    for (const edge of edges.get(node) ?? []) if (edge.room > 0 && !came.has(edge.to)) came.set(edge.to, edge);
  }
  if (!came.has(sink)) return undefined;
  const way: Edge[] = [];
  for (let edge = came.get(sink); edge; edge = came.get(edge.from)) way.push(edge);
  return way;
}
