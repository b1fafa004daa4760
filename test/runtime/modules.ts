/// What the compiler would generate for the hand-written programs: their types.

import type { LoadedModule, LoadOptions, InputValue, Result, Step } from "../../runtime/index.ts";
import { load } from "../../runtime/index.ts";
import { doubling, training } from "./programs.ts";

/** The module of `doubling`. */
export interface Doubling extends LoadedModule<Record<never, never>> {
  double(inputs: { readonly x: InputValue }): Result<{ doubled: Float32Array }>;
}

/** The module of `training`. */
export interface Training extends LoadedModule<{ weight: Float32Array; noise: Float32Array }> {
  train(
    inputs: { readonly x: InputValue },
    settings?: { readonly rate?: number },
  ): Step<{ total: number; weights: Float32Array }>;
  predict(inputs: {
    readonly x: InputValue;
    readonly label: InputValue;
  }): Result<{ scaled: Float32Array; classes: Int32Array }>;
}

/** Loads `doubling`. */
export const createDoubling = (options?: LoadOptions) => load<Doubling>(doubling, options);

/** Loads `training`. */
export const createTraining = (options?: LoadOptions) => load<Training>(training, options);
