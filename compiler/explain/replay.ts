/// Plays back what a log noted: how some values became what they are, one rule at a time.
import { postorder, same, type Value } from "../../ir/value.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import type { Firing, Phase } from "../rewrite/log.ts";

/** Values by name, as they are at one moment. */
export type Moment = ReadonlyMap<string, Value>;

/** One rule that changed something: what there was before, and what there is after. */
export interface Step {
  readonly phase: string;
  readonly rule: Firing["rule"];
  /** The value that was replaced throughout, and what by. */
  readonly replaced: readonly [Value, Value];
  readonly before: Moment;
  readonly after: Moment;
}

/**
 * The rules of the phases that touch the values or what they are computed from, in order. Each step is the step before
 * with one value replaced throughout, so that a reader can check it by itself.
 */
export function replay(start: Moment, phases: readonly Phase[]): readonly Step[] {
  const steps: Step[] = [];
  let moment = start;
  for (const phase of phases) {
    const find = finder(phase);
    for (let found = next(moment, find); found; found = next(moment, find)) {
      const { value, firing } = found;
      const replace = substitution(new Map([[value, firing.after]]));
      const after: Moment = new Map([...moment].map(([name, each]) => [name, replace(each)]));
      const replaced = [value, firing.after] as const;
      steps.push({ phase: phase.name, rule: firing.rule, replaced, before: moment, after });
      if (steps.length > mostSteps) throw new Error(`a derivation of more than ${mostSteps} steps is no explanation`);
      moment = after;
    }
  }
  return steps;
}

/** More steps than any rewriter takes for what one value is computed from. */
const mostSteps = 100_000;

interface Placed {
  readonly firing: Firing;
  /** Its place in the order of the phase. */
  readonly position: number;
}

type Find = (value: Value) => Placed | undefined;

/** Finds what a phase did with a value. Expressions of constants are equal without being one object. */
function finder({ firings }: Phase): Find {
  const placed = firings.map((firing, position): Placed => ({ firing, position }));
  const byValue = new Map(placed.map((each) => [each.firing.before, each]));
  const ofConstants = placed.filter(({ firing: { before, after } }) => before.constant && !same(before, after));
  return (value) =>
    value.constant ? ofConstants.find(({ firing }) => same(firing.before, value)) : byValue.get(value);
}

/** The first firing of a phase whose value is there. */
function next(moment: Moment, find: Find): (Placed & { readonly value: Value }) | undefined {
  let first: (Placed & { readonly value: Value }) | undefined;
  for (const value of postorder([...moment.values()])) {
    const found = find(value);
    if (found && (!first || found.position < first.position)) first = { ...found, value };
  }
  return first;
}
