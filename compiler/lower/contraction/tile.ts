/// How much of a product a thread computes: the one place that decides it, by extents.
import type { Dim } from "../../../ir/dim.ts";
import { leastSquareSide } from "../../cluster/access.ts";
import { arrange, manyTiles, threadsOf, type Arrangement, type TileCounts } from "./arrange.ts";

/** The work of a thread, and the threads of a workgroup. */
export interface Tile extends Arrangement {
  /** Rows of the result that a thread computes: fewer than 4, or a multiple of 4. */
  readonly rows: number;
  /** Columns of it, a multiple of 4. */
  readonly columns: number;
}

type TileSize = Pick<Tile, "rows" | "columns">;

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
  /** Lanes of a quad have four columns each of the same rows, side by side. */
  readonly inQuads?: boolean;
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
const tallTiles = [{ rows: 16, columns: 4 }, { rows: 12, columns: 4 }, ...tiles.slice(1)] as const;

/** Tiles of four columns. */
const narrowTiles = tiles.slice(1);

/** Sums of so few terms, where they are few themselves, are over before a large tile pays for its text. */
const fewTerms = 16;

/** A product of fewer steps takes less time than the text of the largest tile takes to compile. */
const worthLargest = 2 ** 21;

/** Tiles shrink until there are so many of them: below that, cores are idle. */
const enoughTiles = 128;

/** A product of so many steps is worth the text of pairs, which devices without subgroups have in full. */
const worthPairs = 2 ** 22;

/** What reaches so far beyond the edges, smaller tiles or fewer rows of them may do in less time. */
export const mostBeyond = 1.25;

/** Rows of a tile that take the place of four where these reach too far beyond: five, six and nine are threes. */
const threeRows = { rows: 3, columns: 4 } as const;

/** The tile for a product. Extents that are not bound count as large. */
export function tileOf(extents: TileExtents): Tile {
  const { batchCount, rowCount, columnCount, length, scattered, threads, inQuads = false } = extents;
  const [batch, height, width] = [batchCount, rowCount, columnCount].map((each) => sizeOf(each));
  const count = (rows: number, columns: number): number =>
    batch * Math.ceil(height / rows) * Math.ceil(width / columns);
  const steps = batch * height * width * sizeOf(length);
  const isSmall = steps < worthLargest;
  const fitting = (scattered ? tallTiles : inQuads ? narrowTiles : tiles).filter(
    ({ rows, columns }) => rows <= height && columns <= (isSmall ? 4 : Math.max(width, 4)),
  );
  const isShort = typeof length === "number" && length <= fewTerms && count(4, 4) <= manyTiles;
  const first = isShort ? -1 : fitting.findIndex(({ rows, columns }) => count(rows, columns) >= enoughTiles);
  const large = fitting.slice(first < 0 ? -1 : first);
  const smallest = height > 4 ? threeRows : { rows: Math.min(height, 4), columns: tileColumns };
  const candidates = inQuads ? large : [...large, smallest];
  const isFree = [batchCount, rowCount, columnCount].some((extent) => typeof extent !== "number");
  const arranged = ({ rows, columns }: TileSize): Tile => {
    const mayPair = rows === 8 && columns === 8 && steps >= worthPairs;
    const tiles = { batch, down: Math.ceil(height / rows), across: Math.ceil(width / columns) };
    return {
      rows,
      columns,
      ...arrange(tiles, { threads, mayShare: rows % 4 === 0, mustShare: inQuads, mayPair, isFree }),
    };
  };
  const beyond = (tile: Tile): number => beyondOf({ batchCount, rowCount, columnCount, tile });
  let best = arranged(candidates[0]);
  for (const other of candidates.slice(1)) {
    if (beyond(best) <= mostBeyond) break;
    const smaller = arranged(other);
    if (beyond(smaller) < beyond(best)) best = smaller;
  }
  return best;
}

/** Rows of a tile whose terms each say which row they belong to: a thread looks at a term once for all rows that it has. */
const placedRows = [32, 16, 8] as const;

/** So many such tiles keep a device busy. */
const enoughPlaced = 512;

/** The tile of four columns for a product of such terms. */
export function placedTileOf({ batchCount, rowCount, columnCount, threads }: Omit<TileExtents, "scattered">): Tile {
  const [batch, height, width] = [batchCount, rowCount, columnCount].map((each) => sizeOf(each));
  const across = Math.ceil(width / tileColumns);
  const count = (rows: number): number => Math.ceil(height / rows);
  const down = count(placedRows.find((rows) => batch * count(rows) * across >= enoughPlaced) ?? placedRows.at(-1)!);
  const isFree = [batchCount, rowCount, columnCount].some((extent) => typeof extent !== "number");
  const alone = { mayShare: false, mustShare: false, mayPair: false, isFree, threads };
  return { rows: 4 * Math.ceil(height / down / 4), columns: tileColumns, ...arrange({ batch, down, across }, alone) };
}

/** How many times the results threads compute, with those beyond the edges. */
export function beyondOf(product: Tiled): number {
  const { rows, columns } = product.tile;
  const { batch, down, across } = tileCounts(product);
  const results = [product.batchCount, product.rowCount, product.columnCount].map((each) => sizeOf(each));
  const padded = rows * columns * threadsOf({ batch, down, across }, product.tile);
  return padded / results.reduce((total, each) => total * each);
}

/** A product in tiles. */
export interface Tiled extends Pick<TileExtents, "batchCount" | "rowCount" | "columnCount"> {
  readonly tile: Tile;
}

/** How many tiles there are. */
export function tileCounts({ batchCount, rowCount, columnCount, tile }: Tiled): TileCounts {
  const [batch, height, width] = [batchCount, rowCount, columnCount].map((each) => sizeOf(each));
  return { batch, down: Math.ceil(height / tile.rows), across: Math.ceil(width / tile.columns) };
}

const sizeOf = (extent: Dim): number => (typeof extent === "number" ? extent : 65536);

/** Rows, and columns, of the squares that workgroups take together on graphics cards. */
export type SquareEdge = 128 | 64;

/** Numbers of an operand that are in such a workgroup's memory at once: both operands fill what every device has, 16 KiB. */
export const sharedNumbers: number = 2048;

/** Threads of such a workgroup side by side, and one below the other. */
const squareThreads = 16;

/** So many squares, or the card is better filled by smaller ones. */
const enoughSquares: Readonly<Record<SquareEdge, number>> = { 128: 64, 64: 128 };

/** Shorter sums are over before what is shared pays. */
const shortestSum = 64;

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
  // What is smaller in one direction is mostly edge.
  if (Math.min(height, width) < leastSquareSide || terms < shortestSum) return [];
  const count = (edge: SquareEdge): number => batch * Math.ceil(height / edge) * Math.ceil(width / edge);
  return ([128, 64] as const).filter((edge) => count(edge) >= enoughSquares[edge]);
}

/** The tile of a thread of a workgroup that takes a square. */
export function squareTile(edge: SquareEdge): Tile {
  const each = edge / squareThreads;
  return { rows: each, columns: each, across: squareThreads, down: squareThreads, deep: 1, shares: true };
}
