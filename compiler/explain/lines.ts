/// Steps of a derivation as lines: a name, its formula, and what each rule makes of the formula.
import { formatName } from "../../ir/notation/form.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { printReading } from "../../ir/print.ts";
import { broadcastOp, type BroadcastAttrs } from "../../ir/ops/sum.ts";
import type { Value } from "../../ir/value.ts";
import { postorder } from "../../ir/value.ts";
import type { Firing, RuleText } from "../rewrite/log.ts";
import { namesBut, namingOf, readsAlike, type Formula, type Naming } from "./names.ts";
import type { Moment, Step } from "./replay.ts";
import { isSpelling, isTidying } from "./rules.ts";

export type { Formula } from "./names.ts";

/** A name and its formula. */
export interface Definition {
  readonly name: string;
  readonly formula: Formula;
}

/** A formula, and the rule that gave it from the one before. */
export interface Equality {
  readonly rule: Firing["rule"];
  readonly formula: Formula;
}

/** `name = first = … = last`. */
export interface Line {
  readonly name: string;
  readonly first: Formula;
  readonly equalities: readonly Equality[];
  /** The last formula; its value may be another than that of the last equality, where what it names has changed. */
  readonly last: Formula;
}

/** One line of an explanation. */
export interface Row {
  /** The name of what is defined; undefined where the line goes on with the one before. */
  readonly left: string | undefined;
  /** Words in the place of a name. */
  readonly label?: string;
  /** Equal, or a map from the cotangent G. */
  readonly relation: "=" | "↦";
  /** A formula, or a sum of products of named derivatives. */
  readonly right: Formula | readonly (readonly string[])[];
  /** What the right side shares and hangs on G: it has a name within this row alone. */
  readonly within?: readonly Definition[];
  /** Words in the place of the right side. */
  readonly words?: string;
  /** The rule, or the place in the model file. */
  readonly note?: string;
}

/** A part with a heading. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly rules?: readonly RuleText[];
}

/**
 * The lines of `shown` names over the steps; other names that are not `known` are written out. Where axes stand is spelling:
 * a formula is shown as it is spelled in the end, and a rule that moves axes alone makes no equality. What is `untidy`
 * begins where rules have cleared away factors 1, double signs and the like, as it stands in the chain rule. What a formula
 * is called that reads as before is no equality either: the name stands where the formula came to be it.
 */
export function linesOf(
  start: Moment,
  steps: readonly Step[],
  shown: readonly string[],
  known: ReadonlySet<string>,
  untidy = false,
): readonly Line[] {
  const visible = new Set([...known, ...shown]);
  const namings = new Map<Moment, Naming>();
  const formulaAt = (moment: Moment, name: string): Formula => {
    const naming = namings.get(moment) ?? namingOf(moment, visible);
    namings.set(moment, naming);
    return { value: moment.get(name)!, names: naming(name) };
  };
  const moments = [start, ...steps.map(({ after }) => after)];
  return shown.map((name) => {
    // A part has its name from the moment at which it is shared.
    const begins = moments.findIndex((moment) => moment.has(name));
    let first = formulaAt(moments[begins], name);
    const equalities: Equality[] = [];
    let text = formulaText(first);
    let last = first;
    for (const { rule, replaced, before, after } of steps.slice(begins)) {
      if (before.get(name) === after.get(name)) continue;
      const [previous, formula] = [last, formulaAt(after, name)];
      last = formula;
      if (readsAlike(previous, formula)) continue;
      const next = formulaText(formula);
      if (next === text) continue;
      // A value that is another one now goes by the name of that: this line says the same as before.
      const { names } = formulaAt(before, name);
      const called = new Map([...replaced].flatMap(([from, to]) => (names.has(from) ? [[to, names.get(from)]] : [])));
      const isRenamed =
        called.size > 0 && formulaText({ value: formula.value, names: namesBut(formula.names, called) }) === text;
      const isNamed = formulaText(formulaAt(before, name)) === next || textWithout(formula, previous) === text;
      text = next;
      if (isRenamed) continue;
      const isTidied = untidy && equalities.length === 0 && isTidying(rule) && mentionsAll(formula, first);
      const isQuiet = isSpelling(rule) || isNamed || isTidied;
      if (!isQuiet) equalities.push({ rule, formula });
      else if (equalities.length === 0) first = formula;
      else equalities[equalities.length - 1] = { ...equalities.at(-1)!, formula };
    }
    return { name, first, equalities, last: formulaAt(moments.at(-1)!, name) };
  });
}

/** Stands after the name of a state for its new value. */
export const primed = "′";

/**
 * What of a formula is written: of a number that fills a tensor the number, of what is repeated along leading axes what it is
 * that is repeated.
 */
export function writtenPart({ value, names }: Formula): Value {
  const number = constantValue(value);
  if (number !== undefined) return constant(number, value.type.dtype);
  if (value.op !== broadcastOp || names.has(value)) return value;
  const { axes, shape } = value.attrs as unknown as BroadcastAttrs;
  const isAligned = axes.every((axis, i) => axis === shape.length - axes.length + i);
  return isAligned ? writtenPart({ value: value.operands[0], names }) : value;
}

/** A formula as text. */
export function formulaText({ value, names }: Formula): string {
  const written = writtenPart({ value, names });
  const name = names.get(value) ?? names.get(written);
  const text = name === undefined ? printReading(written, names) : formatName(name);
  return text.replace(/`([^`]+)′`/gu, (_, state: string) => formatName(state) + primed).replace(/`(v\d+)`/g, "$1");
}

/** More values than this are not written out to see whether they are a formula that a line has. */
const mostWritten = 1000;

/** A formula as text, without the names that another has not: what they stand for is written out, unless that is long. */
function textWithout(formula: Formula, other: Formula): string | undefined {
  const known = new Set(namesIn(other));
  if (namesIn(formula).every((name) => known.has(name))) return undefined;
  const kept = new Map<Value, string>();
  const pending = [formula.value];
  let written = 0;
  for (let value = pending.pop(); value; value = pending.pop()) {
    const name = formula.names.get(value);
    if (name !== undefined && known.has(name)) kept.set(value, name);
    else if (++written > mostWritten) return undefined;
    else pending.push(...value.operands);
  }
  return formulaText({ value: formula.value, names: kept });
}

/** All formulas of a line. */
export function formulasIn({ first, equalities }: Line): readonly Formula[] {
  return [first, ...equalities.map(({ formula }) => formula)];
}

/** The names in a formula, in the order in which it has them. */
export function namesIn(formula: Formula): readonly string[] {
  return [...mentioned(formula).values()];
}

/** What a formula refers to, in the order in which it does. */
export function mentioned({ value, names }: Formula): ReadonlyMap<Value, string> {
  const found = new Map<Value, string>();
  const seen = new Set([value]);
  for (const each of seen) {
    const name = names.get(each);
    if (name !== undefined) found.set(each, name);
    else for (const operand of each.operands) seen.add(operand);
  }
  return found;
}

/** True where a formula mentions every name that another does: a derivative that goes into another is no tidying. */
function mentionsAll(formula: Formula, other: Formula): boolean {
  const own = new Set(namesIn(formula));
  return namesIn(other).every((name) => own.has(name));
}

/** Names of a moment whose values are computed on the way to another and by no `other` name, each value once. */
export function namesWithin(
  moment: Moment,
  names: readonly string[],
  root: Value,
  others: Iterable<string>,
): readonly string[] {
  const inside = new Set(postorder([root]));
  const seen = new Set<Value>([root, ...[...others].map((name) => moment.get(name)!)]);
  return names.filter((name) => {
    const value = moment.get(name)!;
    if (!inside.has(value) || seen.has(value) || value.op.kind === "leaf") return false;
    seen.add(value);
    return true;
  });
}
