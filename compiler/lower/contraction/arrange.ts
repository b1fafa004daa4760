/// How the threads of a product lie: in workgroups that are rectangles of tiles, or, where too many threads of such would lie
/// beyond the edges, numbered tile after tile along the rows, so that only the last workgroup reaches beyond the end.
import { powerOfTwo } from "../kernel.ts";

/** Threads of a workgroup. */
export interface Arrangement {
  /** Threads side by side along the columns, then along the rows, then along the batch. */
  readonly across: number;
  readonly down: number;
  readonly deep: number;
  /** Quads of threads lie two by two, and not side by side: rows are shared by two of them, and columns as well. */
  readonly twoByTwo?: boolean;
  /** All threads of the dispatch are numbered: so many take the tiles of a row, then come those of the next one. */
  readonly line?: number;
  /** Lanes of a quad share what they read of the same rows, or of two rows of tiles and two columns. */
  readonly shares: boolean;
}

/** The tiles of a product. */
export interface TileCounts {
  readonly batch: number;
  readonly down: number;
  readonly across: number;
}

/** What threads may do. */
interface ArrangeOptions {
  /** The workgroup has so many threads, whatever the kernel. */
  readonly threads?: number | undefined;
  /** Lanes of a quad share what they read of the same rows. */
  readonly mayShare: boolean;
  /** They do so even where that takes more threads. */
  readonly mustShare: boolean;
  /** They may lie two by two. */
  readonly mayPair: boolean;
  /** Some extent is not bound: threads cannot be numbered. */
  readonly isFree: boolean;
}

/** So many tiles fill workgroups of 64 threads; fewer are spread over more workgroups, so that each core gets one. */
export const manyTiles = 1024;

/** Pairs load eight numbers where threads side by side load ten: so many more threads beyond the edges they are worth. */
const mostForPairs = 1.05;

/** What is shared is a quarter of what threads read for themselves: that is worth as many more threads. */
const mostToShare = 1.15;

/** Rectangles are the shorter text, and read what lies nearer. */
const mostForRectangles = 1.05;

/** Neighbours beyond this number gain nothing from reading along the same rows. */
const mostAcross = 16;

/** The arrangement for so many tiles. */
export function arrange(tiles: TileCounts, options: ArrangeOptions): Arrangement {
  const { batch, down, across } = tiles;
  const wanted = threadsFor(batch * down * across);
  const most = options.threads ?? Math.min(wanted, powerOfTwo(batch * down, wanted) * powerOfTwo(across, wanted));
  const rectangle = inRectangles(tiles, most, options);
  if (options.isFree) return rectangle;
  const line = inLine(tiles, options);
  return threadsOf(tiles, rectangle) <= mostForRectangles * threadsOf(tiles, line) ? rectangle : line;
}

/** Threads of all workgroups. */
export function threadsOf(tiles: TileCounts, arrangement: Arrangement): number {
  const { across, down, deep } = arrangement;
  return across * down * deep * groupsOf(tiles, arrangement).reduce((total, each) => total * each);
}

/** Workgroups side by side, one below the other, and behind each other. */
export function groupsOf(tiles: TileCounts, arrangement: Arrangement): readonly [number, number, number] {
  const { across, down, deep } = arrangement;
  const over = (count: number, each: number): number => Math.ceil(count / each);
  if (arrangement.line !== undefined) return [over(lineLength(tiles, arrangement), across), 1, 1];
  return [over(tiles.across, across), over(tiles.down, down), over(tiles.batch, deep)];
}

/** How many threads are numbered. */
export function lineLength(
  { batch, down }: TileCounts,
  { line, twoByTwo }: Pick<Arrangement, "line" | "twoByTwo">,
): number {
  return batch * (twoByTwo ? roundUp(down, 2) : down) * line!;
}

/** Threads of a workgroup that is the kernel's own. */
function threadsFor(count: number): number {
  return count >= manyTiles ? 64 : count >= manyTiles / 2 ? 32 : 16;
}

const roundUp = (count: number, to: number): number => Math.ceil(count / to) * to;

/**
 * Threads that are numbered. Where lanes share, a quad has one row; side by side with other kernels that takes all threads of
 * a workgroup, since those of a quad must not be told apart.
 */
function inLine(tiles: TileCounts, { threads, mayShare, mustShare, mayPair }: ArrangeOptions): Arrangement {
  const { batch, down, across } = tiles;
  const most = threads ?? threadsFor(batch * down * across);
  const numbered = (line: number, shares: boolean, twoByTwo = false): Arrangement => {
    const all = lineLength(tiles, { line, twoByTwo });
    const each = Math.ceil(all / Math.ceil(all / most));
    const own = shares ? (threads ?? roundUp(each, 4)) : each;
    return { across: own, down: 1, deep: 1, line, shares, ...(twoByTwo && { twoByTwo }) };
  };
  const count = (each: Arrangement): number => threadsOf(tiles, each);
  const single = numbered(across, false);
  const shared = numbered(roundUp(across, 4), true);
  const isWorth = mustShare || count(shared) <= mostToShare * count(single);
  const best = mayShare && isWorth ? shared : single;
  const pairs = numbered(roundUp(across, 2), true, true);
  return mayPair && count(pairs) <= Math.max(mostForPairs * count(best), mostToShare * count(single)) ? pairs : best;
}

/**
 * Of the shapes of a workgroup the one with the fewest threads beyond the edges; of equals, the wider one. Where threads of
 * a quad may lie two by two, they do unless that needs more threads.
 */
function inRectangles(
  { batch, down, across }: TileCounts,
  threads: number,
  { mayShare, mayPair }: ArrangeOptions,
): Arrangement {
  const shape = (width: number) => {
    // Products that are smaller than a workgroup share it.
    const height = batch === 1 ? threads / width : powerOfTwo(down, threads / width);
    const depth = threads / (width * height);
    const count = [across / width, down / height, batch / depth].reduce(
      (total, each) => total * Math.ceil(each),
      threads,
    );
    return { across: width, down: height, deep: depth, count, twoByTwo: width % 2 === 0 && height % 2 === 0 };
  };
  let best = shape(powerOfTwo(Math.min(across, 4), threads));
  let pairs = best;
  for (let width = 2 * best.across; width <= threads; width *= 2) {
    const other = shape(width);
    const isBetter = ({ count }: typeof best): boolean =>
      width <= mostAcross ? other.count <= count : other.count < count;
    if (isBetter(best)) best = other;
    if (other.twoByTwo && (!pairs.twoByTwo || isBetter(pairs))) pairs = other;
  }
  const isPaired = mayPair && pairs.twoByTwo && pairs.count <= mostForPairs * best.count;
  const { across: width, down: height, deep } = isPaired ? pairs : best;
  const shares = isPaired || (mayShare && width % 4 === 0);
  return { across: width, down: height, deep, shares, ...(isPaired && { twoByTwo: true }) };
}
