/// The types that a generated module and its users see.

import type { Program, StorageType } from "./abi.ts";

/** Elements of a tensor on the CPU, row-major: f32 → Float32Array, i32 → Int32Array, u32 → Uint32Array. */
export type TypedArray = Float32Array | Int32Array | Uint32Array;

/** One state in a checkpoint. */
export interface StateTensor {
  readonly dtype: StorageType;
  /** Extents, outermost first. */
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** A whole checkpoint: every state by name. */
export type StateRecord = Readonly<Record<string, StateTensor>>;

/** Given weights by name; not every parameter needs to be there. */
export type ParamRecord<Params = Readonly<Record<string, TypedArray>>> = {
  readonly [Name in keyof Params]?: ArrayLike<number>;
};

/** What an input may be: a typed array of the declared type and length, a number for a scalar, or a GPU buffer. */
export type InputValue = number | TypedArray | GPUBuffer | OutputBuffer;

/** Where a tensor lies on the GPU; `offset` and `size` in bytes. An output's may be passed as another module's input. */
export interface OutputBuffer {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** One enqueued call. Reading outputs is optional; each is a property that holds a promise. */
export type Step<Outputs> = {
  readonly [Name in keyof Outputs]: Promise<Outputs[Name]>;
} & {
  /**
   * Resolves when fewer than `maxInFlight` calls are in flight, so that the next call will be taken; where several loops
   * share a module, the one of them that calls first.
   */
  readonly accepted: Promise<void>;
  /** The outputs on the GPU, valid until the next call of the same entry point. */
  readonly buffers: { readonly [Name in keyof Outputs]: OutputBuffer };
  /** All outputs at once: a number for a scalar, else a fresh typed array. Error `output-expired`. */
  read(): Promise<Outputs>;
};

/** A call that writes no state can itself be awaited for all its outputs. */
export type Result<Outputs> = Step<Outputs> & PromiseLike<Outputs>;

/** What every loaded module has beside its entry points. */
export interface LoadedModule<Params = Record<string, TypedArray>> {
  /** One line that names the adapter; says `software` where there is no GPU. */
  readonly adapter: string;
  readonly device: GPUDevice;
  /** Calls of entry points that write states, since load. */
  readonly steps: number;
  /** Copies every parameter, as after the calls enqueued so far. */
  readParams(): Promise<Params>;
  /** Copies every state (for a checkpoint), as after the calls enqueued so far. */
  readState(): Promise<StateRecord>;
  /** Replaces some parameters before the next call. Errors `param-unknown`, `state-value`. */
  writeParams(params: ParamRecord<Params>): void;
  /** Replaces every state before the next call. Errors `state-mismatch`, `state-value`. */
  writeState(state: StateRecord): void;
  /** Frees every buffer, and the device unless it was passed in. Twice is harmless. */
  destroy(): void;
}

/**
 * Chooses between variants of kernels: gives the program as the device is to run it. `auto`, `portable` or `timed()` of
 * `chainrule/tuning`.
 */
export type VariantChoice = (program: Program, device: GPUDevice) => Program | Promise<Program>;

/** Remembers texts under keys, from one load to the next. */
export interface VariantCache {
  get(key: string): string | undefined | Promise<string | undefined>;
  set(key: string, value: string): void | Promise<void>;
}

/** How to load a program; a generated module names its own parameters. */
export interface LoadOptions<Params = Readonly<Record<string, TypedArray>>> {
  /** A device to share; it must have the program's limits. The module never destroys it. */
  readonly device?: GPUDevice;
  /** The adapter to make a device from. */
  readonly adapter?: GPUAdapter;
  /** Weights that replace the initial values of some parameters. */
  readonly params?: ParamRecord<Params>;
  /** A whole checkpoint to go on from. */
  readonly state?: StateRecord;
  /** Seed of the initial values and of the random key: an integer in [0, 2^53). Default 0. */
  readonly seed?: number;
  /** Calls that may be in flight at once; outputs are readable for as many later calls. Default 8. */
  readonly maxInFlight?: number;
  /** Which variants of its kernels run, where it has some; those that every adapter can run unless it is given. */
  readonly variants?: VariantChoice;
  /** Told of every kernel compiled, with the name of the kernel. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly name: string }) => void;
}
