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
  const edges: Edges = { tails: [], heads: [], costs: [] };
  let count = 2;
  return {
    node: () => count++,
    edge(from, to, cost) {
      if (from === to || to === source || from === sink || cost === 0) return;
      edges.tails.push(from);
      edges.heads.push(to);
      edges.costs.push(cost);
    },
    cut() {
      const same = contract(edges, count);
      const net = layOut(edges, same);
      // Most of what flows needs no way back: it is found at once, however long the ways are.
      let cost = fill(net, undefined);
      for (let levels = levelsOf(net); levels && cost < Infinity; levels = levelsOf(net)) cost += fill(net, levels);
      const below = sinkSide(net);
      return { cost, isBelow: (node) => below[same[node]] === 1 };
    },
  };
}

/** Edges as they were added. */
interface Edges {
  readonly tails: number[];
  readonly heads: number[];
  readonly costs: number[];
}

/**
 * For each node one that is on the same side. A node that only leads to one before it, at any cost, is with that: below where
 * it is, and above where it is not, since nothing else would have it below.
 */
function contract({ tails, heads, costs }: Edges, count: number): Int32Array {
  /** Where a node leads: -1 before its edges are seen, itself where it is not contracted. */
  const same = new Int32Array(count).fill(-1);
  for (let edge = 0; edge < tails.length; edge++) {
    const [tail, head] = [tails[edge], heads[edge]];
    same[tail] = same[tail] < 0 && head < tail && costs[edge] === Infinity ? head : tail;
  }
  for (let node = 0; node < count; node++) same[node] = same[node] < 0 ? node : same[same[node]];
  return same;
}

/** Each edge twice, forward and back, side by side for each node that it leaves. */
interface Net {
  /** Where the edges of a node begin; they end where those of the next one do. */
  readonly starts: Int32Array;
  readonly heads: Int32Array;
  /** What may still flow. */
  readonly rooms: Float64Array;
  /** The edge that takes back what flows through one. */
  readonly backs: Int32Array;
  /** 1 for an edge as it was added. */
  readonly isForward: Uint8Array;
}

function layOut(edges: Edges, same: Int32Array): Net {
  const { tails, heads, costs } = joined(edges, same);
  const [size, count] = [2 * tails.length, same.length];
  const starts = new Int32Array(count + 1);
  for (const ends of [tails, heads]) for (const node of ends) starts[node + 1]++;
  for (let node = 0; node < count; node++) starts[node + 1] += starts[node];
  const net: Net = {
    starts,
    heads: new Int32Array(size),
    rooms: new Float64Array(size),
    backs: new Int32Array(size),
    isForward: new Uint8Array(size),
  };
  const next = starts.slice();
  for (let edge = 0; edge < tails.length; edge++) {
    const [tail, head] = [tails[edge], heads[edge]];
    const [there, back] = [next[tail]++, next[head]++];
    net.heads[there] = head;
    net.heads[back] = tail;
    net.backs[there] = back;
    net.backs[back] = there;
    net.rooms[there] = costs[edge];
    net.isForward[there] = 1;
  }
  return net;
}

/** The edges between contracted nodes; of those from the source one to each. */
function joined({ tails, heads, costs }: Edges, same: Int32Array): Edges {
  const fromSource = new Float64Array(same.length);
  const left: Edges = { tails: [], heads: [], costs: [] };
  const add = (tail: number, head: number, cost: number): void => {
    left.tails.push(tail);
    left.heads.push(head);
    left.costs.push(cost);
  };
  for (let edge = 0; edge < tails.length; edge++) {
    const [tail, head] = [same[tails[edge]], same[heads[edge]]];
    if (tail === source) fromSource[head] += costs[edge];
    else if (tail !== head && tail !== sink) add(tail, head, costs[edge]);
  }
  for (let node = sink; node < same.length; node++) if (fromSource[node] > 0) add(source, node, fromSource[node]);
  return left;
}

/** How many edges with room each node is from the source; undefined where none lead to the sink. */
function levelsOf({ starts, heads, rooms }: Net): Int32Array | undefined {
  const count = starts.length - 1;
  const levels = new Int32Array(count).fill(-1);
  const reached = new Int32Array(count);
  levels[source] = 0;
  reached[0] = source;
  let end = 1;
  for (let at = 0; at < end; at++) {
    const node = reached[at];
    for (let edge = starts[node]; edge < starts[node + 1]; edge++) {
      const head = heads[edge];
      if (rooms[edge] <= 0 || levels[head] >= 0) continue;
      levels[head] = levels[node] + 1;
      // What is no nearer than the sink is on no shortest way.
      if (head === sink) return levels;
      reached[end++] = head;
    }
  }
  return undefined;
}

/** Fills shortest ways until none is left (Dinic 1970), without levels all that take nothing back; gives what flows. */
function fill(net: Net, levels: Int32Array | undefined): number {
  const { starts, heads, rooms, backs, isForward } = net;
  const left = starts.slice();
  const onWay = new Uint8Array(starts.length);
  const way = new Int32Array(starts.length);
  let [node, length, total] = [source as number, 0, 0];
  const stepBack = (): void => {
    onWay[node] = 0;
    node = heads[backs[way[--length]]];
  };
  for (;;) {
    if (node === sink) {
      const { flow, full } = flowAlong(net, way, length);
      total += flow;
      if (flow === Infinity) return total;
      while (length > full) stepBack();
      continue;
    }
    const edge = left[node];
    if (edge === starts[node + 1]) {
      if (node === source) return total;
      stepBack();
      left[node]++;
      continue;
    }
    const head = heads[edge];
    const leads = levels ? levels[head] === levels[node] + 1 : isForward[edge] === 1 && onWay[head] === 0;
    if (leads && rooms[edge] > 0) {
      way[length++] = edge;
      onWay[head] = 1;
      node = head;
    } else left[node]++;
  }
}

/** Lets flow what a way has room for, and gives which edge of it is the first that is full then. */
function flowAlong({ rooms, backs }: Net, way: Int32Array, length: number): { flow: number; full: number } {
  let [flow, full] = [Infinity, length];
  for (let at = 0; at < length; at++) {
    if (rooms[way[at]] >= flow) continue;
    flow = rooms[way[at]];
    full = at;
  }
  for (let at = 0; at < length && flow < Infinity; at++) {
    rooms[way[at]] -= flow;
    rooms[backs[way[at]]] += flow;
  }
  return { flow, full };
}

/** The nodes from which something could still flow to the sink. */
function sinkSide({ starts, heads, rooms, backs }: Net): Uint8Array {
  const below = new Uint8Array(starts.length - 1);
  below[sink] = 1;
  const reached = [sink as number];
  for (const node of reached) {
    for (let edge = starts[node]; edge < starts[node + 1]; edge++) {
      const tail = heads[edge];
      if (below[tail] === 1 || rooms[backs[edge]] <= 0) continue;
      below[tail] = 1;
      reached.push(tail);
    }
  }
  return below;
}
