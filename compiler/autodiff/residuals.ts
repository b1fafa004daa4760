/// Which forward values the backward half of a step reads: what has to be kept until then.
import type { Place } from "../../ir/diagnostic.ts";
import { multiplyDims, type Dim } from "../../ir/dim.ts";
import { entryPointRoots, type EntryPoint, type Graph, type Note } from "../../ir/graph.ts";
import { scanBody, scanOp, scanResult, scanSiblings } from "../../ir/ops/scan.ts";
import { elementCount } from "../../ir/type.ts";
import { postorder, underLayouts, type Value } from "../../ir/value.ts";

/** A forward value that the backward half reads. */
export interface Residual {
  readonly value: Value;
  readonly name: string | undefined;
  /** Where the model computes it, or the first thing that has a place among what is computed from it. */
  readonly place: Place | undefined;
  /** Size in bytes, while sizes have names. */
  readonly bytes: Dim;
  /** What reads it. */
  readonly readers: readonly Value[];
}

/**
 * The residuals of one entry point of a derived graph, in order of computation. Leaves are kept anyway and do not count,
 * nor does what follows from single numbers, such as a mask of dropout: it is computed again where it is read.
 * The forward half is what the outputs need that are no gradients; without such outputs, what gradients need besides.
 */
export function residuals(graph: Graph, entry: EntryPoint): readonly Residual[] {
  const order = postorder(entryPointRoots(entry));
  const backward = gradientsAndTheirUsers(graph, order);
  const results = entry.outputs.map((output) => output.value).filter((value) => !backward.has(value));
  const gradients = order.filter((value) => graph.notes.get(value)?.derivative === "backward");
  const before = results.length > 0 ? postorder(results) : postorder(gradients).filter((value) => !backward.has(value));
  const forward = withLoops(new Set(before), order);
  const free = fromNumbersAlone(order);
  const readers = new Map<Value, Value[]>();
  for (const reader of order) {
    if (forward.has(reader)) continue;
    for (const operand of new Set(reader.operands)) {
      // A layout is read in place: what it arranges is kept.
      const kept = underLayouts(operand);
      if (!forward.has(operand) || kept.op.kind === "leaf" || free.has(operand)) continue;
      readers.set(kept, [...(readers.get(kept) ?? []), reader]);
    }
  }
  return order.flatMap((value) => {
    const read = readers.get(value);
    const bytes = multiplyDims(elementCount(value.type.shape), bytesOf(value));
    const past = nameOfPast(graph, value);
    const note = graph.notes.get(value);
    const { name, place } = { name: note?.name ?? past.name, place: past.place ?? note?.place };
    return read ? [{ value, name, place: place ?? placeOfUser(graph, value, order), bytes, readers: read }] : [];
  });
}

/** A loop that forward runs keeps what backward reads of it: the past of its carries is computed there as well. */
function withLoops(forward: ReadonlySet<Value>, order: readonly Value[]): ReadonlySet<Value> {
  const loops = new Set(scanSiblings(order).values());
  const run = [...loops].filter((siblings) => siblings.some((value) => forward.has(value)));
  return new Set([...forward, ...run.flat()]);
}

/** What has no name: of the past of a carry, that of every step. */
function nameOfPast({ notes }: Graph, value: Value): Pick<Note, "name" | "place"> {
  const past = value.op === scanOp ? scanResult(value.attrs) : undefined;
  if (past?.tag !== "history") return {};
  const { name, place } = notes.get(scanBody(value.attrs).carries[past.index]) ?? {};
  return { name: `every ${name ?? `carry${past.index + 1}`}`, place };
}

/**
 * What rules have made has no place: it belongs to the value of the model that it is under another shape, or else to the
 * formula that it is part of. Rules make layouts as well, of which the first may be that of any reader.
 */
export function placeOfUser({ notes }: Pick<Graph, "notes">, value: Value, order: readonly Value[]): Place | undefined {
  // A graph that was built in a program has none, and what each value goes into is a walk.
  if (!order.some((each) => notes.get(each)?.place)) return undefined;
  const firstOf = (users: readonly Value[]): Place | undefined =>
    users.map((user) => notes.get(user)).find((note) => note?.place && note.derivative !== "backward")?.place;
  const arranged = usersOf(
    value,
    order.filter(({ op }) => op.kind === "layout"),
  );
  return firstOf(arranged.filter((user) => notes.get(user)?.name !== undefined)) ?? firstOf(usersOf(value, order));
}

/** Those of `order` that a value goes into, nearest first. */
function usersOf(value: Value, order: readonly Value[]): readonly Value[] {
  const users = new Set<Value>([value]);
  for (const each of order) if (each.operands.some((operand) => users.has(operand))) users.add(each);
  return [...users].slice(1);
}

/** Elementwise values, whatever their size, that no tensor goes into. */
export function fromNumbersAlone(order: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const value of order) {
    const { kind } = value.op;
    const isNumber = elementCount(value.type.shape) === 1 && underLayouts(value).op.kind === "leaf";
    const follows = kind === "elementwise" || kind === "layout";
    if (value.constant || isNumber || (follows && value.operands.every((each) => found.has(each)))) found.add(value);
  }
  return found;
}

/** Values that are gradients, or are computed from one. */
export function gradientsAndTheirUsers(graph: Graph, order: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const value of order) {
    const isGradient = graph.notes.get(value)?.derivative === "backward";
    if (isGradient || value.operands.some((operand) => found.has(operand))) found.add(value);
  }
  return found;
}

/** Every element type takes 4 bytes in a buffer, except half floats. */
function bytesOf(value: Value): number {
  return value.type.dtype === "f16" ? 2 : 4;
}
