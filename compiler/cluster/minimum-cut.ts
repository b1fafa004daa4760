/// Minimum cuts of networks: nodes on two sides, so that the edges from the source's side to the sink's cost least.

/** A network while it is built, and its cut. */
export interface Network {
  /** A further node. */
  node(): number;
  /** What it costs to have one node on the source's side and the other on the sink's. */
  edge(from: number, to: number, cost: number): void;
  /** The cheapest cut; of several the one nearest to the sink. */
  cut(): Cut;
}

/** Two sides of a network. */
export interface Cut {
  readonly cost: number;
  /** True on the sink's side. */
  isBelow(node: number): boolean;
}

/** The first nodes of every network. */
export const [source, sink] = [0, 1] as const;

/** A network of source and sink. */
export function createNetwork(): Network {
  /** Edges come in pairs, each with the one that takes back what flows through it. */
  const [heads, rooms, following]: [number[], number[], number[]] = [[], [], []];
  const first = [-1, -1];
  const add = (from: number, to: number, room: number): void => {
    following.push(first[from]);
    first[from] = heads.length;
    heads.push(to);
    rooms.push(room);
  };
  return {
    node: () => first.push(-1) - 1,
    edge(from, to, cost) {
      if (from === to || to === source || from === sink || cost === 0) return;
      add(from, to, cost);
      add(to, from, 0);
    },
    cut() {
      const net: Net = { first, heads, rooms, following };
      let cost = 0;
      for (let levels = levelsOf(net); levels && cost < Infinity; levels = levelsOf(net)) cost += fill(net, levels);
      const below = sinkSide(net);
      return { cost, isBelow: (node) => below[node] === 1 };
    },
  };
}

/** The edges of a node are a list: the first, and what follows each. */
interface Net {
  readonly first: readonly number[];
  readonly heads: readonly number[];
  readonly rooms: number[];
  readonly following: readonly number[];
}

/** How many edges with room each node is from the source; undefined where none lead to the sink. */
function levelsOf({ first, heads, rooms, following }: Net): Int32Array | undefined {
  const levels = new Int32Array(first.length).fill(-1);
  levels[source] = 0;
  const reached = [source as number];
  for (const node of reached) {
    for (let edge = first[node]; edge >= 0; edge = following[edge]) {
      const head = heads[edge];
      if (rooms[edge] <= 0 || levels[head] >= 0) continue;
      levels[head] = levels[node] + 1;
      reached.push(head);
    }
  }
  return levels[sink] < 0 ? undefined : levels;
}

/** Fills shortest ways until none is left (Dinic 1970); gives what flows. */
function fill({ first, heads, rooms, following }: Net, levels: Int32Array): number {
  const left = [...first];
  const push = (node: number, most: number): number => {
    if (node === sink) return most;
    for (; left[node] >= 0; left[node] = following[left[node]]) {
      const edge = left[node];
      if (rooms[edge] <= 0 || levels[heads[edge]] !== levels[node] + 1) continue;
      const flow = push(heads[edge], Math.min(most, rooms[edge]));
      if (flow === 0) continue;
      if (flow === Infinity) return flow;
      rooms[edge] -= flow;
      rooms[edge ^ 1] += flow;
      return flow;
    }
    return 0;
  };
  let total = 0;
  for (let flow = push(source, Infinity); flow > 0; flow = push(source, Infinity)) {
    total += flow;
    if (flow === Infinity) break;
  }
  return total;
}

/** The nodes from which something could still flow to the sink. */
function sinkSide({ first, heads, rooms, following }: Net): Uint8Array {
  const below = new Uint8Array(first.length);
  below[sink] = 1;
  const reached = [sink as number];
  for (const node of reached) {
    for (let edge = first[node]; edge >= 0; edge = following[edge]) {
      const tail = heads[edge];
      if (below[tail] === 1 || rooms[edge ^ 1] <= 0) continue;
      below[tail] = 1;
      reached.push(tail);
    }
  }
  return below;
}
