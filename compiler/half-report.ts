/// What a report says of `--storage f16`: which tensors of the arena are halves, and why the others are not.
import type { Place } from "../ir/diagnostic.ts";
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import { wideReasons, type Stored, type Wide } from "./half.ts";
import { nounOf } from "./lower/kernel.ts";

/** The float tensors of an arena by how they are kept. */
export interface StorageReport {
  readonly halves: readonly TensorReport[];
  readonly wide: readonly WideReport[];
}

/** One tensor; `bytes` are those that it takes. */
export interface TensorReport {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly place?: Place;
}

/** A tensor that stays f32. */
export interface WideReport extends TensorReport {
  readonly reason: Wide;
  /** The reason as a sentence. */
  readonly text: string;
}

type Kept = Pick<Stored, "halves" | "wide">;

/** Halves and others in the order in which they are written. */
export function storageReport(
  { halves, wide }: Kept,
  notes: Graph["notes"],
  placeOf: (tensor: Value) => Place | undefined,
): StorageReport {
  const describe = (value: Value): TensorReport => {
    const [name, place] = [notes.get(value)?.name ?? nounOf(value), placeOf(value)];
    const shape = value.type.shape as readonly number[];
    return { name, shape, bytes: bytesOf(value, halves), ...(place && { place }) };
  };
  return {
    halves: [...halves].map(describe),
    wide: [...wide].map(([value, reason]) => ({ ...describe(value), reason, text: wideReasons[reason] })),
  };
}
