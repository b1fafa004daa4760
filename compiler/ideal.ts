/// The bytes of a call whose kernels are its contractions alone, with everything else inside of them: what kernels bind
/// is measured against that.
import { entryPointRoots, type EntryPoint } from "../ir/graph.ts";
import { scanBody } from "../ir/ops/scan.ts";
import { inputOp, stateOp } from "../ir/ops/leaf.ts";
import { isFloat } from "../ir/type.ts";
import { postorder, usersOf, type OpKind, type Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import { attendOp, attentionOf } from "./cluster/attention.ts";
import type { Stored } from "./half.ts";
import { places, sourcesOf } from "./passes/sources.ts";

type Bytes = (value: Value) => number;

/**
 * Operands and results of every contraction, weights counted for each that reads them; states once, since what is read
 * and written in place is bound once; inputs and outputs once. Sizes are bound, and composites in the form that kernels
 * take. With `stored`, which knows the values of this graph, what is in half precision takes half; what follows from a loop
 * is counted whole.
 */
export function idealBytes(entry: EntryPoint, stored?: Pick<Stored, "halves" | "wide">): number {
  const values = postorder(entryPointRoots(entry));
  const leaves = values.filter(({ op }) => op === inputOp || op === stateOp);
  const tensors = [...leaves, ...entry.updates.map(({ state }) => state), ...entry.outputs.map(({ value }) => value)];
  const halves = stored && halvesAmong(values, entry, stored);
  const bytes: Bytes = (value) => bytesOf(value, halves);
  return contractionBytes(values, bytes) + sum([...new Set(tensors)].map((each) => bytesOf(each)));
}

/** Tensors in half precision, and what kernels turn into such before they write it. */
function halvesAmong(
  values: readonly Value[],
  { outputs, updates }: EntryPoint,
  { halves, wide }: Pick<Stored, "halves" | "wide">,
): ReadonlySet<Value> {
  const users = usersOf(values);
  const whole = new Set([...wide.keys(), ...[...outputs, ...updates].map(({ value }) => value)]);
  const found = new Set(halves);
  for (const value of values.toReversed()) {
    if (value.op.kind === "leaf" || whole.has(value) || !isFloat(value.type.dtype)) continue;
    const becomes = users.get(value)?.some((user) => expressions.includes(user.op.kind) && found.has(user));
    if (becomes) found.add(value);
  }
  return found;
}

/** Of each contraction, those of loops once for every place. */
function contractionBytes(values: readonly Value[], bytes: Bytes): number {
  const bodies = new Map(values.filter(({ op }) => op.kind === "scan").map(({ attrs }) => bodyOf(attrs)));
  const inside = [...bodies.values()].map(({ length, next, outputs }) => {
    return (length as number) * contractionBytes(postorder([...next, ...outputs]), bytes);
  });
  const own = values
    .filter(({ op }) => op.kind === "contraction")
    .map((value) => sum(value.operands.map((each) => operandBytes(each, bytes))) + bytes(value));
  return sum([...own, ...inside, ...attentionBytes(values, bytes)]);
}

/** Of attention in blocks: operands once for all results of a kernel. */
function attentionBytes(values: readonly Value[], bytes: Bytes): readonly number[] {
  const results = values.filter(({ op }) => op === attendOp);
  const kernels = new Map(results.map((value) => [attentionOf(value.attrs).attention, value]));
  const operands = [...kernels.values()].flatMap((kernel) => kernel.operands);
  return [...results.map(bytes), ...operands.map((each) => operandBytes(each, bytes))];
}

const bodyOf = (attrs: Value["attrs"]) => {
  const body = scanBody(attrs);
  return [body.identity, body] as const;
};

/** What a kernel computes while it reads. */
const expressions: readonly OpKind[] = [...places, "elementwise", "gather"];

/**
 * An operand is the tensor that is read: the windows of a padded image are the image. Where a tensor is computed from
 * smaller ones, it is those: rows of a one-hot are class numbers.
 */
function operandBytes(operand: Value, bytes: Bytes): number {
  const read = [...sourcesOf(operand, places)].map((each) =>
    Math.min(bytes(each), sum([...sourcesOf(each, expressions)].map(bytes))),
  );
  return Math.min(bytes(operand), sum(read));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
