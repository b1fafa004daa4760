/// What the graph says about its inputs beyond their type.
import type { Dim } from "./dim.ts";
import type { Graph, Note } from "./graph.ts";
import { div } from "./ops/arithmetic.ts";
import { castOp, selectOp } from "./ops/choose.ts";
import { equal } from "./ops/compare.ts";
import { log } from "./ops/functions.ts";
import { batchAxes, gatherOp } from "./ops/gather.ts";
import { inputOp, iotaOp } from "./ops/leaf.ts";
import { broadcastOp, sumOp, type BroadcastAttrs } from "./ops/sum.ts";
import { isFloat } from "./type.ts";
import { underLayouts, type Value } from "./value.ts";

/** Labels compared with the class indices along one axis: it holds at one place of each row, if the label is a class. */
export interface ClassComparison {
  /** The label as it is compared, the same along `axis`. */
  readonly label: Value;
  readonly axis: number;
  readonly classes: Dim;
}

/** Reads `equal(iota, label)`, where the label does not vary along the axis that iota counts: two ways for a diagonal. */
export function classComparisons(value: Value): readonly ClassComparison[] {
  if (value.op !== equal.op) return [];
  return value.operands.flatMap((indices, side) => {
    const label = value.operands[1 - side];
    const axis = indices.attrs.axis as number;
    if (indices.op !== iotaOp || !isSameAlong(label, axis)) return [];
    return [{ label, axis, classes: indices.type.shape[axis] }];
  });
}

/** The first reading of a comparison with class indices. */
export function classComparison(value: Value): ClassComparison | undefined {
  return classComparisons(value)[0];
}

function isSameAlong(value: Value, axis: number): boolean {
  if (value.op === iotaOp) return value.attrs.axis !== axis;
  if (value.op !== broadcastOp) return value.constant && value.op.kind === "leaf";
  const from = (value.attrs as unknown as BroadcastAttrs).axes.indexOf(axis);
  return from < 0 || value.operands[0].type.shape[from] === 1;
}

/** The input of integers that the label is, under layouts. */
export function labelInput({ label }: ClassComparison): Value | undefined {
  const leaf = underLayouts(label);
  return leaf.op === inputOp && (leaf.type.dtype === "i32" || leaf.type.dtype === "u32") ? leaf : undefined;
}

/** A comparison that is counted with, `cast(equal(iota, label), f32)`: a one-hot. A mask stays boolean. */
function oneHotComparison(value: Value): ClassComparison | undefined {
  return value.op === castOp && isFloat(value.type.dtype) ? classComparison(value.operands[0]) : undefined;
}

/**
 * What the operand of a logarithm picks from each row: a gather of one entry, or a sum of where(index = label, p, 0). A
 * label that is no class picks 0, and the loss would be ∞: it is an error as it is with a one-hot.
 */
function pickedComparison(value: Value): ClassComparison | undefined {
  if (value.op !== log.op) return undefined;
  const operand = underLayouts(value.operands[0]);
  const picked = operand.op === div.op ? underLayouts(operand.operands[1]) : operand;
  const [x, indices] = picked.operands;
  if (picked.op === sumOp) return x.op === selectOp ? classComparison(x.operands[0]) : undefined;
  if (picked.op !== gatherOp || batchAxes(picked.attrs) !== x.type.shape.length - 1) return undefined;
  const axis = x.type.shape.length - 1;
  return { label: indices, axis, classes: x.type.shape[axis] };
}

/**
 * The notes of a model, with the numbers of classes of each input that it makes one-hots of. Noted before anything is
 * rewritten, because rules may trust what the runtime checks, and their results no longer tell a one-hot from a mask.
 */
export function noteClasses(notes: Graph["notes"], values: Iterable<Value>): Graph["notes"] {
  const result = new Map<Value, Note>(notes);
  for (const value of values) {
    const found = oneHotComparison(value) ?? pickedComparison(value);
    const input = found && labelInput(found);
    if (!found || !input) continue;
    const note = result.get(input);
    const classes = [...new Set([...(note?.classes ?? []), found.classes])];
    result.set(input, { ...note, classes });
  }
  return result;
}

/** How many classes the labels in an input are checked for, once for each comparison in `values` that the model noted. */
export function classExtents(input: Value, values: Iterable<Value>, notes: Graph["notes"]): readonly Dim[] {
  const noted = notes.get(input)?.classes ?? [];
  const extents = new Set<Dim>();
  for (const value of noted.length > 0 ? values : []) {
    const found = classComparison(value);
    if (found && labelInput(found) === input && noted.includes(found.classes)) extents.add(found.classes);
  }
  return [...extents];
}
