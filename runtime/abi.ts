/// What a compiled program is: plain data, written by the compiler and replayed by the runtime.
///
/// The contract between the two is stated here and nowhere else. `compiler/program.ts` builds these records, `load()`
/// runs them. Nothing in a program is computed when a step runs: buffers, offsets and workgroup counts are numbers.

/** Version of this contract. A module compiled for another version is refused by `load()` with both numbers. */
export const abiVersion = 3;

/** Element types that a buffer can hold. Booleans are stored as `u32`, 0 or 1. */
export type StorageType = "f32" | "i32" | "u32";

/** Everything the runtime needs to train and infer. */
export interface Program {
  /** `abiVersion` of the compiler that wrote the program. */
  readonly abi: number;
  /** The model's name, for labels and messages. */
  readonly name: string;
  /** GPU buffers, created once at load. Bindings and slots refer to them by index. */
  readonly buffers: readonly BufferPlan[];
  /** What the program keeps between calls, in order of creation: parameters, optimizer moments, counters, the random key. */
  readonly states: readonly StateSlot[];
  /** Compiled kernels; a kernel may be launched by several dispatches. */
  readonly kernels: readonly Kernel[];
  /** Kernels of which only some adapters need any, beside those that all can run: see `Dispatch.variants`. */
  readonly variants?: readonly Kernel[];
  /** Compiled functions by name (`train`, `predict`…). */
  readonly entryPoints: Readonly<Record<string, EntryPoint>>;
  /** Adapter limits that the program needs, by WebGPU's names; only those above WebGPU's defaults. */
  readonly limits: Readonly<Record<string, number>>;
}

/**
 * One GPU buffer. The role decides its usage flags and who writes it. `places` counts for loops: 0, 1, 2, … as u32, one
 * every 256 bytes, written at load.
 */
export interface BufferPlan {
  /** Label for debugging tools, for example `arena` or `train.image`. */
  readonly label: string;
  readonly role: "state" | "arena" | "input" | "output" | "settings" | "constant" | "places";
  /** Size in bytes, a positive multiple of 4. */
  readonly bytes: number;
  /** Contents written at load; only for `constant`. What JSON has no number for is written as a word. */
  readonly values?: { readonly dtype: StorageType; readonly data: readonly (number | NonFinite)[] };
}

/** Numbers as `Number()` reads them. */
export type NonFinite = "NaN" | "Infinity" | "-Infinity";

/** A tensor inside a buffer, row-major and contiguous. */
export interface Slot {
  readonly name: string;
  readonly dtype: StorageType;
  /** Extents, outermost first; [] is a scalar. */
  readonly shape: readonly number[];
  /** Index into `Program.buffers`. */
  readonly buffer: number;
  /** Byte offset of the first element, a multiple of 256. */
  readonly offset: number;
}

/** A tensor that lives between calls. */
export interface StateSlot extends Slot {
  /** True for parameters (`readParams`), false for optimizer state, counters and the key. */
  readonly parameter: boolean;
  /** Absent where the first values are zeros, as those of new buffers are. */
  readonly init?: Initializer;
}

/**
 * How a state gets its first value. Random values come from Threefry-2x32 keyed by the module's seed, with the counter
 * (element index, `site`), so that a state's values depend on the seed and its own site alone.
 */
export type Initializer =
  | { readonly tag: "constant"; readonly value: number }
  /** Uniform in [low, high). */
  | { readonly tag: "uniform"; readonly low: number; readonly high: number; readonly site: number }
  | { readonly tag: "normal"; readonly mean: number; readonly deviation: number; readonly site: number }
  /** Given element by element, row-major. */
  | { readonly tag: "values"; readonly values: readonly number[] }
  /** The random key itself: two words made from the seed. */
  | { readonly tag: "key" };

/** One WGSL module with one entry point `main` and the bindings of its only bind group, in order. */
export interface Kernel {
  readonly name: string;
  readonly wgsl: string;
  /** Access of binding i, as declared in the WGSL. */
  readonly bindings: readonly BindingAccess[];
  /** What a device must have for it; absent where every device has it. */
  readonly needs?: Needs;
}

/** What a kernel asks of a device. */
export interface Needs {
  /** Least values of limits, by WebGPU's names. */
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  /** A graphics card: threads of a workgroup run at once, and share memory that is fast. */
  readonly card: boolean;
}

export type BindingAccess = "read" | "read_write" | "uniform";

/** A range of a buffer seen by a kernel; `bytes` is the exact size of the tensor in it. */
export interface Binding {
  readonly buffer: number;
  readonly offset: number;
  readonly bytes: number;
  /** Inside loops: the range moves on by so many bytes with each place of the loop at that depth (0 is the outermost). */
  readonly step?: { readonly depth: number; readonly bytes: number };
}

/** One launch of a kernel. */
export interface Dispatch {
  /** Index into `Program.kernels`. */
  readonly kernel: number;
  readonly workgroups: readonly [number, number, number];
  readonly bindings: readonly Binding[];
  /**
   * What may take its place, the one that needs the most work to be worth it first. Only `runtime/tuning.ts` looks at it.
   */
  readonly variants?: readonly Variant[];
}

/** Dispatches that together do what another one does. */
export interface Variant {
  /** For reports and for who remembers a choice, for example `squares of 128`. */
  readonly name: string;
  /** They do not wait for each other; `kernel` is an index into `Program.variants`. */
  readonly dispatches: readonly Dispatch[];
}

/** Dispatches that are repeated, for place 0, 1, … of a scan, or from the last place to the first. */
export interface Loop {
  readonly times: number;
  readonly reverse: boolean;
  readonly dispatches: readonly (Dispatch | Loop)[];
}

/** An input of an entry point. */
export interface InputSlot extends Slot {
  /** Elements are class indices in [0, classes): checked when a typed array is given. */
  readonly classes?: number;
}

/** A hyperparameter: a scalar that the caller may change at every call. Element i of the settings buffer (f32). */
export interface Setting {
  readonly name: string;
  readonly value: number;
  /** The least value that it may take, and the one that all must be below: any finite one where this is absent. */
  readonly range?: readonly [number, number];
}

/** A compiled function. One call is one compute pass in one submit. */
export interface EntryPoint {
  readonly inputs: readonly InputSlot[];
  readonly settings: readonly Setting[];
  /** The uniform buffer that holds the settings; absent when there are none. */
  readonly settingsBuffer?: number;
  /** All outputs of an entry point lie in one buffer, so that reading them back is one copy. */
  readonly outputs: readonly Slot[];
  /** True when the entry point writes states: its calls are steps. */
  readonly updates: boolean;
  readonly dispatches: readonly (Dispatch | Loop)[];
}
