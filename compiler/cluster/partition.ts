/// What clustering comes to, and how much one kernel may hold.
import type { Shape } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import type { Index } from "../lower/index.ts";
import type { Shares } from "./bindings.ts";

/** Values computed in one kernel. */
export interface Cluster {
  readonly kind: "map" | "reduce" | "contract" | "cumulative" | "sort" | "attention" | "loop";
  /** The iteration space: of an elementwise kernel and a contraction the result, of a reduction the operand. */
  readonly space: Shape;
  /** The index of an element of the space, as its members see it. */
  readonly index: readonly Index[];
  /** Reduced axes of the space: of a contraction the last, where windows of neighbours are reduced; empty for other kinds. */
  readonly axes: readonly number[];
  readonly members: ReadonlySet<Value>;
  /** Accepts no further values. */
  readonly sealed: boolean;
  /** Other shapes in which members see the space. */
  readonly views?: readonly View[];
}

/** A space under another shape: the layouts that lead there, each of which only renames elements. */
export interface View {
  readonly shape: Shape;
  readonly layouts: readonly Value[];
}

/** A partition of the values that roots depend on. */
export interface Partition {
  readonly clusters: readonly Cluster[];
  /** The cluster that computes a value; absent for leaves, layouts and values recomputed where they are used. */
  readonly home: ReadonlyMap<Value, Cluster>;
  /** Results that follow from leaves by a cheap chain: written once, but recomputed by whoever else reads them. */
  readonly recomputed: ReadonlySet<Value>;
  /** Values that only their cluster computes: who else reads them reads them from memory. */
  readonly once: ReadonlySet<Value>;
}

/** A value that must start a kernel of its own, because a shared one would bind too many tensors. */
export type Cuts = ReadonlySet<Value>;

/** What earlier partitions have shown, where a kernel came to bind too many tensors. */
export interface Lessons {
  readonly cuts: Cuts;
  /** The first members of kernels that a value must not join. */
  readonly apart: ReadonlyMap<Value, ReadonlySet<Value>>;
  /** Values that were written to memory, and the tensors that they went to: a kernel binds those as well. */
  readonly written: ReadonlyMap<Value, ReadonlySet<Value>>;
  /** Values that no kernel keeps: whoever reads them computes them again, since that binds fewer bytes. */
  readonly floating?: ReadonlySet<Value>;
  /** Tensors that take one binding where they would take too many. */
  readonly shares: Shares;
  /** Told why a cluster did not take a value in, where somebody wants to know; of several reasons the first decided. */
  readonly refused?: (value: Value, cluster: Cluster, reason: Refusal) => void;
}

/**
 * Why a value is not computed in a kernel that it reads from or beside:
 * `starts`: values of its kind start a kernel; `sealed`: the kernel takes in nothing; `members`: it computes as much as one
 * may; `bindings`: together they bind too many tensors; `waits`: the kernel has to wait for what the value reads;
 * `extents`: it goes over elements of another shape; `places`: the value reads elements that another thread computes;
 * `elsewhere`: the value joined another kernel.
 */
export type Refusal = "starts" | "sealed" | "members" | "bindings" | "waits" | "extents" | "places" | "elsewhere";

/** Tensors that a kernel may bind: WebGPU's default maxStorageBuffersPerShaderStage. */
export const mostBindings = 8;

/** Fewer bytes between tensors that are bound together are not worth a binding more. */
export const leastSpared = 2 ** 16;

/** Rows of at most so many elements are nothing for one thread, where others work beside it. */
export const shortRow = 256;

/** So long are those that four threads share, which exchange what they have without a barrier. */
export const quadRow = 4 * shortRow;

/** Values that a kernel may compute: its text is read by people, and compiled by drivers. */
export const mostMembers = 256;

/** An accumulator of a reduction is loops over a row, and threads that wait for each other: so many values of text. */
export const accumulatorLength = 12;

/** Elementwise values that a kernel may compute again although another has them. */
export const mostRecomputed = 64;
