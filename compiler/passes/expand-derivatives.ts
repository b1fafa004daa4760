/// Puts derivatives in the place of `grad`, innermost first. What is differentiated is stabilised before.
import { growNotes, type GrowingNotes } from "../autodiff/names.ts";
import { differentiate } from "../autodiff/reverse.ts";
import type { Pass } from "../pass.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { gradOp } from "../../ir/ops/derivative.ts";
import { apply, withOperands, type LeafOp, type Value } from "../../ir/value.ts";
import type { TensorType } from "../../ir/type.ts";
import { bottomUp, substitution } from "../rewrite/bottom-up.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { replaceValues } from "./replace.ts";

/** Makes one rewriting function; values that it has seen are not looked at again. */
export type Stabilizer = () => (value: Value) => Value;

/** Expands every `grad` of a graph; `stabilizer` makes the rewriting that comes before. `log` notes what was derived. */
export function expandDerivativesWith(stabilizer: Stabilizer, log?: DerivationLog): Pass {
  return {
    name: "expandDerivatives",
    doc: "No derivative placeholder is left: each is the stabilised loss differentiated, innermost first.",
    run(graph) {
      const placeholders = graphValues(graph).filter((value) => value.op === gradOp);
      return placeholders.length === 0 ? graph : expand(graph, placeholders, stabilizer, log);
    },
  };
}

interface Expansion {
  readonly graph: Graph;
  readonly placeholders: readonly Value[];
  readonly notes: GrowingNotes;
  readonly stabilizer: Stabilizer;
  readonly log: DerivationLog | undefined;
  /** The stabilisation of the whole graph, shared by all losses. */
  readonly stabilize: (value: Value) => Value;
  /** Values of the graph → values without placeholders. */
  readonly expanded: Map<Value, Value>;
}

function expand(
  graph: Graph,
  placeholders: readonly Value[],
  stabilizer: Stabilizer,
  log: DerivationLog | undefined,
): Graph {
  const stabilize = stabilizer();
  const expanded = new Map<Value, Value>();
  const notes = growNotes(graph.notes);
  const expansion: Expansion = { graph, placeholders, notes, stabilizer, log, stabilize, expanded };
  const expandOne = (value: Value, operands: readonly Value[]): Value => {
    if (value.op !== gradOp) return withOperands(value, operands);
    expandLoss(expansion, value.operands[0], operands[0]);
    return expanded.get(value) ?? expandIntermediate(expansion, value, operands[0], operands[1]);
  };
  for (const placeholder of placeholders) bottomUp(placeholder, expanded, expandOne);
  const replace = (value: Value): Value => bottomUp(value, expanded, expandOne);
  return replaceValues({ ...graph, notes: notes.finish() }, (value) => stabilize(replace(value)));
}

/** All gradients of one loss with respect to leaves, in one go. */
function expandLoss(expansion: Expansion, original: Value, loss: Value): void {
  const { placeholders, expanded, stabilize } = expansion;
  const wanted = placeholders.filter(({ operands }) => operands[0] === original && operands[1].op.kind === "leaf");
  if (wanted.length === 0 || expanded.has(wanted[0])) return;
  const targets = wanted.map((placeholder) => placeholder.operands[1]);
  const differentiated = stabilize(loss);
  const { gradients, cotangents } = differentiate(differentiated, targets);
  nameCotangents(expansion, original, cotangents, new Set(targets), stabilize);
  logDerivative(expansion, original, differentiated, cotangents, stabilize);
  wanted.forEach((placeholder, position) => {
    expanded.set(placeholder, gradients[position]);
    expansion.notes.addGradient(placeholder, gradients[position]);
  });
}

/** A gradient with respect to a value between: there the graph is cut, and the value is a letter while it is derived. */
function expandIntermediate(expansion: Expansion, placeholder: Value, loss: Value, target: Value): Value {
  const letter = apply(letterOp, [], { identity: target.type });
  const cut = substitution(new Map([[target, letter]]));
  const stabilize = expansion.stabilizer();
  const differentiated = stabilize(cut(loss));
  const derived = differentiate(differentiated, [letter]);
  const restore = substitution(new Map([[letter, expansion.stabilize(target)]]));
  const cotangents = new Map([...derived.cotangents].map(([value, cotangent]) => [value, restore(cotangent)]));
  const image = (value: Value): Value => stabilize(cut(value));
  nameCotangents(expansion, placeholder.operands[0], cotangents, new Set([letter]), image);
  logDerivative(expansion, placeholder.operands[0], differentiated, cotangents, image);
  const gradient = restore(derived.gradients[0]);
  expansion.notes.addGradient(placeholder, gradient);
  return gradient;
}

/** Stands for a value at which the graph is cut. */
const letterOp: LeafOp = {
  name: "letter",
  doc: "Stands for a value at which the graph is cut while a derivative with respect to it is taken.",
  kind: "leaf",
  structural: false,
  infer: (_, attrs) => attrs.identity as TensorType,
};

function logDerivative(
  { log, expanded }: Expansion,
  loss: Value,
  differentiated: Value,
  cotangents: ReadonlyMap<Value, Value>,
  image: (value: Value) => Value,
): void {
  const forward = (value: Value): Value | undefined => {
    const known = value.op.kind === "leaf" ? value : expanded.get(value);
    return known && image(known);
  };
  log?.differentiated({ loss, differentiated, cotangents, forward });
}

/** `differentiated` says which value of the derived graph a value of the user's graph became. */
function nameCotangents(
  { graph, notes, expanded }: Expansion,
  loss: Value,
  cotangents: ReadonlyMap<Value, Value>,
  targets: ReadonlySet<Value>,
  differentiated: (value: Value) => Value,
): void {
  const lossName = graph.notes.get(loss)?.name ?? "objective";
  const forward = new Map<Value, Value>();
  for (const value of graph.notes.keys()) {
    const known = value.op.kind === "leaf" ? value : expanded.get(value);
    if (!known) continue;
    const image = differentiated(known);
    if (!forward.has(image) || graph.notes.get(value)?.name !== undefined) forward.set(image, value);
  }
  for (const [value, cotangent] of cotangents) {
    const note = graph.notes.get(forward.get(value) ?? value);
    if (note && cotangent.op.kind !== "leaf") notes.addCotangent(cotangent, lossName, note, targets.has(value));
  }
}
