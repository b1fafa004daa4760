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

/** Where elements lie: what is read through it is the tensor under it. */
const places: readonly OpKind[] = ["layout", "piecewise"];

/** What a kernel computes while it reads. */
const expressions: readonly OpKind[] = [...places, "elementwise", "gather"];

/**
 * An operand is the tensor that is read: the windows of a padded image are the image. Where a tensor is computed from
 * smaller ones, it is those: rows of a one-hot are class numbers.
 */
function operandBytes(operand: Value): number {
  const read = [...sourcesOf(operand, places)].map((each) =>
    Math.min(bytesOf(each), sum([...sourcesOf(each, expressions)].map(bytesOf))),
  );
  return Math.min(bytesOf(operand), sum(read));
}

/** The values that another is made of by ops of these kinds; constants are written into kernels. */
function sourcesOf(root: Value, kinds: readonly OpKind[]): ReadonlySet<Value> {
  const sources = new Set<Value>();
  const seen = new Set([root]);
  for (const value of seen) {
    if (value.constant) continue;
    if (!kinds.includes(value.op.kind)) sources.add(value);
    else for (const each of value.operands) seen.add(each);
  }
  return sources;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
