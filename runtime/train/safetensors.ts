/// The safetensors format: tensors in one file, a JSON header before their bytes.
///
/// Source: https://github.com/huggingface/safetensors, commit 24b0b28, safetensors/src/tensor.rs. `encode` gives the bytes
/// that the reference writer gives, and `decode` refuses what the reference reader refuses, and repeated names besides.

import { classOf, givenInstead } from "../given.ts";
import { headerObject, safetensorsError, shownJson } from "./safetensors-header.ts";

/** Bits of one element, by type; in the reference's order, in which the writer sorts. */
const bits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** Element types of the format. */
export type SafetensorType = keyof typeof bits;

/** One tensor: elements as a typed array for F32, I32 and U32, else the raw bytes (little-endian, as all of a file). */
export interface Safetensor {
  readonly dtype: SafetensorType;
  /** Extents, outermost first; [] is a scalar. */
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint32Array | Uint8Array;
}

/** What a file holds. */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, Safetensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataName = "__metadata__";
const lengthBytes = 8;
const maxHeaderBytes = 100_000_000;

// The reference sorts names by their UTF-8 bytes, which is the order of code points and not of UTF-16 units.
function compareNames(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  const at = a.findIndex((character, index) => character !== b[index]);
  if (at < 0) return a.length - b.length;
  return at < b.length ? a[at]!.codePointAt(0)! - b[at]!.codePointAt(0)! : 1;
}

/** Size of a tensor in bytes. Errors `safetensors-overflow`, `safetensors-misaligned`. */
function tensorBytes(name: string, dtype: SafetensorType, shape: readonly number[]): number {
  let total = 1;
  for (const extent of [...shape, bits[dtype]]) {
    total *= extent;
    if (total >= 2 ** 64) {
      throw safetensorsError("overflow", `sizes must fit 64 bits: \`${name}\` is ${dtype}[${shape.join(", ")}]`);
    }
  }
  if (total % 8) throw safetensorsError("misaligned", `a tensor must fill whole bytes: \`${name}\` has ${total} bits`);
  return total / 8;
}

/**
 * Writes tensors as the reference writer does: sorted by type, widest first, then by name; header padded to 8 bytes.
 *
 * Errors `safetensors-duplicate`, `safetensors-type`, `safetensors-length`, `safetensors-overflow`, `safetensors-misaligned`.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Safetensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const order: readonly string[] = Object.keys(bits);
  const rank = (name: string) => order.indexOf(tensors[name]!.dtype);
  const names = Object.keys(tensors).sort((a, b) => rank(b) - rank(a) || compareNames(a, b));
  const entries: string[] = metadata ? [`"${metadataName}":${JSON.stringify(metadata)}`] : [];
  let end = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]!;
    if (name === metadataName)
      throw safetensorsError("duplicate", `no tensor can be named \`${name}\`: the format keeps its metadata under it`);
    if (!Object.hasOwn(bits, dtype))
      throw safetensorsError("type", `\`${name}\` must have a known type: found ${dtype}`);
    const bytes = tensorBytes(name, dtype, shape);
    if (data.byteLength !== bytes) {
      throw safetensorsError("length", `\`${name}\` must have ${bytes} bytes: found ${data.byteLength}`);
    }
    const info = { dtype, shape, data_offsets: [end, (end += bytes)] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
  }
  const header = new TextEncoder().encode(`{${entries.join(",")}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(lengthBytes + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, lengthBytes, lengthBytes + headerBytes).set(header, lengthBytes);
  let at = lengthBytes + headerBytes;
  for (const name of names) {
    const { data } = tensors[name]!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

interface TensorInfo {
  readonly dtype: SafetensorType;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** True for what may be an extent, or an offset in bytes. */
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;

function checkInfo(name: string, value: unknown): TensorInfo {
  const info = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const { dtype, shape, data_offsets: offsets } = info;
  const known = typeof dtype === "string" && Object.hasOwn(bits, dtype);
  const sized = Array.isArray(shape) && shape.every(isCount);
  if (!known || !sized || !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    const must = "a tensor must have a known dtype, a shape and two data_offsets";
    throw safetensorsError("header-json", `${must}: \`${name}\` is ${shownJson(value)}`);
  }
  return value as TensorInfo;
}

function checkMetadata(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && Object.values(value).every((text) => typeof text === "string")) {
    return value as Readonly<Record<string, string>>;
  }
  throw safetensorsError("header-json", `__metadata__ must hold strings: found ${shownJson(value)}`);
}

/** Bytes as they are given, from whichever window or worker. Error `safetensors-bytes`. */
function givenBytes(given: Uint8Array | ArrayBuffer): Uint8Array {
  const name = classOf(given);
  if (name === "Uint8Array") return given as Uint8Array;
  // No view can be made of a buffer that was given away, whose length is 0.
  if (name === "ArrayBuffer") return given.byteLength ? new Uint8Array(given as ArrayBuffer) : new Uint8Array();
  const must = "a Uint8Array or an ArrayBuffer";
  throw safetensorsError(
    "bytes",
    ...givenInstead("the bytes of a file", must, given, "such as `await response.arrayBuffer()`"),
  );
}

function readHeader(file: Uint8Array): { readonly header: Readonly<Record<string, unknown>>; readonly start: number } {
  if (file.length < lengthBytes) {
    throw safetensorsError("header-too-small", `a file must have at least 8 bytes: found ${file.length}`);
  }
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > maxHeaderBytes) {
    const claim = `the first 8 bytes claim a header of ${length} bytes, more than ${maxHeaderBytes}`;
    throw safetensorsError("header-too-large", claim);
  }
  const start = lengthBytes + length;
  if (start > file.length) {
    throw safetensorsError("header-length", `the header must lie in the file: it ends at ${start} of ${file.length}`);
  }
  let text: string;
  try {
    // A byte order mark is no JSON either.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.subarray(lengthBytes, start));
  } catch {
    throw safetensorsError("header-utf8", "the header must be UTF-8: found other bytes");
  }
  return { header: headerObject(text), start };
}

function readTensor({ dtype, shape }: TensorInfo, bytes: Uint8Array): Safetensor {
  // Not slice(): that of a Node Buffer is a view.
  const copy = new Uint8Array(bytes);
  // Within the function, so that a bundler can leave it out.
  const views: Readonly<Record<string, typeof Float32Array | typeof Int32Array | typeof Uint32Array>> = {
    F32: Float32Array,
    I32: Int32Array,
    U32: Uint32Array,
  };
  const view = views[dtype];
  return { dtype, shape, data: view ? new view(copy.buffer) : copy };
}

/**
 * Reads a file; tensors are copies, in the order of their bytes. Every length is checked before it is trusted.
 *
 * Errors: `safetensors-bytes` for what holds no bytes; by the reference's names `safetensors-header-too-small`,
 * `-header-too-large`, `-header-length`, `-header-utf8`, `-header-json`, `-duplicate`, `-offset` (a hole or an overlap),
 * `-overflow`, `-misaligned`, `-tensor-info` (offsets that do not fit the shape), `-incomplete` (bytes missing or left over).
 */
export function decodeSafetensors(bytes: Uint8Array | ArrayBuffer): SafetensorsFile {
  const file = givenBytes(bytes);
  const { header, start } = readHeader(file);
  const { [metadataName]: metadata, ...rest } = header;
  const infos = Object.entries(rest).map(([name, value]) => [name, checkInfo(name, value)] as const);
  infos.sort(
    (
      [
        ,
        {
          data_offsets: [a, aEnd],
        },
      ],
      [
        ,
        {
          data_offsets: [b, bEnd],
        },
      ],
    ) => a - b || aEnd - bEnd,
  );
  const checkedMetadata = checkMetadata(metadata);
  let end = 0;
  for (const [name, { dtype, shape, data_offsets }] of infos) {
    const [from, to] = data_offsets;
    if (from !== end || to < from) {
      throw safetensorsError(
        "offset",
        `tensors must follow each other: \`${name}\` is at [${from}, ${to}), not at ${end}`,
      );
    }
    const size = tensorBytes(name, dtype, shape);
    if (to - from !== size) {
      throw safetensorsError("tensor-info", `\`${name}\` must have ${size} bytes: its offsets give ${to - from}`);
    }
    end = to;
  }
  if (start + end !== file.length) {
    throw safetensorsError("incomplete", `tensors must fill the file: they end at ${start + end} of ${file.length}`);
  }
  const tensors = infos.map(([name, info]) => {
    const [from, to] = info.data_offsets;
    return [name, readTensor(info, file.subarray(start + from, start + to))] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata: checkedMetadata };
}
