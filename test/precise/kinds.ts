/// How each kind of op computes with many digits. Elements are moved where the op says; what is computed is computed by
/// formulas of its own.
import { makeKernel } from "../../ir/evaluate/kernels.ts";
import { countOf, indexColumns, offsetsAlong } from "../../ir/evaluate/indices.ts";
import type { Dim } from "../../ir/dim.ts";
import { operandAxes, type ContractAttrs } from "../../ir/ops/contract.ts";
import { suppliedOp } from "../../ir/ops/derivative.ts";
import { constantOp, iotaOp, settingOp, sizeOp, type SettingIdentity } from "../../ir/ops/leaf.ts";
import { keptAxes } from "../../ir/ops/sum.ts";
import type { ElementwiseOp, Value } from "../../ir/value.ts";
import { preciseCast, preciseFunctions } from "./functions.ts";
import { unknown, type Arithmetic, type Precise } from "./number.ts";
import { inOrder, repeated, running } from "./ordered.ts";
import { argumentOf, preciseReductions } from "./reductions.ts";

/** The elements of a value, row-major. */
export type Elements = readonly Precise[];

/** What an evaluation needs besides operands. */
export interface Setting {
  readonly arithmetic: Arithmetic;
  bind(size: Dim): number;
  /** Evaluates another value, given those that it is built on. */
  evaluate(value: Value, known: ReadonlyMap<Value, Elements>): Elements;
}

/** The elements of a value from those of its operands. Throws, by name, for what is not defined here. */
export function evaluateKind(value: Value, operands: readonly Elements[], setting: Setting): Elements {
  const { op } = value;
  switch (op.kind) {
    case "elementwise":
      return elementwise(op, value, operands, setting);
    case "layout":
    case "piecewise":
    case "gather":
      return moved(value, operands, setting);
    case "reduction":
      return reduction(value, operands, setting);
    case "contraction":
      return contraction(value, operands, setting);
    case "cumulative":
      return running(value, operands, setting);
    case "sort":
      return inOrder(value, operands[0], setting);
    case "composite":
      return setting.evaluate(
        op.expand(value.operands, value.attrs),
        new Map(value.operands.map((operand, i) => [operand, operands[i]])),
      );
    case "scan":
      return repeated(value, operands, setting);
    case "leaf":
      return leaf(value, setting);
    case "derivative":
      // The formula whose derivative the model supplies: its first operand.
      if (op === suppliedOp) return operands[0];
      throw new Error(`${op.kind} ${op.name} has no precise evaluation`);
    default:
      return op satisfies never;
  }
}

const isWhole = ({ type }: Value): boolean => type.dtype === "i32" || type.dtype === "u32";

function elementwise(op: ElementwiseOp, value: Value, operands: readonly Elements[], setting: Setting): Elements {
  const { arithmetic } = setting;
  // Whole numbers have no rounding, and wrap as the op says.
  if (isWhole(value) && value.operands.every(({ type }) => type.dtype !== "f32") && op.name !== "select") {
    const context = { result: value.type.dtype, operands: value.operands.map(({ type }) => type.dtype) };
    return operands[0].map((_, i) => {
      const numbers = operands.map((each) => each[i]);
      if (numbers.some(({ error }) => error === Infinity)) return unknown(arithmetic);
      return arithmetic.number(
        op.reference(
          numbers.map((each) => each.value.toNumber()),
          context,
        ),
      );
    });
  }
  if (op.name === "bitcast") return operands[0].map((x) => reinterpreted(op, value, x, arithmetic));
  if (op.name === "cast") return operands[0].map((x) => preciseCast(arithmetic, x, value.type.dtype));
  const compute = Object.hasOwn(preciseFunctions, op.name) ? preciseFunctions[op.name] : undefined;
  if (!compute) throw new Error(`elementwise ${op.name} has no precise definition`);
  return operands[0].map((_, i) =>
    compute(
      arithmetic,
      operands.map((each) => each[i]),
    ),
  );
}

/** The bits of a float32: of a number that is known to be one. */
function reinterpreted(op: ElementwiseOp, value: Value, x: Precise, arithmetic: Arithmetic): Precise {
  if (x.error !== -Infinity) return unknown(arithmetic);
  const context = { result: value.type.dtype, operands: [value.operands[0].type.dtype] };
  return arithmetic.number(op.reference([x.value.toNumber()], context));
}

/** Numbers that no float32 and no integer is: they stand for elements while these are moved. */
const ticketOf = (element: number): number => 2 ** 40 + element + 0.25;

/** The interpreter moves tickets; operands of integers, which say where to read, stay what they are. */
function moved(value: Value, operands: readonly Elements[], { arithmetic, bind }: Setting): Elements {
  const all = operands.flat();
  let start = 0;
  const tickets = operands.map((elements, position) => {
    const first = start;
    start += elements.length;
    if (value.op.kind === "gather" && position > 0) {
      return Float64Array.from(elements, (each) => (each.error === Infinity ? -1 : each.value.toNumber()));
    }
    return Float64Array.from(elements, (_, i) => ticketOf(first + i));
  });
  const kernel = makeKernel(value, bind)!;
  return Array.from(kernel(tickets), (ticket) => all[ticket - ticketOf(0)] ?? arithmetic.number(ticket));
}

function reduction(value: Value, [x]: readonly Elements[], setting: Setting): Elements {
  const shape = value.operands[0].type.shape.map((size) => setting.bind(size));
  const axes = value.attrs.axes as readonly number[];
  const starts = offsetsAlong(shape, keptAxes(shape.length, axes));
  const offsets = offsetsAlong(shape, axes);
  const rows = Array.from(starts, (start) => Array.from(offsets, (offset) => x[start + offset]));
  const argument = argumentOf(value.op.name);
  if (argument) return rows.map((row) => argument(setting.arithmetic, row));
  const reduce = Object.hasOwn(preciseReductions, value.op.name) ? preciseReductions[value.op.name] : undefined;
  if (!reduce) throw new Error(`reduction ${value.op.name} has no precise definition`);
  if (!isWhole(value)) return rows.map((row) => reduce(setting.arithmetic, row));
  return rows.map((row) => {
    const exact = reduce(setting.arithmetic, row).value.toFixed();
    const bits = value.type.dtype === "i32" ? BigInt.asIntN(32, BigInt(exact)) : BigInt.asUintN(32, BigInt(exact));
    return setting.arithmetic.number(Number(bits));
  });
}

function contraction(value: Value, [x, y]: readonly Elements[], { arithmetic, bind }: Setting): Elements {
  const attrs = value.attrs as unknown as ContractAttrs;
  const [left, right] = value.operands.map((operand, side) => {
    const shape = operand.type.shape.map(bind);
    const axes = operandAxes(attrs, side === 0 ? 0 : 1, shape.length);
    const [batch, free, contracted] = [axes.batch, axes.free, axes.contracted].map((each) => offsetsAlong(shape, each));
    return { batch, free, contracted };
  });
  const result: Precise[] = [];
  left.batch.forEach((leftBatch, batch) => {
    for (const row of left.free) {
      for (const column of right.free) {
        const at = right.batch[batch] + column;
        let total = arithmetic.number(0);
        left.contracted.forEach((k, i) => {
          total = arithmetic.add(total, arithmetic.mul(x[leftBatch + row + k], y[at + right.contracted[i]]));
        });
        result.push(total);
      }
    }
  });
  return result;
}

function leaf({ op, attrs, type }: Value, { arithmetic, bind }: Setting): Elements {
  const shape = type.shape.map(bind);
  const filled = (number: number): Elements => new Array<Precise>(countOf(shape)).fill(arithmetic.number(number));
  if (op === constantOp) return filled(attrs.value as number);
  if (op === sizeOp) return filled(bind(attrs.size as Dim));
  if (op === settingOp) return filled((attrs.identity as SettingIdentity).value);
  if (op === iotaOp) return Array.from(indexColumns(shape)[attrs.axis as number], (i) => arithmetic.number(i));
  throw new Error(`${op.name} ${(attrs.identity as { readonly name?: string } | undefined)?.name ?? ""} is not fed`);
}
