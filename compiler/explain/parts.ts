/// Names for what formulas share: a part that would be written again and again is written once, as `v1`, `v2`…
import { planFormula } from "../../ir/print/plan.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import type { Course } from "./derivation.ts";
import type { Definition, Formula } from "./lines.ts";
import { namesBeside, namesBut, namingOf, readsAlike, type Naming } from "./names.ts";
import type { Moment, Step } from "./replay.ts";

/** Parts by name, each after those that it is made of. */
export type Parts = ReadonlyMap<string, Value>;

/** Gives a part its name. */
export type Numbering = (part: Value) => string;

/** A formula of more words than this has its shared parts in lines of their own. */
const longest = 24;

/** `v1`, `v2`…, without those that are taken. */
export function partNumbering(taken: Iterable<string>): () => string {
  const known = new Set(taken);
  let count = 0;
  return () => {
    do count++;
    while (known.has(`v${count}`));
    return `v${count}`;
  };
}

/**
 * A numbering in which what is one of some parts goes by the name of that, the first if several have come to be the same.
 */
export function numberingBeside(parts: Iterable<readonly [string, Value]>, number: Numbering): Numbering {
  const called = new Map([...parts].reverse().map(([name, value]) => [value, name]));
  return (part) => called.get(part) ?? number(part);
}

/** A formula with names for what it shares, and the definitions of those that have none in `given` yet. */
export interface Sharing {
  readonly formula: Formula;
  readonly definitions: readonly Definition[];
  /** The given parts, and the new ones. */
  readonly parts: Parts;
}

/** Writes a formula in terms of parts: those that are given, those that it shares, and those that are `wanted` besides. */
export function shareParts(
  { value, names }: Formula,
  given: Parts,
  number: Numbering,
  wanted: ReadonlySet<Value> = new Set(),
): Sharing {
  const parts = new Map(given);
  const besides = new Map<Value, string | undefined>();
  for (const [name, part] of given) if (!names.has(part)) besides.set(part, name);
  // A rule that hands G on as it is reads G ↦ G.
  if (value.op.kind !== "leaf") besides.set(value, undefined);
  const all = namesBut(names, besides);
  const isNamed = (each: Value): boolean => each !== value && all.has(each);
  const chosen = new Set([
    ...planFormula(value, all, { most: longest, reading: true }).shared,
    ...within(value, isNamed, wanted),
  ]);
  const found = postorder(chosen.size === 0 ? [] : [value]).flatMap((part) => {
    if (!chosen.has(part)) return [];
    const name = number(part);
    parts.set(name, part);
    besides.set(part, name);
    return [{ name, part }];
  });
  const definitions = found.map(({ name, part }): Definition => {
    return { name, formula: { value: part, names: namesBeside(all, part) } };
  });
  return { formula: { value, names: all }, definitions, parts };
}

/** Those of some values that a formula writes out itself. */
function within(value: Value, isNamed: (each: Value) => boolean, some: ReadonlySet<Value>): readonly Value[] {
  if (some.size === 0) return [];
  const seen = new Set([value]);
  for (const each of seen) if (!isNamed(each)) for (const operand of each.operands) seen.add(operand);
  return [...some].filter((each) => each !== value && seen.has(each) && !isNamed(each));
}

/** A course in which parts have names, and what is to be shown of it. */
export interface NamedCourse {
  readonly course: Course;
  /** The names that were to be shown, each after the parts that it came to need. */
  readonly shown: readonly string[];
  /** All parts, as they are in the end. */
  readonly parts: Parts;
}

/** A moment, and what its formulas may refer to. */
interface Read {
  readonly moment: Moment;
  readonly naming: Naming;
}

const formulaIn = ({ moment, naming }: Read, name: string): Formula => {
  return { value: moment.get(name)!, names: naming(name) };
};

/**
 * Names what the formulas of `shown` names share, from the moment at which they do. A part keeps its name while rules
 * change it, so that a step shows in the one line that it changed. `given` are parts that have names already.
 */
export function nameParts(
  { start, steps }: Course,
  shown: readonly string[],
  known: ReadonlySet<string>,
  given: Parts,
  number: Numbering,
): NamedCourse {
  const order = [...shown];
  const parts = new Map(given);
  const read = (moment: Moment): Read => {
    const all = new Map([...moment, ...parts]);
    return { moment: all, naming: namingOf(all, new Set([...known, ...order, ...parts.keys()])) };
  };
  const extend = (moment: Moment, isChanged: (name: string, now: Read) => boolean): Read => {
    let now = read(moment);
    for (const name of order.filter((each) => isChanged(each, now))) {
      const found = shareParts(formulaIn(now, name), new Map(), number).parts;
      if (found.size === 0) continue;
      order.splice(order.indexOf(name), 0, ...found.keys());
      for (const [part, each] of found) parts.set(part, each);
      now = read(moment);
    }
    return now;
  };
  const first = extend(start, () => true);
  let last = first;
  const extended = steps.map((step): Step => {
    const replace = substitution(step.replaced);
    for (const [part, value] of parts) parts.set(part, replace(value));
    const before = last;
    last = extend(step.after, (name, now) => !readsAlike(formulaIn(before, name), formulaIn(now, name)));
    return { ...step, before: before.moment, after: last.moment };
  });
  return { course: { start: first.moment, steps: extended }, shown: order, parts };
}
