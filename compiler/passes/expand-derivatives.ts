/// Puts derivatives in the place of `grad`, `vjp` and `jvp`, innermost first. What is differentiated is stabilised before.
import { pushForward } from "../autodiff/forward.ts";
import { growNotes, isNameable, type GrowingNotes } from "../autodiff/names.ts";
import { differentiate, type Differentiated } from "../autodiff/reverse.ts";
import { scaledSlope } from "../autodiff/scaled.ts";
import type { Pass } from "../pass.ts";
import { atPlace } from "../../ir/diagnostic.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { derivativeTargets, gradOp, isDerivative, vjpOp } from "../../ir/ops/derivative.ts";
import { letter } from "../../ir/ops/leaf.ts";
import { scanBody } from "../../ir/ops/scan.ts";
import { loopsBelow } from "../../ir/print/bodies.ts";
import { postorder, withOperands, type Value } from "../../ir/value.ts";
import { bottomUp, substitution } from "../rewrite/bottom-up.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { isMark, markEraser } from "./erase-marks.ts";
import { replaceValues } from "./replace.ts";
import { seenThrough } from "./seen-through.ts";

/**
 * Makes one rewriting function for values of a graph; values that it has seen are not looked at again. No log hears of what
 * is only `tried`.
 */
export type Stabilizer = (graph: Graph, tried?: boolean) => (value: Value) => Value;

/** What else the pass does. */
export interface ExpansionOptions {
  /** Notes what was derived. */
  readonly log?: DerivationLog;
  /** Leaves marks where they are, for derivatives yet to come: a loop is differentiated after what is inside it. */
  readonly keepMarks?: boolean;
}

/** Expands every derivative of a graph; `stabilizer` makes the rewriting that comes before. */
export function expandDerivativesWith(stabilizer: Stabilizer, options: ExpansionOptions = {}): Pass {
  return {
    name: "expandDerivatives",
    doc: "No derivative placeholder is left: each is the stabilised loss differentiated, innermost first.",
    run(graph) {
      const values = graphValues(graph);
      const placeholders = values.filter(isDerivative);
      const erases = !options.keepMarks && values.some(isMark);
      return placeholders.length === 0 && !erases ? graph : expand(graph, placeholders, stabilizer, options);
    },
  };
}

interface Expansion {
  readonly graph: Graph;
  /** Those of the graph, and those of it cut at a value. */
  readonly placeholders: Value[];
  readonly notes: GrowingNotes;
  readonly stabilizer: Stabilizer;
  readonly log: DerivationLog | undefined;
  /** The stabilisation of the whole graph, shared by all losses. */
  readonly stabilize: (value: Value) => Value;
  /** Values of the graph → values without placeholders. */
  readonly expanded: Map<Value, Value>;
  readonly expandAll: (value: Value) => Value;
}

function expand(
  graph: Graph,
  placeholders: readonly Value[],
  stabilizer: Stabilizer,
  { log, keepMarks = false }: ExpansionOptions,
): Graph {
  const stabilize = stabilizer(graph);
  const expanded = new Map<Value, Value>();
  const notes = growNotes(graph.notes);
  const expandAll = (value: Value): Value =>
    bottomUp(value, expanded, (each, operands) => expandOne(expansion, each, operands));
  const expansion: Expansion = {
    ...{ graph, placeholders: [...placeholders], notes, stabilizer, log, stabilize, expanded, expandAll },
  };
  for (const placeholder of placeholders) expandAll(placeholder);
  nameScaled(expansion);
  log?.expanded(expandAll);
  const finish = keepMarks ? (value: Value): Value => value : markEraser(log);
  return replaceValues({ ...graph, notes: notes.finish() }, (value) => stabilize(finish(expandAll(value))));
}

/** ∂(s·L)/∂w / s is ∂L/∂w, and is called so. */
function nameScaled({ graph, notes, expandAll }: Expansion): void {
  for (const value of graphValues(graph)) {
    const slope = scaledSlope(value);
    const name = slope && graph.notes.get(slope.loss)?.name;
    const target = slope && graph.notes.get(slope.target);
    if (name !== undefined && target) notes.addCotangent(expandAll(value), name, target, false);
  }
}

function expandOne(expansion: Expansion, value: Value, operands: readonly Value[]): Value {
  if (!isDerivative(value)) return withOperands(value, operands);
  return atPlace(expansion.graph.notes.get(value)?.place, () => expandDerivative(expansion, value, operands));
}

function expandDerivative(expansion: Expansion, value: Value, operands: readonly Value[]): Value {
  if (derivativeTargets(value).some((target) => target.op.kind !== "leaf"))
    return expandCut(expansion, value, operands);
  if (value.op === gradOp) {
    expandLoss(expansion, value, operands[0]);
    return expansion.expanded.get(value)!;
  }
  return derivative(value, expansion.stabilize(operands[0]), operands.slice(1), expansion.notes);
}

/** Of the stabilised `y` with respect to leaves; `rest` are the operands after it. */
function derivative({ op }: Value, y: Value, rest: readonly Value[], notes: GrowingNotes): Value {
  if (op === vjpOp) return differentiate(y, [rest[0]], rest[1]).gradients[0];
  const half = rest.length / 2;
  return pushForward(
    y,
    rest.slice(0, half).map((x, position) => [x, rest[half + position]]),
    notes.addTangent,
  );
}

/** All gradients of one loss with respect to leaves, in one go: that of `asked`, which only a note may know, among them. */
function expandLoss(expansion: Expansion, asked: Value, loss: Value): void {
  const { placeholders, expanded, stabilize } = expansion;
  const [original] = asked.operands;
  const isAlike = ({ op, operands }: Value): boolean =>
    op === gradOp && operands[0] === original && operands[1].op.kind === "leaf";
  const wanted = [...new Set([...placeholders.filter(isAlike), asked])];
  const targets = wanted.map((placeholder) => placeholder.operands[1]);
  const differentiated = stabilize(loss);
  const derived = differentiate(differentiated, targets);
  const written = (value: Value): Value | undefined => (value.op.kind === "leaf" ? value : expanded.get(value));
  const taken = { loss: original, differentiated, root: loss, written, stabilize, targets: new Set(targets) };
  noteGradients(expansion, taken, derived.cotangents);
  wanted.forEach((placeholder, position) => {
    expanded.set(placeholder, derived.gradients[position]);
    expansion.notes.addGradient(placeholder, derived.gradients[position]);
  });
}

/**
 * With respect to values between: there the graph is cut, and the values are letters while it is derived. The user's graph
 * is cut, before derivatives within it are expanded, since those need not contain the values any more.
 */
function expandCut(expansion: Expansion, placeholder: Value, operands: readonly Value[]): Value {
  const { expanded, expandAll, placeholders } = expansion;
  const [original] = placeholder.operands;
  const targets = derivativeTargets(placeholder);
  const letters = new Map(targets.map((target) => [target, letter(target.type)]));
  const cut = substitution(letters);
  placeholders.push(...postorder([cut(original)]).filter(isDerivative));
  const stabilize = expansion.stabilizer(expansion.graph);
  const root = expandAll(cut(original));
  const differentiated = stabilize(root);
  const restore = substitution(
    new Map(
      targets.map((target, position) => [letters.get(target)!, expansion.stabilize(operands[1 + position])] as const),
    ),
  );
  if (placeholder.op !== gradOp) {
    const rest = operands.slice(1 + targets.length);
    const all = [...targets.map((each) => letters.get(each)!), ...rest];
    return restore(derivative(placeholder, differentiated, all, expansion.notes));
  }
  const derived = differentiate(differentiated, [...letters.values()]);
  const cotangents = new Map([...derived.cotangents].map(([value, cotangent]) => [value, restore(cotangent)]));
  const written = (value: Value): Value | undefined => {
    const known = cut(value);
    return known.op.kind === "leaf" ? known : expanded.get(known);
  };
  const taken = { loss: original, differentiated, root, written, stabilize, targets: new Set(letters.values()) };
  noteGradients(expansion, taken, cotangents);
  const gradient = restore(derived.gradients[0]);
  expansion.notes.addGradient(placeholder, gradient);
  return gradient;
}

/** What was differentiated. */
interface Taken {
  /** As the graph has it, and rewritten as it was differentiated. */
  readonly loss: Value;
  readonly differentiated: Value;
  readonly targets: ReadonlySet<Value>;
  /** The loss without placeholders, and what else of the graph is: `stabilize` makes `differentiated` of it. */
  readonly root: Value;
  readonly written: (value: Value) => Value | undefined;
  readonly stabilize: (value: Value) => Value;
}

/** What steps hand on → the carries in which the next step finds it: a name for what has none. */
function carriesOf(values: readonly Value[]): ReadonlyMap<Value, Value> {
  return new Map(
    loopsBelow(values).flatMap(({ attrs }) => {
      const { next, carries } = scanBody(attrs);
      return next.map((value, index) => [value, carries[index]] as const);
    }),
  );
}

/** Names the cotangents, and logs what was derived. */
function noteGradients(
  { graph, notes, log, stabilize, stabilizer }: Expansion,
  taken: Taken,
  cotangents: Differentiated["cotangents"],
): void {
  const { loss, differentiated, targets } = taken;
  const lossName = graph.notes.get(loss)?.name ?? "objective";
  const image = (value: Value): Value | undefined => {
    const written = taken.written(value);
    return written && taken.stabilize(written);
  };
  const within = new Set(postorder([differentiated]));
  notes.addDifferentiated((value) => within.has(value) || within.has(stabilize(value)));
  const partial = partlyDerived(graph, taken, stabilizer(graph, true));
  const forward = new Map<Value, Value>();
  for (const value of graph.notes.keys()) {
    const became = image(value);
    const isKnown = became && forward.has(became);
    const says = graph.notes.get(value)?.name !== undefined && !partial.has(value);
    if (became && (!isKnown || says)) forward.set(became, value);
  }
  for (const [became, value] of forward) notes.addForward(became, graph.notes.get(value)!);
  const handedOn = carriesOf([...cotangents.keys()]);
  // A cotangent gives its place to what it is made of: the others among that have theirs by then.
  const order = new Map(postorder([...cotangents.values()]).map((each, position) => [each, position]));
  const inOrder = [...cotangents].sort(([, a], [, b]) => order.get(a)! - order.get(b)!);
  for (const [value, cotangent] of inOrder) {
    const known = graph.notes.get(forward.get(value) ?? value);
    const note = known?.name === undefined ? (graph.notes.get(handedOn.get(value)!) ?? known) : known;
    if (!note || !isNameable(cotangent)) continue;
    // A part of a derivative has a place, and no name.
    const shown = partial.has(forward.get(value) ?? value) ? { place: note.place } : note;
    notes.addCotangent(cotangent, lossName, shown, targets.has(value));
  }
  log?.differentiated({ loss, differentiated, cotangents, forward: image, partial });
}

/** Named values of which readers have been rewritten so that they read what the value is made of: not all of its derivative arrives. */
function partlyDerived(
  { notes }: Graph,
  { root, written, stabilize }: Taken,
  rewrite: (value: Value) => Value,
): ReadonlySet<Value> {
  const names = [...notes].flatMap(([value, { name }]) => {
    const known = name === undefined ? undefined : written(value);
    return known ? [[value, known] as const] : [];
  });
  const seen = seenThrough({ root, image: stabilize, rewrite }, new Set(names.map(([, known]) => known)));
  return new Set(names.flatMap(([value, known]) => (seen.has(known) ? [value] : [])));
}
