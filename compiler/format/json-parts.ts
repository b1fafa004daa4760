/// The closed parts of a graph in JSON: bodies of loops, and rules of derivatives that the model supplies.
import type { Dim } from "../../ir/dim.ts";
import { suppliedCotangents, suppliedOp, type SuppliedDerivative } from "../../ir/ops/derivative.ts";
import { letter } from "../../ir/ops/leaf.ts";
import { bodyResults, scanBody, scanLetters, scanOp, type ScanBody } from "../../ir/ops/scan.ts";
import { formatType } from "../../ir/type.ts";
import { apply, postorder, type Value } from "../../ir/value.ts";
import { graphData } from "../errors.ts";
import { substitution } from "../rewrite/bottom-up.ts";

/** What a loop repeats: a closed part of the graph on letters of its own; the ids are of values that stand before its loops. */
export interface BodyData {
  readonly length: Dim;
  readonly reverse: boolean;
  readonly carries: readonly number[];
  readonly elements: readonly number[];
  readonly captures: readonly number[];
  readonly position: number;
  readonly next: readonly number[];
  readonly outputs: readonly number[];
}

/** A formula with a derivative that the model supplies, where it is applied: both on letters of their own. */
export interface RuleData {
  readonly name: string;
  readonly exact: boolean;
  readonly letters: readonly number[];
  readonly formula: number;
  /** Letters of the result and of its cotangent, which the rule reads. */
  readonly result: number;
  readonly cotangent: number;
  /** Cotangents of the operands; null where there is none. */
  readonly cotangents: readonly (number | null)[];
}

/** The rule of a value on letters: functions are no data, what they build is. */
interface TracedRule {
  readonly supplied: SuppliedDerivative;
  readonly letters: readonly Value[];
  readonly formula: Value;
  readonly result: Value;
  readonly cotangent: Value;
  readonly cotangents: readonly (Value | null)[];
}

/** The closed parts of a graph, inner ones before those that they are in. */
export interface ClosedParts {
  readonly bodies: readonly ScanBody[];
  readonly rules: readonly TracedRule[];
  /** What each part is made of, in the order of the parts. */
  readonly values: readonly (readonly Value[])[];
  /** The place among `rules` of the rule of a value. */
  placeOf(value: Value): number | undefined;
}

/** Finds the closed parts below the roots, and within each other. */
export function closedParts(roots: readonly Value[]): ClosedParts {
  const [bodies, values] = [[] as ScanBody[], [] as (readonly Value[])[]];
  const rules = new Map<string, TracedRule>();
  const opened = new Set<object>();
  const [keys, identities] = [[] as string[], new Map<unknown, number>()];
  /** A function has a rule for each list of types that it is applied to: a rule may apply its own function. */
  const keyOf = ({ attrs: { identity }, operands }: Value): string => {
    if (!identities.has(identity)) identities.set(identity, identities.size);
    return [identities.get(identity), ...operands.map(({ type }) => formatType(type))].join(" ");
  };
  const collect = (from: readonly Value[]): void => {
    for (const value of postorder(from)) {
      const body = value.op === scanOp ? scanBody(value.attrs) : undefined;
      if (body && !opened.has(body.identity)) {
        opened.add(body.identity);
        const parts = [...scanLetters(body), body.position, ...bodyResults(body)];
        collect(parts);
        bodies.push(body);
        values.push(parts);
      }
      if (value.op !== suppliedOp || keys.includes(keyOf(value))) continue;
      keys.push(keyOf(value));
      const rule = traceRule(value);
      const parts = [...rule.letters, rule.result, rule.cotangent, rule.formula, ...rule.cotangents.flatMap(present)];
      rules.set(keyOf(value), rule);
      collect(parts);
      values.push(parts);
    }
  };
  collect(roots);
  const placeOf = (value: Value): number | undefined =>
    value.op === suppliedOp ? keys.indexOf(keyOf(value)) : undefined;
  return { bodies, rules: keys.map((key) => rules.get(key)!), values, placeOf };
}

const present = <T>(part: T | null): readonly T[] => (part === null ? [] : [part]);

function traceRule(value: Value): TracedRule {
  const supplied = value.attrs.identity as SuppliedDerivative;
  const letters = value.operands.slice(1).map(({ type }) => letter(type));
  const [result, cotangent] = [letter(value.type), letter(value.type)];
  const applied = apply(suppliedOp, [result, ...letters], value.attrs);
  const unapplied = substitution(new Map([[applied, result]]));
  const cotangents = suppliedCotangents(applied, cotangent).map((part) => part && unapplied(part));
  return { supplied, letters, formula: supplied.forward(...letters), result, cotangent, cotangents };
}

/** Bodies as data. */
export function writeBody(body: ScanBody, id: (value: Value) => number): BodyData {
  return {
    ...{ length: body.length, reverse: body.reverse },
    ...{ carries: body.carries.map(id), elements: body.elements.map(id), captures: body.captures.map(id) },
    ...{ position: id(body.position), next: body.next.map(id), outputs: body.outputs.map(id) },
  };
}

/** Rules as data. */
export function writeRule(rule: TracedRule, id: (value: Value) => number): RuleData {
  const { name, exact } = rule.supplied;
  return {
    ...{ name, exact, letters: rule.letters.map(id), formula: id(rule.formula) },
    ...{ result: id(rule.result), cotangent: id(rule.cotangent) },
    cotangents: rule.cotangents.map((part) => part && id(part)),
  };
}

/** A body from data; `at` gives the values that are read so far. */
export function readBodyData(data: BodyData, at: (id: number) => Value): ScanBody {
  return {
    ...{ identity: {}, length: data.length, reverse: data.reverse },
    ...{ carries: data.carries.map(at), elements: data.elements.map(at), captures: data.captures.map(at) },
    ...{ position: at(data.position), next: data.next.map(at), outputs: data.outputs.map(at) },
  };
}

/** A rule from data, as functions again; what they build is read when they are called, since it may apply them. */
export function readRuleData(data: RuleData, at: (id: number) => Value): SuppliedDerivative {
  const onto = (ids: readonly number[], values: readonly Value[]): ((id: number) => Value) => {
    if (ids.length !== values.length) throw graphData(`${ids.length} operands of ${data.name}`, `${values.length}`);
    const replace = substitution(new Map(ids.map((id, place) => [at(id), values[place]])));
    return (id) => replace(at(id));
  };
  const { name, exact, letters, formula, result, cotangent, cotangents } = data;
  return {
    ...{ name, exact },
    forward: (...operands) => onto(letters, operands)(formula),
    rule(given, { operands, result: found }) {
      const replace = onto([...letters, result, cotangent], [...operands, found, given]);
      return cotangents.map((id) => (id === null ? null : replace(id)));
    },
  };
}
