/// What the tensors are called that forward leaves to backward: a name of the model, or a formula of what has one.
import type { Graph } from "../ir/graph.ts";
import { selectOp } from "../ir/ops/choose.ts";
import { gatherOp } from "../ir/ops/gather.ts";
import { argmaxOp, argminOp } from "../ir/ops/reduce.ts";
import { printValue } from "../ir/print.ts";
import { postorder, same, underLayouts, type Value } from "../ir/value.ts";
import { descend } from "./cluster/descend.ts";
import { keepsHistory, loopTensor } from "./cluster/loop.ts";
import { nounOf } from "./lower/kernel.ts";

/** What a tensor is called. */
export interface KeptName {
  /** A name of the model, a letter that later formulas refer to, or the formula itself. */
  readonly name: string;
  /** What the letter stands for. */
  readonly formula?: string;
}

/** A formula of more values than this, or of more characters, is told in words. */
const [mostValues, longest] = [24, 90] as const;

/** Names of tensors, in order of computation: what has no name in the model has a letter, if a later one reads it. */
export function nameKept(kept: readonly Value[], { notes }: Graph): ReadonlyMap<Value, KeptName> {
  const names = new Map<Value, string>();
  for (const [value, { name }] of notes) if (name !== undefined) names.set(value, name);
  for (const value of kept) {
    const carry = carryOf(value);
    if (carry && !names.has(value)) names.set(value, `every ${names.get(carry) ?? "carry"}`);
  }
  const unnamed = kept.filter((value) => !names.has(value));
  const stops = new Set([...names.keys(), ...unnamed]);
  const read = new Set(unnamed.flatMap((value) => directlyUnder(value, stops)));
  const letters = lettersBeside(new Set(names.values()));
  const found = new Map<Value, KeptName>();
  for (const value of kept) {
    const name = names.get(value);
    if (name !== undefined) {
      found.set(value, { name });
      continue;
    }
    const formula = placeNamed(value, kept, names) ?? formulaOf(value, names);
    const letter = read.has(value) ? letters() : undefined;
    found.set(value, letter === undefined ? { name: formula } : { name: letter, formula });
    if (letter !== undefined) names.set(value, letter);
  }
  return found;
}

/** `place of first`, for where each element of `first` was found, also where some are none because of a condition. */
function placeNamed(value: Value, kept: readonly Value[], names: ReadonlyMap<Value, string>): string | undefined {
  const under = underLayouts(value);
  const place = (under.op === selectOp ? under.operands.slice(1) : [under])
    .map(underLayouts)
    .find(({ op }) => op === argmaxOp || op === argminOp);
  const found = kept.find(
    ({ op, operands }) => place && op === gatherOp && operands.slice(1).some((each) => same(underLayouts(each), place)),
  );
  const name = found && names.get(found);
  return name === undefined ? undefined : `place of ${name}`;
}

/** The carry that a tensor keeps all of. */
export function carryOf(value: Value): Value | undefined {
  if (value.op.kind !== "scan") return undefined;
  const { loop, tensor } = loopTensor(value);
  const carry = loop.body.carries.at(tensor);
  return carry && keepsHistory(loop, tensor) ? carry : undefined;
}

/**
 * The formula of a value if it has at most `room` characters, otherwise what it is of: `root of first`. Tensors of loops
 * have no formula.
 */
export function formulaOf(value: Value, names: ReadonlyMap<Value, string>, room: number = longest): string {
  const stops = new Set(names.keys());
  const isPrintable = postorder([value]).every(({ op }) => op.kind !== "scan");
  if (isPrintable && sizeOf(value, stops) <= mostValues) {
    const text = printValue(value, names).replace(/`(v\d+)`/g, "$1");
    if (text.length <= room) return text;
  }
  const under = new Set(directlyUnder(value, stops).map((each) => names.get(each)!));
  return under.size > 0 ? `${nounOf(value)} of ${[...under].join(", ")}` : nounOf(value);
}

/** The nearest values that a value is computed from and that are among `stops`. */
function directlyUnder(value: Value, stops: ReadonlySet<Value>): readonly Value[] {
  const found: Value[] = [];
  descend(value.operands, (each) => {
    if (stops.has(each)) found.push(each);
    return !stops.has(each);
  });
  return found;
}

/** How many values a formula mentions: what is used twice is written twice. */
function sizeOf(value: Value, stops: ReadonlySet<Value>): number {
  const known = new Map<Value, number>([...stops].map((each) => [each, 1]));
  known.delete(value);
  const size = (each: Value): number => {
    const count = known.get(each) ?? each.operands.reduce((total, operand) => total + size(operand), 1);
    known.set(each, count);
    return count;
  };
  return size(value);
}

/** `v1`, `v2`…, without those that are taken. */
function lettersBeside(taken: ReadonlySet<string>): () => string {
  let count = 0;
  return () => {
    do count++;
    while (taken.has(`v${count}`));
    return `v${count}`;
  };
}
