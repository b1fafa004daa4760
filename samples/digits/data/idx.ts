import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { SampleError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";

/** What an IDX file holds: unsigned bytes in a box. */
export interface IdxArray {
  /** Extents, outermost first. */
  readonly shape: readonly number[];
  /** Elements, row-major. */
  readonly data: Uint8Array;
}

/** The four files of MNIST, as one directory holds them, each plain or with `.gz`. */
export const mnistFiles = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
} as const;

/** MNIST's images are 28 × 28, in ten classes. */
const mnistSide = 28;
const mnistClasses = 10;

/** The largest file that is unpacked: ten times MNIST, so that a damaged or hostile file cannot fill the memory. */
const largestUnpacked = 2 ** 29;

const unsignedByte = 0x08;

/**
 * Loads the MNIST training and test sets from a directory; any number of images is taken.
 *
 * @throws SampleError with code `idx-missing`, `idx-malformed`, `idx-truncated`, `idx-dtype`, `idx-shape`, `idx-count`
 *   or `idx-label`; the message names the file, what was expected and what was found
 */
export async function loadMnist(directory: string): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  return { train: await loadPair(directory, mnistFiles.train), test: await loadPair(directory, mnistFiles.test) };
}

/** Loads one file of images and the file of their labels. */
async function loadPair(
  directory: string,
  files: { readonly images: string; readonly labels: string },
): Promise<Dataset> {
  const images = await loadIdx(directory, files.images);
  const labels = await loadIdx(directory, files.labels);
  return idxDataset(images, labels);
}

/** An IDX array and the file that it came from, for messages. */
export interface NamedIdx extends IdxArray {
  readonly file: string;
}

/**
 * Pairs images of shape [count, 28, 28] with labels of shape [count]; grey levels 0…255 become 0…1.
 *
 * @throws SampleError with code `idx-shape`, `idx-count` or `idx-label`
 */
export function idxDataset(images: NamedIdx, labels: NamedIdx): Dataset {
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || count === 0 || height !== mnistSide || width !== mnistSide) {
    const found = formatShape(images.shape);
    throw fault(
      "idx-shape",
      images.file,
      `expected images of shape [count, ${mnistSide}, ${mnistSide}], found ${found}`,
    );
  }
  if (labels.shape.length !== 1) {
    throw fault("idx-shape", labels.file, `expected labels of shape [count], found ${formatShape(labels.shape)}`);
  }
  if (labels.shape[0] !== count) {
    const expected = `expected ${count} labels, one for each image of ${images.file}`;
    throw fault("idx-count", labels.file, `${expected}, found ${labels.shape[0]}`);
  }
  const stray = labels.data.findIndex((label) => label >= mnistClasses);
  if (stray >= 0) {
    const found = `found ${labels.data[stray]} at label ${stray}`;
    throw fault("idx-label", labels.file, `expected labels from 0 to ${mnistClasses - 1}, ${found}`);
  }
  // A loop: `Float32Array.from` with a function takes seconds for the 47 million pixels of MNIST.
  const grey = new Float32Array(images.data.length);
  for (let index = 0; index < grey.length; index++) grey[index] = images.data[index] / 255;
  return { images: grey, labels: new Int32Array(labels.data), pixels: height * width, count };
}

/** Reads one IDX file from a directory, under its plain name or with `.gz`. */
async function loadIdx(directory: string, name: string): Promise<NamedIdx> {
  for (const file of [join(directory, name), join(directory, `${name}.gz`)]) {
    const bytes = await readIfPresent(file);
    if (bytes !== undefined) return { file, ...parseIdx(file, bytes) };
  }
  throw fault("idx-missing", directory, `expected a file ${name} or ${name}.gz, found neither`);
}

/** The bytes of a file, or undefined when there is none. */
async function readIfPresent(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    const absent = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
    if (absent) return undefined;
    throw error;
  }
}

/**
 * Reads an array in the IDX format: two zero bytes, the element type, the number of axes, each extent as a big-endian
 * u32, then the elements. Gzip is recognised by its first bytes, whatever the file is called.
 *
 * @param file for messages
 * @throws SampleError with code `idx-malformed`, `idx-truncated` or `idx-dtype`
 */
export function parseIdx(file: string, packed: Uint8Array): IdxArray {
  const bytes = unpack(file, packed);
  if (bytes.length < 4) throw fault("idx-truncated", file, `expected a header of 4 bytes, found ${bytes.length}`);
  const [first, second, type, rank] = bytes;
  if (first !== 0 || second !== 0 || rank === 0) {
    const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw fault("idx-malformed", file, `expected the IDX magic 00 00 08 with the number of axes, found ${found}`);
  }
  if (type !== unsignedByte) {
    const found = `found type 0x${type.toString(16).padStart(2, "0")}`;
    throw fault("idx-dtype", file, `expected unsigned bytes (type 0x08), ${found}`);
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw fault("idx-truncated", file, `expected a header of ${header} bytes for ${rank} axes, found ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Beyond 2⁵³ the product is rounded, which cannot make it equal to the length of an array.
  const expected = shape.reduce((product, extent) => product * extent, 1);
  const found = bytes.length - header;
  if (found !== expected) {
    const code = found < expected ? "idx-truncated" : "idx-malformed";
    throw fault(code, file, `expected ${expected} elements for shape ${formatShape(shape)}, found ${found}`);
  }
  return { shape, data: bytes.subarray(header) };
}

/** Undoes gzip; other bytes are returned as they are. */
function unpack(file: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: largestUnpacked });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const truncated = error instanceof Error && "code" in error && error.code === "Z_BUF_ERROR";
    const code = truncated ? "idx-truncated" : "idx-malformed";
    throw fault(code, file, `expected whole gzip data, found ${bytes.length} bytes that do not unpack (${reason})`);
  }
}

function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

function fault(code: string, file: string, message: string): SampleError {
  return new SampleError(code, `${file}: ${message}`);
}
