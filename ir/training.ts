/// Each entry point with its own answer to whether it trains: what `where(training(), …)` does not choose is gone.
import { entryPointRoots, type EntryPoint, type Note } from "./graph.ts";
import { selectOp } from "./ops/choose.ts";
import { constant } from "./ops/leaf.ts";
import { bodyResults, scanBody, scanOp, withBodies, type ScanBody } from "./ops/scan.ts";
import { trainingOp } from "./ops/training.ts";
import { apply, postorder, underLayouts, withOperands, type Value } from "./value.ts";

/** Entry points, and what is known about their values. */
export interface Settled {
  readonly entryPoints: readonly EntryPoint[];
  readonly notes: Map<Value, Note>;
}

/**
 * Puts constants in the place of `training()`: true where an entry point updates states. A value that comes out in two
 * forms keeps its name in training; the other form is `hidden.inference`.
 */
export function settleTraining(entryPoints: readonly EntryPoint[], notes: Map<Value, Note>): Settled {
  const values = postorder(entryPoints.flatMap(entryPointRoots));
  if (!values.some(asks)) return { entryPoints, notes };
  const forms = { training: fixed(values, true), inference: fixed(values, false) };
  const formsOf = (entry: EntryPoint): ReadonlyMap<Value, Value> =>
    entry.updates.length > 0 ? forms.training : forms.inference;
  const settled = entryPoints.map((entry): EntryPoint => {
    const form = formsOf(entry);
    return {
      ...entry,
      outputs: entry.outputs.map((output) => ({ ...output, value: form.get(output.value)! })),
      updates: entry.updates.map((update) => ({ ...update, value: form.get(update.value)! })),
    };
  });
  const reached = (training: boolean): ReadonlySet<Value> =>
    new Set(withBodies(settled.filter((entry) => entry.updates.length > 0 === training).flatMap(entryPointRoots)));
  return { entryPoints: settled, notes: movedNotes(notes, forms, reached(true), reached(false)) };
}

/** True for the question itself, and for loops whose body asks it. */
function asks(value: Value): boolean {
  const inner = value.op === scanOp ? withBodies(bodyResults(scanBody(value.attrs))) : [value];
  return inner.some(({ op }) => op === trainingOp);
}

/** The form of every value, once the question has its answer. The bodies of loops are `forms` as well. */
function fixed(values: readonly Value[], answer: boolean, bodies = new Map<ScanBody, ScanBody>()): Map<Value, Value> {
  const forms = new Map<Value, Value>();
  for (const value of values) {
    const operands = value.operands.map((operand) => forms.get(operand)!);
    const chosen = value.op === selectOp && underLayouts(value.operands[0]).op === trainingOp;
    if (value.op === trainingOp) forms.set(value, constant(answer, "bool"));
    else if (chosen) forms.set(value, operands[answer ? 1 : 2]);
    else if (value.op !== scanOp || !asks(value)) forms.set(value, withOperands(value, operands));
    else forms.set(value, apply(scanOp, operands, { ...value.attrs, body: fixedBody(value, answer, bodies, forms) }));
  }
  return forms;
}

/** The body with its answer, one for all results of the loop. What it holds counts among the forms. */
function fixedBody(
  { attrs }: Value,
  answer: boolean,
  bodies: Map<ScanBody, ScanBody>,
  forms: Map<Value, Value>,
): ScanBody {
  const body = scanBody(attrs);
  const known = bodies.get(body);
  if (known) return known;
  const inner = fixed(postorder(bodyResults(body)), answer, bodies);
  for (const [value, form] of inner) forms.set(value, form);
  const [next, outputs] = [body.next, body.outputs].map((part) => part.map((value) => inner.get(value)!));
  const answered = { ...body, identity: {}, next, outputs };
  bodies.set(body, answered);
  return answered;
}

function movedNotes(
  notes: ReadonlyMap<Value, Note>,
  forms: Readonly<Record<"training" | "inference", ReadonlyMap<Value, Value>>>,
  training: ReadonlySet<Value>,
  inference: ReadonlySet<Value>,
): Map<Value, Note> {
  const moved = new Map<Value, Note>();
  for (const [value, note] of notes) if ((forms.training.get(value) ?? value) === value) moved.set(value, note);
  const taken = new Set([...notes.values()].map(({ name }) => name));
  const give = (value: Value, { name, place }: Note): void => {
    const known = moved.get(value);
    moved.set(value, { ...known, name: known?.name ?? name, place: known?.place ?? place });
  };
  for (const [value, note] of notes) {
    const [trained, used] = [forms.training.get(value), forms.inference.get(value)];
    if (!trained || !used || trained === value) continue;
    const named = training.has(trained) && moved.get(trained)?.name === undefined;
    if (training.has(trained)) give(trained, note);
    if (inference.has(used)) give(used, named ? { ...note, name: freeName(note.name, taken) } : note);
  }
  return moved;
}

/** A name for the form without training of a value that has this name in training. */
function freeName(name: string | undefined, taken: Set<string | undefined>): string | undefined {
  if (name === undefined) return undefined;
  let free = `${name}.inference`;
  for (let count = 1; taken.has(free); count++) free = `${name}.inference_${count}`;
  taken.add(free);
  return free;
}
