/// What a model keeps for its random numbers: the key that the seed becomes, and how often it has drawn.
import { reshapeTo } from "./ops/layout.ts";
import { sliceTo } from "./ops/pad.ts";
import { stateOp, type StateIdentity } from "./ops/leaf.ts";
import type { StateRecord } from "./naming.ts";
import type { LoopPlace } from "./steps.ts";
import { apply, type Value } from "./value.ts";

/** A place that draws: its number, what it draws with, and the loops around it from the outside in. */
export interface RandomSite {
  readonly site: number;
  readonly words: readonly [Value, Value];
  readonly draw: Value;
  readonly loops: readonly LoopPlace[];
}

/** The random part of a model that is being built. */
export interface RandomRecord {
  /** u32[2], the two words of the seed. Kept like any other state, so that a resumed run repeats. */
  readonly key: Value;
  /** The two words as scalars. */
  readonly words: readonly [Value, Value];
  /** u32: the number of the draw. Each call of a training entry point that reads it adds one. */
  readonly draw: Value;
  /** Places that draw, so far. Each has a number, so that no two draw the same. */
  sites: number;
  /** True once a place draws with the key or the counter, and not with its own. */
  kept: boolean;
}

/** The random part of a new model. */
export function startRandom(): RandomRecord {
  const common = { parameter: false, trainable: false } as const;
  const key: StateIdentity = { name: "key", dtype: "u32", shape: [2], ...common, initializer: { tag: "key" } };
  const initializer = { tag: "constant", value: 0 } as const;
  const draw: StateIdentity = { name: "random.draw", dtype: "u32", shape: [], ...common, initializer };
  const state = apply(stateOp, [], { identity: key });
  const word = (position: number): Value =>
    reshapeTo(sliceTo(state, { starts: [position], limits: [position + 1], strides: [1] }), []);
  return {
    key: state,
    words: [word(0), word(1)],
    draw: apply(stateOp, [], { identity: draw }),

    sites: 0,
    kept: false,
  };
}

/** The states that random numbers need: a model that draws has both, one that only keeps something has the key. */
export function randomStates({ key, draw, kept }: RandomRecord, keeps: boolean): readonly StateRecord[] {
  const record = (value: Value, local?: string): StateRecord => ({ value, owner: undefined, local, of: undefined });
  if (!kept) return keeps ? [record(key)] : [];
  return [record(draw, "random.draw"), record(key)];
}
