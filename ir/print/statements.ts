/// The statements of a page in reading order: forward lines, outputs, gradients from the loss back, updates.
import type { EntryPoint, NamedValue, Update } from "../graph.ts";
import { formatName } from "../notation/form.ts";
import type { Value } from "../value.ts";
import type { Part, Plan } from "./plan.ts";

/** One statement of a page. */
export type Statement =
  | { readonly tag: "line"; readonly value: Value; readonly output: boolean }
  | { readonly tag: "alias"; readonly name: string; readonly value: Value }
  | { readonly tag: "output"; readonly output: NamedValue }
  | { readonly tag: "update"; readonly update: Update };

/** Statements of one entry point, and the new values of states that they refer to as `state′`. */
export interface Section {
  readonly statements: readonly Statement[];
  readonly primed: ReadonlyMap<Value, string>;
}

/** An entry point as it is shown; without its updates when only the forward graph is wanted. */
export interface EntryPart extends Part {
  readonly entry: EntryPoint;
  readonly updates: readonly Update[];
}

/** Further names of a value that lines give it. */
export type Aliases = (value: Value) => readonly string[];

/** `slope = ∂energy/∂left`, after the line of a value. */
export function aliasLines(value: Value, { siblings }: Plan, aliases: Aliases): readonly Statement[] {
  return siblings(value).flatMap((each) => aliases(each).map((name) => ({ tag: "alias", name, value: each }) as const));
}

/** Orders what one entry point shows. Lines that other entry points share stand elsewhere. */
export function arrange(part: EntryPart, plan: Plan, names: ReadonlyMap<Value, string>, aliases: Aliases): Section {
  const own = (value: Value): boolean => plan.lines.has(value) && plan.partsOf(value).size === 1;
  const primed = new Map<Value, string>();
  for (const { state, value } of part.updates) {
    const name = names.get(state);
    const isLoop = plan.siblings(value).length > 1;
    if (name !== undefined && own(value) && !names.has(value) && !primed.has(value) && !isLoop) {
      primed.set(value, `${formatName(name)}′`);
    }
  }
  const outputs = part.entry.outputs;
  const forward = plan.order(outputs.map((output) => output.value)).filter(own);
  const backward = plan.order([...part.updates].reverse().map((update) => update.value)).filter(own);
  const inOrder = new Map(
    part.updates.filter(({ value }) => primed.has(value)).map((update) => [update.value, update]),
  );
  // Gradients come before what is made of new values of states, such as an optimizer's corrections.
  const waits = new Set<Value>(primed.keys());
  for (const value of backward) if (plan.references(value).some((each) => waits.has(each))) waits.add(value);
  const done = new Set<Value>();
  const statements: Statement[] = [];
  const isAlone = outputs.every((output) => plan.siblings(output.value).length === 1);
  const inline = isAlone && outputsInOrder(outputs, forward, names);
  // New values of states wait for the updates at the end unless a line needs them before.
  const emit = (value: Value): void => {
    if (done.has(value)) return;
    for (const each of plan.siblings(value)) done.add(each);
    for (const reference of plan.references(value)) if (primed.has(reference)) emit(reference);
    const update = inOrder.get(value);
    if (update && primed.has(value)) statements.push({ tag: "update", update });
    else {
      statements.push({ tag: "line", value, output: inline && outputs.some((output) => output.value === value) });
      statements.push(...aliasLines(value, plan, aliases));
    }
  };
  const emitLines = (values: readonly Value[]): void => values.filter((value) => !primed.has(value)).forEach(emit);
  emitLines(forward);
  for (const output of outputs) {
    if (inline && own(output.value)) continue;
    plan
      .references(output.value)
      .filter((value) => primed.has(value))
      .forEach(emit);
    if (primed.has(output.value)) emit(output.value);
    statements.push({ tag: "output", output });
  }
  emitLines(backward.filter((value) => !waits.has(value)));
  emitLines(backward);
  for (const update of part.updates) {
    if (inOrder.get(update.value) === update) emit(update.value);
    else {
      plan
        .references(update.value)
        .filter((value) => primed.has(value))
        .forEach(emit);
      statements.push({ tag: "update", update });
    }
  }
  return { statements, primed };
}

/** True when every output can be marked on its own line without changing the order of outputs. */
function outputsInOrder(
  outputs: readonly NamedValue[],
  lines: readonly Value[],
  names: ReadonlyMap<Value, string>,
): boolean {
  const places = outputs.map(({ name, value }) => (names.get(value) === name ? lines.indexOf(value) : -1));
  return places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1]));
}
