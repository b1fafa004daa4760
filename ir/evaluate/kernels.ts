/// How each kind of op computes in float64. A kernel is made once for a value, with its tables, and run many times.
import type { Dim } from "../dim.ts";
import { underivedGradient } from "../errors.ts";
import { operandAxes, type ContractAttrs } from "../ops/contract.ts";
import { constantOp, iotaOp, settingOp, sizeOp, type SettingIdentity } from "../ops/leaf.ts";
import { keptAxes } from "../ops/sum.ts";
import { wrapped } from "../ops/wrap.ts";
import type { ElementwiseOp, LayoutOp, ReductionOp, Value } from "../value.ts";
import { contractionKernel } from "./contraction.ts";
import { columnAlgebra, countOf, indexColumns, isIdentity, offsetsAlong, stridesOf } from "./indices.ts";

/** Computes a value, row-major, from its operands. The result may be one of the operands: treat both as read-only. */
export type EvaluationKernel = (operands: readonly Float64Array[]) => Float64Array;

/** Turns a size into a number. */
export type BindSize = (size: Dim) => number;

/** The kernel of a value; undefined for a leaf that has to be given. */
export function makeKernel(value: Value, bind: BindSize): EvaluationKernel | undefined {
  const { op } = value;
  switch (op.kind) {
    case "elementwise":
      return elementwiseKernel(op, value);
    case "layout":
      return layoutKernel(op, value, bind);
    case "reduction":
      return reductionKernel(op, value, bind);
    case "contraction":
      return contraction(value, bind);
    case "leaf":
      return leafKernel(value, bind);
    case "derivative":
      throw underivedGradient();
    default:
      return op satisfies never;
  }
}

function elementwiseKernel(op: ElementwiseOp, value: Value): EvaluationKernel {
  const context = { result: value.type.dtype };
  const numbers = new Array<number>(value.operands.length).fill(0);
  return (operands) => {
    const result = new Float64Array(operands[0].length);
    const [a, b] = operands;
    for (let i = 0; i < result.length; i++) {
      numbers[0] = a[i];
      if (b) numbers[1] = b[i];
      for (let k = 2; k < operands.length; k++) numbers[k] = operands[k][i];
      result[i] = op.reference(numbers, context);
    }
    return result;
  };
}

function layoutKernel(op: LayoutOp, value: Value, bind: BindSize): EvaluationKernel {
  const [operand] = value.operands;
  const shape = value.type.shape.map(bind);
  const index = indexColumns(shape);
  const source = op.source(index, operand.type.shape, value.type.shape, value.attrs, columnAlgebra(bind));
  const strides = stridesOf(operand.type.shape.map(bind));
  const positions = new Int32Array(countOf(shape));
  source.forEach((column, axis) => {
    const stride = strides[axis];
    for (let i = 0; i < positions.length; i++)
      positions[i] += stride * (typeof column === "number" ? column : column[i]);
  });
  if (positions.length === countOf(operand.type.shape.map(bind)) && isIdentity(positions)) return ([x]) => x;
  return ([x]) => {
    const result = new Float64Array(positions.length);
    for (let i = 0; i < result.length; i++) result[i] = x[positions[i]];
    return result;
  };
}

function reductionKernel(op: ReductionOp, value: Value, bind: BindSize): EvaluationKernel {
  const { type } = value.operands[0];
  const shape = type.shape.map(bind);
  const axes = value.attrs.axes as readonly number[];
  const starts = offsetsAlong(shape, keptAxes(shape.length, axes));
  const offsets = offsetsAlong(shape, axes);
  const initial = op.accumulators(type.dtype).map((part) => part.initial);
  return ([x]) => {
    const result = new Float64Array(starts.length);
    for (let i = 0; i < starts.length; i++) {
      let parts: readonly number[] = initial;
      for (let k = 0; k < offsets.length; k++) parts = op.combine(parts, op.lift(x[starts[i] + offsets[k]], k));
      result[i] = wrapped(op.finish(parts), value.type.dtype);
    }
    return result;
  };
}

function contraction(value: Value, bind: BindSize): EvaluationKernel {
  const attrs = value.attrs as unknown as ContractAttrs;
  const [left, right] = value.operands.map((operand, side) => {
    const shape = operand.type.shape.map(bind);
    const axes = operandAxes(attrs, side === 0 ? 0 : 1, shape.length);
    return {
      batch: offsetsAlong(shape, axes.batch),
      free: offsetsAlong(shape, axes.free),
      contracted: offsetsAlong(shape, axes.contracted),
    };
  });
  return contractionKernel(left, right);
}

function leafKernel(value: Value, bind: BindSize): EvaluationKernel | undefined {
  const { attrs, op } = value;
  const shape = (): readonly number[] => value.type.shape.map(bind);
  const filled = (number: number): EvaluationKernel => {
    const result = new Float64Array(countOf(shape())).fill(number);
    return () => result;
  };
  if (op === constantOp) return filled(attrs.value as number);
  if (op === sizeOp) return filled(bind(attrs.size as Dim));
  if (op === settingOp) return filled((attrs.identity as SettingIdentity).value);
  if (op !== iotaOp) return undefined;
  const column = Float64Array.from(indexColumns(shape())[attrs.axis as number]);
  return () => column;
}
