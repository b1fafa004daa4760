/// Plays back what a log noted: how some values became what they are, one rule at a time.
import { same, withOperands, type Value } from "../../ir/value.ts";
import { bottomUp, substitution } from "../rewrite/bottom-up.ts";
import { saidOf } from "./collected.ts";
import type { Firing, Phase } from "../rewrite/log.ts";

/** Values by name, as they are at one moment. */
export type Moment = ReadonlyMap<string, Value>;

/** One rule that changed something: what there was before, and what there is after. */
export interface Step {
  readonly phase: string;
  readonly rule: Firing["rule"];
  /** What was replaced throughout, and what by: one value, but for what names stand for that are not looked into. */
  readonly replaced: ReadonlyMap<Value, Value>;
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
    steps.push(...oneByOne(phase.name, finder(phase), moment, new Set()));
    moment = steps.at(-1)?.after ?? start;
  }
  return steps;
}

/**
 * The same for a reader of one name: in each phase what the other names stand for is replaced in one step, so that what
 * the formula is computed from beyond them is gone through once a phase, and not for every rule.
 */
export function replayOf(shown: string, start: Moment, phases: readonly Phase[]): readonly Step[] {
  const steps: Step[] = [];
  let moment = start;
  for (const phase of phases) {
    const find = finder(phase);
    const beside = [...moment.values()].filter((value) => value !== moment.get(shown));
    const settled = settling(find);
    const replaced = new Map(
      beside.map((value) => [value, settled.of(value)] as const).filter(([from, to]) => from !== to),
    );
    if (replaced.size > 0) {
      const after = replacedIn(moment, new Map([...beside.map((value) => [value, value] as const), ...replaced]));
      steps.push({ phase: phase.name, rule: settled.last()!, replaced, before: moment, after });
      moment = after;
    }
    steps.push(...oneByOne(phase.name, find, moment, new Set(beside.map(settled.of))));
    moment = steps.at(-1)?.after ?? start;
  }
  return steps;
}

/** What the phases make of values, all rules at once. */
export function settledBy(phases: readonly Phase[]): (value: Value) => Value {
  const all = phases.map((phase) => settling(finder(phase)));
  return (value) => all.reduce((now, settled) => settled.of(now), value);
}

/** The firings of one phase that touch the values of a moment without looking into `stops`. */
function oneByOne(phase: string, find: Find, start: Moment, stops: ReadonlySet<Value>): readonly Step[] {
  const steps: Step[] = [];
  const stay = [...stops].map((value) => [value, value] as const);
  let before = start;
  for (let found = next(before, find, stops); found; found = next(before, find, stops)) {
    const { value, firing } = found;
    const after = replacedIn(before, new Map([...stay, [value, firing.after]]));
    steps.push({ phase, rule: saidOf(firing), replaced: new Map([[value, firing.after]]), before, after });
    if (steps.length > mostSteps) throw new Error(`a derivation of more than ${mostSteps} steps is no explanation`);
    before = after;
  }
  return steps;
}

/** The moment with some values replaced throughout. */
export function replacedIn(moment: Moment, replacements: ReadonlyMap<Value, Value>): Moment {
  const replace = substitution(replacements);
  return new Map([...moment].map(([name, value]) => [name, replace(value)]));
}

/** What a phase makes of values, each looked at once, as its rewriter did; and the rule that fired last. */
function settling(find: Find): { of(value: Value): Value; last(): Firing["rule"] | undefined } {
  const settled = new Map<Value, Value>();
  let last: Firing["rule"] | undefined;
  const of = (root: Value): Value =>
    bottomUp(root, settled, (value, operands) => {
      const rebuilt = withOperands(value, operands);
      const firing = find(rebuilt)?.firing;
      if (!firing) return rebuilt;
      last = saidOf(firing);
      return of(firing.after);
    });
  return { of, last: () => last };
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
function next(moment: Moment, find: Find, stops: ReadonlySet<Value>): (Placed & { readonly value: Value }) | undefined {
  let first: (Placed & { readonly value: Value }) | undefined;
  const seen = new Set([...moment.values()].filter((value) => !stops.has(value)));
  for (const value of seen) {
    const found = find(value);
    if (found && (!first || found.position < first.position)) first = { ...found, value };
    for (const operand of value.operands) if (!stops.has(operand)) seen.add(operand);
  }
  return first;
}
