/// The recorded cases: PyTorch's own sample inputs with the values and gradients that PyTorch computed.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** A stored tensor: element type (u8 is a boolean), shape, byte offset in tensors.bin; `g` where it has a gradient. */
export interface StoredTensor {
  readonly t: "f32" | "i32" | "u8";
  readonly s: readonly number[];
  readonly o: number;
  readonly g?: 1;
}

/** An argument as it is stored; numbers, texts and lists as in Python. */
export type Stored =
  | StoredTensor
  | { readonly l: readonly Stored[] }
  | { readonly slice: readonly (number | null)[] }
  | { readonly ellipsis: true }
  | { readonly f: "inf" | "-inf" | "nan" }
  | readonly Stored[]
  | number
  | string
  | boolean
  | null;

/** One case of one operator. */
export interface Case {
  readonly op: string;
  readonly i: number;
  readonly in: Stored;
  readonly args: readonly Stored[];
  readonly kw: Readonly<Record<string, Stored>>;
  readonly out: readonly StoredTensor[];
  /** Which outputs the cotangents `dy` belong to. */
  readonly dyOf?: readonly number[];
  readonly dy?: readonly StoredTensor[];
  readonly grads?: readonly StoredTensor[];
  /** Second order: L = Σ ⟨grads[of[j]], v[j]⟩, and its gradients. */
  readonly gg?: {
    readonly of: readonly number[];
    readonly v: readonly StoredTensor[];
    readonly dInputs: readonly StoredTensor[];
    readonly dDy: readonly StoredTensor[];
  };
}

/** All cases, and the numbers of their tensors. */
export interface Recording {
  readonly cases: readonly Case[];
  numbers(tensor: StoredTensor): Float32Array | Int32Array | Uint8Array;
}

/** The folder of recordings; another one may be given in CHAINRULE_CONFORMANCE. */
export const folder = resolve(process.env.CHAINRULE_CONFORMANCE ?? "../shared/conformance", "torch-opinfo");

/** Another folder than the usual one, with cases that nobody here has seen. */
export const isForeign = process.env.CHAINRULE_CONFORMANCE !== undefined;

/** Reads the recording; nothing where it is absent, but for one that was asked for by name. */
export function openRecording(): Recording | undefined {
  const path = (name: string): string => resolve(folder, name);
  if (!existsSync(path("cases.json"))) {
    if (isForeign) throw new Error(`CHAINRULE_CONFORMANCE: there is no ${path("cases.json")}`);
    return undefined;
  }
  const cases = JSON.parse(readFileSync(path("cases.json"), "utf8")) as readonly Case[];
  const { buffer, byteOffset, byteLength } = readFileSync(path("tensors.bin"));
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const;
  return {
    cases,
    numbers({ t, s, o }) {
      const count = countOf(s);
      const end = o + count * arrays[t].BYTES_PER_ELEMENT;
      if (end > bytes.byteLength) throw new Error(`tensors.bin ends at ${bytes.byteLength}, a tensor at ${end}`);
      return new arrays[t](bytes, o, count);
    },
  };
}

/** Number of elements of a shape. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((count, extent) => count * extent, 1);
}

/** True for a stored tensor. */
export function isTensor(stored: Stored): stored is StoredTensor {
  return typeof stored === "object" && stored !== null && "t" in stored;
}
