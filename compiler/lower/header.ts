/// Names and header comments of kernels: the formula that a kernel computes, in the user's names, and where it stands.
import type { Graph } from "../../ir/graph.ts";
import { remembering } from "../../ir/intern.ts";
import { viewInKernel } from "../../ir/notation/view.ts";
import { formatDefinition, type Vocabulary } from "../../ir/print/expression.ts";
import { wrap } from "../../ir/print/wrap.ts";
import { formatType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { throughRenaming } from "../cluster/access.ts";
import { descend } from "../cluster/descend.ts";
import type { Step } from "../schedule/order.ts";
import { identifier } from "../wgsl/names.ts";
import { nounOf, type Kernel, type Target } from "./kernel.ts";

const headerWidth = 110;

/** A part of a formula that is made of more values than this is written as `…`. */
const longestPart = 200;

/**
 * `update_hidden_weight` for a kernel that writes parameters; else the name of what it stores, or the state that it writes;
 * where these have no names, that of what it computes on its way; else what its product is, or its first result, and of
 * what that is made: `product_of_hidden`.
 */
export function kernelName({ traffic, targets }: Step, notes: Graph["notes"]): string {
  const all = [...targets.values()].flat();
  const renamed = namesOfRenamed(notes);
  const nameOf = (value: Value): string | undefined => notes.get(value)?.name ?? renamed.get(value);
  const updateOf = ({ state }: Target): string => identifier(`update ${notes.get(state!)?.name ?? "state"}`);
  const parameter = all.find(({ state }) => state && isParameter(state));
  if (parameter) return updateOf(parameter);
  const stored = all.flatMap(({ value, state }) => (state ? [] : (nameOf(value) ?? [])));
  if (stored.length > 0) return identifier(stored[0]);
  const written = all.find(({ state }) => state);
  if (written) return updateOf(written);
  const members = [...traffic.cluster.members];
  const named = members.findLast((member) => nameOf(member) !== undefined);
  const product = members.find(({ op }) => op.kind === "contraction");
  if (named) return identifier(nameOf(named)!);
  const result = product ?? all[0].value;
  const source = nearest(result, nameOf);
  return identifier(source === undefined ? nounOf(result) : `${nounOf(result)} of ${source}`);
}

/** The first name that is met on the way to what a value is computed from. */
function nearest(value: Value, nameOf: (value: Value) => string | undefined): string | undefined {
  let found: string | undefined;
  descend(value.operands, (each) => {
    found ??= nameOf(each);
    return found === undefined;
  });
  return found;
}

/** Names of what users see in another shape: kernels compute what that is made of. */
const namesOfRenamed = remembering((notes: Graph["notes"]): ReadonlyMap<Value, string> => {
  const names = new Map<Value, string>();
  for (const [value, { name }] of notes) {
    const { under } = throughRenaming(value);
    if (name !== undefined && under !== value && !names.has(under)) names.set(under, name);
  }
  return names;
});

function isParameter(state: Value): boolean {
  return (state.attrs.identity as { parameter: boolean }).parameter;
}

/** What a kernel computes that its reader knows: values with names on its way, operands first, and what it stores. */
export function shownValues({ stores, loads }: Step["traffic"], notes: Graph["notes"]): readonly Value[] {
  return [...new Set([...namedParts(stores, loads, (value) => notes.get(value)?.name), ...stores])];
}

/** The comment on top of a kernel: formulas, model line, work and traffic. */
export function kernelHeader(
  { traffic, targets }: Step,
  notes: Graph["notes"],
  stateOf: (value: Value) => Value | undefined,
  kernel: Kernel,
  bytes: number,
): readonly string[] {
  const { stores, loads } = traffic;
  const nameOf = (value: Value): string | undefined => notes.get(value)?.name;
  const primed = (value: Value): string | undefined => {
    const state = stateOf(value);
    return state && `${nameOf(state) ?? "state"}′`;
  };
  const shown = shownValues(traffic, notes);
  const reference = (value: Value): string | undefined =>
    nameOf(value) ?? primed(value) ?? kernel.tensorNames.get(value);
  const visible = new Set([...shown, ...loads]);
  const words = vocabulary(reference, (value) => visible.has(value) || !!stateOf(value));
  const formulas = shown.flatMap((value) => {
    const states = (targets.get(value) ?? []).flatMap(({ state }) => (state ? [nameOf(state) ?? "state"] : []));
    const name = nameOf(value) ?? (states.length === 0 ? kernel.tensorNames.get(value) : undefined);
    const formula = loads.includes(value) ? reference(value)! : formatDefinition(meaning(value), words);
    return [
      ...(name && !loads.includes(value) ? [`${name} = ${formula}`] : []),
      ...states.map((state) => `${state} ← ${name ?? formula}`),
    ];
  });
  const places = shown.flatMap((value) => {
    const place = notes.get(value)?.place;
    return place ? [`${place.file}:${place.line}:${place.column}`] : [];
  });
  const types = [...new Set(stores.map((value) => formatType(value.type)))].join(", ");
  return [
    ...formulas.flatMap((formula) => wrap(formula, headerWidth, "  ")),
    ...(places.length > 0 ? [[...new Set(places)].join(", ")] : []),
    `${types}; ${count(kernel.flops as number, "FLOP")}, ${count(bytes, "B")}`,
  ];
}

/** What a value is, written with ops that a reader knows. */
const meaning = (value: Value): Value =>
  value.op.kind === "composite" ? value.op.expand(value.operands, value.attrs) : value;

/** Values with names that the kernel computes on its way, operands first. */
function namedParts(
  stores: readonly Value[],
  loads: readonly Value[],
  nameOf: (value: Value) => string | undefined,
): readonly Value[] {
  const parts: Value[] = [];
  const seen = new Set<Value>(loads);
  const visit = (value: Value): void => {
    if (seen.has(value) || value.op.kind === "leaf") return;
    seen.add(value);
    value.operands.forEach(visit);
    if (nameOf(value)) parts.push(value);
  };
  stores.forEach(visit);
  return parts;
}

function vocabulary(nameOf: (value: Value) => string | undefined, isVisible: (value: Value) => boolean): Vocabulary {
  const name = (value: Value): string | undefined =>
    value.op.kind === "leaf" || isVisible(value) ? nameOf(value) : undefined;
  const lengthOf = formulaLength((value) => name(value) !== undefined);
  const known = new Map<Value, string | undefined>();
  const reference = (value: Value): string | undefined => {
    if (!known.has(value)) known.set(value, name(value) ?? (lengthOf(value) > longestPart ? "…" : undefined));
    return known.get(value);
  };
  return {
    reference,
    view: (value) => viewInKernel(value, (each) => reference(each) !== undefined),
    isTaken: () => false,
  };
}

/** How many values a formula mentions: what is used twice is written twice, so that it may be very many. */
function formulaLength(isNamed: (value: Value) => boolean): (value: Value) => number {
  const known = new Map<Value, number>();
  const lengthOf = (value: Value): number => {
    const length =
      known.get(value) ??
      (isNamed(value) ? 1 : value.operands.reduce((total, operand) => total + lengthOf(operand), 1));
    known.set(value, length);
    return length;
  };
  return lengthOf;
}

/** 12 800 000 FLOP → `12.8 MFLOP`. */
function count(amount: number, unit: string): string {
  const scale = amount >= 1e9 ? ([1e9, "G"] as const) : amount >= 1e6 ? ([1e6, "M"] as const) : ([1e3, "k"] as const);
  if (amount < 1000) return `${amount} ${unit}`;
  return `${Number((amount / scale[0]).toPrecision(3))} ${scale[1]}${unit}`;
}
