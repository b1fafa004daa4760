/// What loops repeat, to be checked by itself: a step on letters, whose numbers are those of the loop's last step.
import { addDims, type Dim } from "../../ir/dim.ts";
import type { Graph } from "../../ir/graph.ts";
import { isDerivative, suppliedDerivative } from "../../ir/ops/derivative.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { inputOp, sizeValue } from "../../ir/ops/leaf.ts";
import { sliceTo } from "../../ir/ops/pad.ts";
import {
  bodyResults,
  scanBody,
  scanLetters,
  scanOp,
  scanValues,
  withBodies,
  type ScanBody,
} from "../../ir/ops/scan.ts";
import type { TensorType } from "../../ir/type.ts";
import { apply, postorder, type Value } from "../../ir/value.ts";
import { substitution } from "../rewrite/bottom-up.ts";

/** A new leaf of a type, which takes the numbers of something else. */
export function standIn({ dtype, shape }: TensorType): Value {
  return apply(inputOp, [], { identity: { name: "target", dtype, shape } });
}

/** The values of a graph, or of a step of one of its loops. */
export interface Scene {
  readonly values: readonly Value[];
  readonly notes: Graph["notes"];
  /** Leaves of a step → the values of the graph whose numbers they take. */
  readonly fed: ReadonlyMap<Value, Value>;
}

/** A graph's values, and those of the step of each loop that contains a derivative, loops within loops included. */
export function scenesOf(values: readonly Value[], notes: Graph["notes"]): readonly Scene[] {
  return withSteps({ values, notes, fed: new Map() });
}

function withSteps(scene: Scene): readonly Scene[] {
  const bodies = new Set<object>();
  const steps = scene.values.flatMap((value) => {
    if (value.op !== scanOp) return [];
    const body = scanBody(value.attrs);
    if (bodies.has(body.identity) || !withBodies(bodyResults(body)).some(isChecked)) return [];
    bodies.add(body.identity);
    return withSteps(stepOf(body, value.operands, scene));
  });
  return [scene, ...steps];
}

const isChecked = (value: Value): boolean => isDerivative(value) || suppliedDerivative(value) !== undefined;

/** True when a derivative is left below a value, or within a loop there. */
export function containsDerivative(value: Value): boolean {
  return withBodies([value]).some(isDerivative);
}

/** The body on leaves, and what they are at the last step. */
function stepOf(body: ScanBody, operands: readonly Value[], around: Scene): Scene {
  const letters = [...scanLetters(body), body.position];
  const leaves = new Map(letters.map((letter) => [letter, standIn(letter.type)]));
  const known = substitution(around.fed);
  const last = atLastStep(body, operands);
  const fed = new Map(letters.map((letter, place) => [leaves.get(letter)!, known(last[place])]));
  const cut = substitution(leaves);
  const results = bodyResults(body);
  const values = postorder(results.map(cut));
  const notes = new Map(around.notes);
  for (const value of postorder(results)) {
    const note = around.notes.get(value);
    if (note) notes.set(cut(value), note);
  }
  return { values, notes, fed };
}

/** What the letters of a body, and its position, stand for at the last step. */
function atLastStep(body: ScanBody, operands: readonly Value[]): readonly Value[] {
  const place: Dim = body.reverse ? 0 : addDims(body.length, -1);
  const row = (sequence: Value): Value => {
    const { shape } = sequence.type;
    const part = sliceTo(sequence, {
      starts: shape.map((_, axis) => (axis === 0 ? place : 0)),
      limits: shape.map((extent, axis) => (axis === 0 ? addDims(place, 1) : extent)),
      strides: shape.map(() => 1),
    });
    return reshapeTo(part, shape.slice(1));
  };
  const { carries, elements } = body;
  const results = scanValues(body, operands);
  return [
    ...carries.map((_, index) => row(results.history(index))),
    ...elements.map((_, index) => row(operands[carries.length + index])),
    ...operands.slice(carries.length + elements.length),
    sizeValue(place, "i32"),
  ];
}
