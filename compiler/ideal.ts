/// The bytes of a call whose kernels are its contractions alone, with everything else inside of them: what kernels bind
/// is measured against that.
import { entryPointRoots, type EntryPoint } from "../ir/graph.ts";
import { scanBody } from "../ir/ops/scan.ts";
import { inputOp, stateOp } from "../ir/ops/leaf.ts";
import { elementCount } from "../ir/type.ts";
import { postorder, type OpKind, type Value } from "../ir/value.ts";
import { attendOp, attentionOf } from "./cluster/attention.ts";

const bytesOf = ({ type }: Value): number => 4 * (elementCount(type.shape) as number);

/**
 * Operands and results of every contraction, weights counted for each that reads them; states once, since what is read
 * and written in place is bound once; inputs and outputs once. Sizes are bound, and composites in the form that kernels
 * take.
 */
export function idealBytes(entry: EntryPoint): number {
  const values = postorder(entryPointRoots(entry));
  const leaves = values.filter(({ op }) => op === inputOp || op === stateOp);
  const tensors = [...leaves, ...entry.updates.map(({ state }) => state), ...entry.outputs.map(({ value }) => value)];
  return contractionBytes(values) + sum([...new Set(tensors)].map(bytesOf));
}

/** Of each contraction, those of loops once for every place. */
function contractionBytes(values: readonly Value[]): number {
  const bodies = new Map(values.filter(({ op }) => op.kind === "scan").map(({ attrs }) => bodyOf(attrs)));
  const inside = [...bodies.values()].map(({ length, next, outputs }) => {
    return (length as number) * contractionBytes(postorder([...next, ...outputs]));
  });
  const own = values
    .filter(({ op }) => op.kind === "contraction")
    .map((value) => sum(value.operands.map(operandBytes)) + bytesOf(value));
  return sum([...own, ...inside, ...attentionBytes(values)]);
}

/** Of attention in blocks: operands once for all results of a kernel. */
function attentionBytes(values: readonly Value[]): readonly number[] {
  const results = values.filter(({ op }) => op === attendOp);
  const kernels = new Map(results.map((value) => [attentionOf(value.attrs).attention, value]));
  return [...results.map(bytesOf), ...[...kernels.values()].flatMap(({ operands }) => operands.map(operandBytes))];
}

const bodyOf = (attrs: Value["attrs"]) => {
  const body = scanBody(attrs);
  return [body.identity, body] as const;
};

/** What a kernel computes while it reads. */
const expressions: readonly OpKind[] = ["elementwise", "layout", "piecewise", "gather"];

/**
 * An operand is read as it is, or as the tensors that it is computed from where these are smaller: the windows of an
 * image are the image, and rows of a one-hot are class numbers.
 */
function operandBytes(operand: Value): number {
  const sources = new Set<Value>();
  const seen = new Set<Value>();
  const pending = [operand];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (seen.has(value) || value.constant) continue;
    seen.add(value);
    if (expressions.includes(value.op.kind)) pending.push(...value.operands);
    else sources.add(value);
  }
  return Math.min(bytesOf(operand), sum([...sources].map(bytesOf)));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
