/// The graphs of a loop: what is computed before the first place, and what at each. Letters of the body become rows of
/// tensors, and results become rows of others.
import type { Graph, Note } from "../ir/graph.ts";
import { copyOp } from "../ir/ops/choose.ts";
import { letter } from "../ir/ops/leaf.ts";
import { scanLetters } from "../ir/ops/scan.ts";
import { apply, postorder, type Value } from "../ir/value.ts";
import {
  carryRows,
  isNumber,
  loopOp,
  loopTensor,
  placeIndex,
  placeOp,
  rowOf,
  tensorUnder,
  type Loop,
} from "./cluster/loop.ts";
import { constantIndex, type Index } from "./lower/index.ts";
import type { Target } from "./lower/kernel.ts";
import { substitution } from "./rewrite/bottom-up.ts";
import { addTarget } from "./targets.ts";

/** Values to compute, and the rows that they become. */
export type Rows = ReadonlyMap<Value, readonly Target[]>;

/** A loop, ready to be planned. */
export interface LoopGraph {
  readonly times: number;
  readonly reverse: boolean;
  readonly first: Rows;
  readonly each: Rows;
  /** Leaves of these graphs → the tensors around the loop that they stand for. */
  readonly aliases: ReadonlyMap<Value, Value>;
  /** Every tensor that the loop writes. */
  readonly tensors: readonly Value[];
  readonly notes: Graph["notes"];
}

/** The graphs of the loop whose tensors `members` are; carries that nobody reads are computed all the same. */
export function loopGraph(members: readonly Value[], notes: Graph["notes"]): LoopGraph {
  const { loop } = loopTensor(members[0]);
  const { body, rows } = loop;
  const { operands } = members[0];
  const aliases = new Map<Value, Value>();
  const names = new Map<Value, Note>(notes);
  const standIn = createStandIns(aliases, names);
  const tensors = body.carries.map((_, tensor) => apply(loopOp, operands, { loop, tensor }));
  const carries = tensors.map((tensor, index) => standIn(tensor, names.get(body.carries[index])?.name ?? "carry"));
  const ways = body.carries.map((_, index) => carryRows(loop, index));
  const step = bodyOf(loop, operands, standIn, carries);
  const each = createRows();
  body.next.forEach((value, index) => each.add(written(step(value)), carries[index], ways[index].written));
  for (const member of members) {
    const { tensor } = loopTensor(member);
    if (tensor < rows.length) continue;
    tensors.push(member);
    const output = body.outputs[tensor - rows.length];
    each.add(written(step(output)), standIn(member, names.get(member)?.name ?? "outputs"), placeIndex(loop));
  }
  // What the body's values were called, those in their place are called.
  for (const value of postorder([...body.next, ...body.outputs])) {
    const [note, image] = [names.get(value), step(value)];
    if (note && image !== value && !names.has(image)) names.set(image, note);
  }
  const first = createRows();
  body.carries.forEach((_, index) => {
    const start = operands[index];
    const value = apply(copyOp, [within(start, standIn, "start")]);
    first.add(value, carries[index], constantIndex(ways[index].first));
  });
  const times = body.length as number;
  return { times, reverse: body.reverse, first: first.all, each: each.all, aliases, tensors, notes: names };
}

/** A result that is a leaf, or a tensor of a loop within, is copied. */
const written = (value: Value): Value =>
  value.op.kind === "leaf" || value.op.kind === "scan" ? apply(copyOp, [value]) : value;

type StandIn = (tensor: Value, name: string) => Value;

/** Leaves that stand for tensors around the loop, one for each. */
function createStandIns(aliases: Map<Value, Value>, names: Map<Value, Note>): StandIn {
  const known = new Map<Value, Value>();
  return (tensor, name) => {
    const leaf = known.get(tensor) ?? letter(tensor.type);
    if (known.has(tensor)) return leaf;
    known.set(tensor, leaf);
    aliases.set(leaf, tensor);
    const note = names.get(tensor);
    names.set(leaf, { ...note, name: note?.name ?? name });
    return leaf;
  };
}

/** An operand as the kernels of a loop have it: layouts over a leaf that stands for a tensor. */
function within(operand: Value, standIn: StandIn, name: string): Value {
  const tensor = tensorUnder(operand);
  if (isNumber(tensor)) return operand;
  return substitution(new Map([[tensor, standIn(tensor, name)]]))(operand);
}

/** The body with rows in the place of its letters. */
function bodyOf(
  loop: Loop,
  operands: readonly Value[],
  standIn: StandIn,
  carries: readonly Value[],
): (value: Value) => Value {
  const { body } = loop;
  const place = placeIndex(loop);
  const replaced = new Map<Value, Value>([[body.position, apply(placeOp, [], { extent: body.length })]]);
  scanLetters(body).forEach((each, position) => {
    const operand = operands[position];
    const tensor = within(operand, standIn, "captured");
    if (position < carries.length) {
      replaced.set(each, rowOf(carries[position], carryRows(loop, position).read));
    } else if (position < carries.length + body.elements.length) replaced.set(each, rowOf(tensor, place));
    else replaced.set(each, tensor);
  });
  return substitution(replaced);
}

function createRows() {
  const all = new Map<Value, Target[]>();
  return {
    all,
    add(value: Value, tensor: Value, at: Index): void {
      addTarget(all, value, (taken) => ({ value: taken, row: { tensor, at } }));
    },
  };
}
