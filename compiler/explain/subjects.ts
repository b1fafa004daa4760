/// What can be explained: every value that has a name.
import type { Place } from "../../ir/diagnostic.ts";
import { graphRoots, graphValues, type Graph, type Update } from "../../ir/graph.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { bodyResults, scanBody } from "../../ir/ops/scan.ts";
import { loopsBelow } from "../../ir/print/bodies.ts";
import { layOutPage } from "../../ir/print/page.ts";
import { formatType } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { scaledSlope } from "../autodiff/scaled.ts";
import { valueUnknown } from "../errors.ts";
import { expandedBy, phasesOf, type DerivationLog, type Differentiation } from "../rewrite/log.ts";
import { suggestion } from "../../ir/suggest.ts";
import { identifier } from "../wgsl/names.ts";
import { primed } from "./lines.ts";
import { settledBy } from "./replay.ts";
import { derivativeName, namesOf } from "./stations.ts";

/** A value that a name means. */
export interface Subject {
  readonly name: string;
  readonly title: string;
  readonly place: Place | undefined;
  /** The value before rules. */
  readonly value: Value;
  readonly derivative?: { readonly taken: Differentiation; readonly forward: Value };
}

/** Everything that has a name, in the order in which a name is looked up. */
export function subjectsOf(graph: Graph, log: DerivationLog): readonly Subject[] {
  const names = namesOf(graph);
  const computed = new Set([...graphValues(graph), ...graph.inputs, ...graph.states]);
  const forward = [...names].filter(([value]) => computed.has(value));
  const within = loopsBelow([...computed]).flatMap((loop) => {
    const own = new Set(postorder(bodyResults(scanBody(loop.attrs))));
    return [...names].flatMap(([value, name]) => (own.has(value) ? [stepSubject(graph, value, name, loop, log)] : []));
  });
  const updates = graph.entryPoints.flatMap((entry) => entry.updates.map((update) => ({ entry: entry.name, update })));
  return [
    ...updates.map(({ entry, update }) => updateSubject(graph, entry, update, log)),
    ...forward.map(([value, name]): Subject => {
      const place = graph.notes.get(value)?.place;
      return { name, title: `${name}: ${formatType(value.type)}`, place, value: expandedBy(log, value) };
    }),
    ...within,
    ...derivativeSubjects(graph, log),
    ...scaledSubjects(graph, log),
    ...graph.entryPoints.flatMap(({ name: entry, outputs }) => {
      return outputs.map(({ name, value }): Subject => {
        const title = `${name}: ${formatType(value.type)}, an output of ${entry}`;
        return { name, title, place: graph.notes.get(value)?.place, value: expandedBy(log, value) };
      });
    }),
  ];
}

/**
 * A value that `print --gradient` calls `v1`, or `carry1` in a loop: what it was before rules, if it is not what they have made. Undefined where
 * there is none.
 */
export function unnamedSubject(graph: Graph, derived: Graph, log: DerivationLog, name: string): Subject | undefined {
  const { automatic, loops } = layOutPage(derived);
  const shown = [automatic, ...[...loops.values()].flatMap((body) => [body.names, body.automatic])];
  const [value] = shown.flatMap((each) => [...each]).find(([, each]) => each === name) ?? [];
  if (!value) return undefined;
  return writtenSubject({ graph, derived, log }, name, value);
}

/** A value of the derived graph: as it was before rules, if it is not what they have made. */
function writtenSubject(
  { graph, derived, log }: { readonly graph: Graph; readonly derived: Graph; readonly log: DerivationLog },
  name: string,
  value: Value,
): Subject {
  const cotangents = log.entries.flatMap((entry) =>
    entry.tag === "differentiation" ? [...entry.cotangents.values()] : [],
  );
  const written = postorder([...graphRoots(graph).map((root) => expandedBy(log, root)), ...cotangents]);
  const settled = settledBy(phasesOf(log));
  const origin = written.find((each) => settled(each) === value);
  const title = `${name}: ${formatType(value.type)}${origin === undefined ? ", which rules have made" : ""}`;
  return { name, title, place: derived.notes.get(value)?.place, value: origin ?? value };
}

/** A value in the body of a loop. */
function stepSubject(graph: Graph, value: Value, name: string, loop: Value, log: DerivationLog): Subject {
  const { carries, elements, next } = scanBody(loop.attrs);
  const names = namesOf(graph);
  // What has no name, and no short formula, is shown with the loop.
  const called = (each: Value): string | undefined => names.get(each) ?? constantValue(each)?.toString();
  const [carry, element] = [carries.indexOf(value), elements.indexOf(value)];
  const [first, then] = [loop.operands[carry], next[carry]].map((each) => each && called(each));
  const walked = element < 0 ? undefined : called(loop.operands[carries.length + element]);
  const handedOn = [
    ...(first === undefined ? [] : [`at first ${first}`]),
    ...(then === undefined ? [] : [`then ${then}`]),
  ];
  const role =
    carry >= 0
      ? `what a step of a loop hands to the next${handedOn.length > 0 ? `: ${handedOn.join(", ")}` : ""}`
      : element >= 0
        ? `a place of what a loop walks along${walked === undefined ? "" : `: ${walked}`}`
        : "in each step of a loop";
  const title = `${name}: ${formatType(value.type)}, ${role}`;
  return { name, title, place: graph.notes.get(value)?.place, value: expandedBy(log, value) };
}

function updateSubject(graph: Graph, entry: string, { state, value }: Update, log: DerivationLog): Subject {
  const { name = "state", place } = graph.notes.get(state) ?? {};
  const title = `${name}′: ${formatType(state.type)}, what ${entry} makes of ${name}`;
  return { name: `${name}${primed}`, title, place, value: expandedBy(log, value) };
}

function derivativeSubjects(graph: Graph, log: DerivationLog): readonly Subject[] {
  const names = namesOf(graph);
  const found = new Map<string, Subject>();
  for (const taken of log.entries) {
    if (taken.tag !== "differentiation") continue;
    const loss = { name: names.get(taken.loss) ?? "objective" };
    for (const [forward, name] of names) {
      const image = taken.forward(forward);
      const value = image && taken.cotangents.get(image);
      const full = derivativeName(loss, name);
      if (!value || forward === taken.loss || taken.partial.has(forward) || found.has(full)) continue;
      const title = `${full}: ${formatType(value.type)}, the derivative of ${loss.name} with respect to ${name}`;
      const place = graph.notes.get(forward)?.place;
      found.set(full, { name: full, title, place, value, derivative: { taken, forward } });
    }
  }
  return [...found.values()];
}

/** Derivatives of a loss that are taken of a multiple of it. */
function scaledSubjects(graph: Graph, log: DerivationLog): readonly Subject[] {
  const names = namesOf(graph);
  return graphValues(graph).flatMap((value): Subject[] => {
    const slope = scaledSlope(value);
    const [loss, multiple, target] = slope
      ? [slope.loss, slope.scaled, slope.target].map((each) => names.get(each))
      : [];
    if (!slope || loss === undefined || target === undefined) return [];
    const name = derivativeName({ name: loss }, target);
    const title = `${name}: ${formatType(value.type)}, the derivative of ${multiple ?? "a multiple of it"} over the factor`;
    return [{ name, title, place: graph.notes.get(slope.target)?.place, value: expandedBy(log, value) }];
  });
}

/** By name, a state by its update, or by the name of the kernel that computes it. */
export function findSubject(subjects: readonly Subject[], graph: Graph, name: string): Subject | undefined {
  const plain = withoutEntry(graph, name);
  return (
    subjects.find((each) => each.name === `${name}${primed}`) ??
    subjects.find((each) => each.name === name) ??
    subjects.find((each) => kernelName(each) === name) ??
    subjects.find((each) => kernelName(each) === plain)
  );
}

/** The name of a kernel without that of its entry point. */
function withoutEntry(graph: Graph, name: string): string {
  const entry = graph.entryPoints.find((each) => name.startsWith(`${each.name}_`));
  return entry ? name.slice(entry.name.length + 1) : name;
}

/** The error about a name that nothing has. */
export function unknownValue(subjects: readonly Subject[], name: string): Error {
  const known = [...new Set(subjects.map((each) => each.name))];
  return valueUnknown(name, suggestion(name, [...known, ...subjects.map(kernelName)]), known);
}

function kernelName({ name }: Subject): string {
  return name.endsWith(primed) ? `update_${identifier(name.slice(0, -1))}` : identifier(name);
}
