/// How much of a product a thread computes, and how threads lie side by side: the one place that decides it, by extents.
import type { Dim } from "../../../ir/dim.ts";
import { powerOfTwo } from "../kernel.ts";

/** The work of a thread, and the threads of a workgroup. */
export interface Tile {
  /** Rows of the result that a thread computes: fewer than 4, or a multiple of 4. */
  readonly rows: number;
  /** Columns of it, a multiple of 4. */
  readonly columns: number;
  /** Threads side by side along the columns, then along the rows, then along the batch. */
  readonly across: number;
  readonly down: number;
  readonly deep: number;
  /** Quads of threads lie two by two, and not side by side: rows are shared by two of them, and columns as well. */
  readonly twoByTwo?: boolean;
}

/** What the choice hangs on. */
export interface TileExtents {
  readonly batchCount: Dim;
  readonly rowCount: Dim;
  readonly columnCount: Dim;
  /** Terms of each sum. */
  readonly length: Dim;
  /** The right operand is read element by element: the fewer columns a thread has, the shorter its text. */
  readonly scattered: boolean;
  /** The workgroup has so many threads, whatever the kernel. */
  readonly threads?: number | undefined;
}

/** The fewest columns of a tile: they are read and written four at a time. */
export const tileColumns = 4;

/** What is loaded is used once for each row or column of the tile: larger ones load less, until registers run out. */
const tiles = [
  { rows: 8, columns: 8 },
  { rows: 8, columns: 4 },
  { rows: 4, columns: 4 },
] as const;

/** The same for a right operand that is costly to read: as many rows as can be share it. */
const tallTiles = [{ rows: 16, columns: 4 }, ...tiles.slice(1)] as const;

/** Sums of so few terms, where they are few themselves, are over before a large tile pays for its text. */
const fewTerms = 16;

/** A product of fewer steps takes less time than the text of the largest tile takes to compile. */
const worthLargest = 2 ** 21;

/** Tiles shrink until there are so many of them: below that, cores are idle. */
const enoughTiles = 128;

/** So many tiles fill workgroups of 64 threads; fewer are spread over more workgroups, so that each core gets one. */
const manyTiles = 1024;

/** A product of so many steps is worth the text of pairs, which devices without subgroups have in full. */
const worthPairs = 2 ** 22;

/** Pairs load eight numbers where threads side by side load ten: so many more threads beyond the edges they are worth. */
const mostForPairs = 1.05;

/** Neighbours beyond this number gain nothing from reading along the same rows. */
const mostAcross = 16;

/** The tile for a product. Extents that are not bound count as large. */
export function tileOf({ batchCount, rowCount, columnCount, length, scattered, threads }: TileExtents): Tile {
  const [batch, height, width] = [batchCount, rowCount, columnCount].map((each) => sizeOf(each));
  const count = (rows: number, columns: number): number =>
    batch * Math.ceil(height / rows) * Math.ceil(width / columns);
  const steps = batch * height * width * sizeOf(length);
  const isSmall = steps < worthLargest;
  const fitting = (scattered ? tallTiles : tiles).filter(
    ({ rows, columns }) => rows <= height && columns <= (isSmall ? 4 : Math.max(width, 4)),
  );
  const isShort = typeof length === "number" && length <= fewTerms && count(4, 4) <= manyTiles;
  const chosen = fitting.find(({ rows, columns }) => !isShort && count(rows, columns) >= enoughTiles) ?? fitting.at(-1);
  const { rows, columns } = chosen ?? { rows: Math.min(height, 4), columns: tileColumns };
  const [down, across] = [Math.ceil(height / rows), Math.ceil(width / columns)];
  const most = threads ?? threadsFor(count(rows, columns), batch * down, across);
  const mayPair = rows === 8 && columns === 8 && steps >= worthPairs;
  return { rows, columns, ...arrange(batch, down, across, most, mayPair) };
}

const sizeOf = (extent: Dim): number => (typeof extent === "number" ? extent : 65536);

/** Threads of a workgroup that is the kernel's own. */
function threadsFor(count: number, down: number, across: number): number {
  const wanted = count >= manyTiles ? 64 : count >= manyTiles / 2 ? 32 : 16;
  return Math.min(wanted, powerOfTwo(down, wanted) * powerOfTwo(across, wanted));
}

/**
 * Of the shapes of a workgroup the one with the fewest threads beyond the edges; of equals, the wider one. Where threads of
 * a quad may lie two by two, they do unless that needs more threads.
 */
function arrange(
  batch: number,
  down: number,
  across: number,
  threads: number,
  mayPair: boolean,
): Omit<Tile, "rows" | "columns"> {
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
  return { across: width, down: height, deep, ...(isPaired && { twoByTwo: true }) };
}

/** Rows, and columns, of the squares that workgroups take together on graphics cards. */
export type SquareEdge = 128 | 64;

/** Numbers of an operand that are in such a workgroup's memory at once: both operands fill what every device has, 16 KiB. */
export const sharedNumbers: number = 2048;

/** Threads of such a workgroup side by side, and one below the other. */
const squareThreads = 16;

/** So many squares, or the card is better filled by smaller ones. */
const enoughSquares: Readonly<Record<SquareEdge, number>> = { 128: 64, 64: 128 };

/** A product that is smaller in one direction is mostly edge; shorter sums are over before what is shared pays. */
const [smallestSide, shortestSum] = [128, 64] as const;

/** The squares that a product is worth, the largest first; none where an extent is not a number. */
export function squaresOf({
  batchCount,
  rowCount,
  columnCount,
  length,
}: Omit<TileExtents, "scattered">): readonly SquareEdge[] {
  const extents = [batchCount, rowCount, columnCount, length];
  if (!extents.every((each): each is number => typeof each === "number")) return [];
  const [batch, height, width, terms] = extents;
  if (Math.min(height, width) < smallestSide || terms < shortestSum) return [];
  const count = (edge: SquareEdge): number => batch * Math.ceil(height / edge) * Math.ceil(width / edge);
  return ([128, 64] as const).filter((edge) => count(edge) >= enoughSquares[edge]);
}

/** The tile of a thread of a workgroup that takes a square. */
export function squareTile(edge: SquareEdge): Tile {
  const each = edge / squareThreads;
  return { rows: each, columns: each, across: squareThreads, down: squareThreads, deep: 1 };
}
