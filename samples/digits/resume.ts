import { SampleError } from "./errors.ts";

/** What the sample reads of a module's state: numbers by name. */
export type StateNumbers = Readonly<Record<string, { readonly data: ArrayLike<number> }>>;

/** Where a training stands. */
export interface Position {
  /** Steps done. */
  readonly step: number;
  /** The random key that the seed became: it orders the examples as well. */
  readonly key: readonly number[];
}

/**
 * Reads from a module's state where its training stands: the optimizer's counter (`adam.step`) and the random key.
 *
 * @throws SampleError with code `state-position` when the state does not hold one of each
 */
export function readPosition(state: StateNumbers): Position {
  const [step] = Array.from(only(state, "step").data);
  if (!Number.isInteger(step) || step < 0) {
    throw new SampleError("state-position", `expected a whole number of steps in the state, found ${step}`);
  }
  return { step, key: Array.from(only(state, "key").data) };
}

/** The one state with a name that is `suffix` or ends in `.suffix`. */
function only(state: StateNumbers, suffix: string): StateNumbers[string] {
  const names = Object.keys(state).filter((name) => name === suffix || name.endsWith(`.${suffix}`));
  if (names.length === 1) return state[names[0]];
  const found = names.length === 0 ? `none among ${Object.keys(state).join(", ")}` : names.join(", ");
  throw new SampleError("state-position", `expected one state named \`${suffix}\` or \`….${suffix}\`, found ${found}`);
}
