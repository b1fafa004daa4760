/// Names and places of what differentiation makes: the cotangent of `hidden` is `∂loss/∂hidden`, at the place of `hidden`.
import type { Graph, Note } from "../../ir/graph.ts";
import { letterOp } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";

/** Notes that grow while derivatives are expanded. Names stay unique. */
export interface GrowingNotes {
  get(value: Value): Note | undefined;
  /** What a value of the graph became before it was differentiated keeps its place, and so do the values it is made of. */
  addForward(became: Value, forward: Note): void;
  /** Names the cotangent of a forward value, and gives its place to every new value that it is made of. */
  addCotangent(cotangent: Value, loss: string, forward: Note, target: boolean): void;
  /** The letter of a loop that stands for the tangent of `h` is `h.tangent`. */
  addTangent(tangent: Value, of: Value): void;
  /** What is differentiated may hold derivatives: they belong to the forward half of what is derived now. */
  addDifferentiated(isWithin: (value: Value) => boolean): void;
  /**
   * A placeholder gives way to its gradient: the name of a cotangent says more than the variable that held it, which is
   * its second name, unless the loss has no name that it could be made of.
   */
  addGradient(placeholder: Value, gradient: Value): void;
  finish(): Graph["notes"];
}

/** Starts from the notes of a graph. */
export function growNotes(before: Graph["notes"]): GrowingNotes {
  const notes = new Map(before);
  const called = new Set<Value>();
  const taken = new Set([...before.values()].flatMap((note) => note.name ?? []));
  return {
    get: (value) => notes.get(value),
    addForward: (became, forward) => placeNew(notes, became, forward),
    addCotangent(cotangent, loss, forward, target) {
      placeNew(notes, cotangent, forward);
      const known = notes.get(cotangent);
      if (!forward.name || known?.name !== undefined || !isNameable(cotangent)) return;
      const name = freeName(taken, `∂${loss}/∂${forward.name}`, target);
      if (name === undefined) return;
      taken.add(name);
      notes.set(cotangent, { name, derivative: "backward", place: forward.place ?? known?.place });
    },
    addTangent(tangent, of) {
      const { name, place } = notes.get(of) ?? {};
      const own = name === undefined ? undefined : freeName(taken, `${name}.tangent`, true);
      if (own === undefined) return;
      taken.add(own);
      notes.set(tangent, { name: own, place });
    },
    addDifferentiated(isWithin) {
      for (const [value, note] of notes) {
        if (note.derivative && isWithin(value)) notes.set(value, { ...note, derivative: "forward" });
      }
    },
    addGradient(placeholder, gradient) {
      const { name, place } = notes.get(placeholder) ?? {};
      const known = notes.get(gradient);
      if (!known?.derivative) return;
      notes.set(placeholder, { place });
      const isLossNamed = before.get(placeholder.operands[0])?.name !== undefined;
      if (name !== undefined && isLossNamed) {
        notes.set(gradient, { ...known, aliases: [...(known.aliases ?? []), name] });
      }
      if (name === undefined || isLossNamed || called.has(gradient)) return;
      called.add(gradient);
      notes.set(gradient, { ...known, name });
    },
    finish: () => notes,
  };
}

/** Leaves have names of their own, but for letters: a step of a loop gets the cotangent of its result as one. */
export function isNameable({ op }: Value): boolean {
  return op.kind !== "leaf" || op === letterOp;
}

/** A second value of the same name is counted up when someone asked for it, and stays nameless otherwise. */
function freeName(taken: ReadonlySet<string>, name: string, target: boolean): string | undefined {
  if (!taken.has(name)) return name;
  if (!target) return undefined;
  let count = 1;
  while (taken.has(`${name}_${count}`)) count++;
  return `${name}_${count}`;
}

function placeNew(notes: Map<Value, Note>, value: Value, { place }: Note): void {
  if (!place) return;
  const pending = [value];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (notes.has(next) || next.op.kind === "leaf") continue;
    notes.set(next, { place });
    pending.push(...next.operands);
  }
}
