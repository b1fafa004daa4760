/// How each kind of op computes in float64. A kernel is made once for a value, with its tables, and run many times.
import type { Dim } from "../dim.ts";
import { underivedGradient } from "../errors.ts";
import { contractAttrs, operandAxes } from "../ops/contract.ts";
import { suppliedOp } from "../ops/derivative.ts";
import { scatterAddOp } from "../ops/gather.ts";
import { constantOp, iotaOp, letter, settingOp, sizeOp, type SettingIdentity } from "../ops/leaf.ts";
import { scanBody, scanLetters, scanResult } from "../ops/scan.ts";
import { axesOf, keptAxes } from "../ops/sum.ts";
import { wrapped } from "../ops/wrap.ts";
import {
  postorder,
  type CompositeOp,
  type ElementwiseOp,
  type LayoutOp,
  type ReductionOp,
  type Value,
} from "../value.ts";
import { contractionKernel } from "./contraction.ts";
import { cumulativeKernel, sortKernel } from "./ordered.ts";
import { gatherKernel, piecewiseKernel, scatterKernel } from "./moves.ts";
import {
  columnAlgebra,
  countOf,
  indexColumns,
  isIdentity,
  offsetsAlong,
  positionsOf,
  type BindSize,
  type EvaluationKernel,
} from "./indices.ts";

/** The kernel of a value; undefined for a leaf that has to be given. */
export function makeKernel(value: Value, bind: BindSize): EvaluationKernel | undefined {
  const { op } = value;
  switch (op.kind) {
    case "elementwise":
      return elementwiseKernel(op, value);
    case "layout":
      return layoutKernel(op, value, bind);
    case "piecewise":
      return piecewiseKernel(op, value, bind);
    case "gather":
      return gatherKernel(value, bind);
    case "reduction":
      return reductionKernel(op, value, bind);
    case "cumulative":
      return cumulativeKernel(op, value, bind);
    case "sort":
      return sortKernel(value, bind);
    case "composite":
      return op === scatterAddOp ? scatterKernel(value, bind) : compositeKernel(op, value, bind);
    case "scan":
      return scanKernel(value, bind);
    case "contraction":
      return contraction(value, bind);
    case "leaf":
      return leafKernel(value, bind);
    case "derivative":
      if (op !== suppliedOp) throw underivedGradient();
      return ([result]) => result;
    default:
      return op satisfies never;
  }
}

function elementwiseKernel(op: ElementwiseOp, value: Value): EvaluationKernel {
  const context = { result: value.type.dtype, operands: value.operands.map((operand) => operand.type.dtype) };
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
  const positions = positionsOf(source, operand.type.shape.map(bind), countOf(shape));
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
  const axes = axesOf(value);
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

/** What a composite stands for, computed on letters in the place of its operands. */
function compositeKernel(op: CompositeOp, value: Value, bind: BindSize): EvaluationKernel {
  const letters = value.operands.map(({ type }) => letter(type));
  const run = closedEvaluation([op.expand(letters, value.attrs)], letters, bind);
  return (operands) => run(operands)[0];
}

/** Values that hang on letters alone, as a function of what the letters stand for. */
function closedEvaluation(
  values: readonly Value[],
  letters: readonly Value[],
  bind: BindSize,
): (given: readonly Float64Array[]) => readonly Float64Array[] {
  const order = postorder([...letters, ...values]);
  const places = new Map(order.map((each, place) => [each, place]));
  const steps = order.map((each) => ({
    given: letters.indexOf(each),
    kernel: letters.includes(each) ? undefined : makeKernel(each, bind),
    operands: each.operands.map((operand) => places.get(operand)!),
  }));
  const wanted = values.map((value) => places.get(value)!);
  return (given) => {
    const results: Float64Array[] = [];
    for (const { given: own, kernel, operands } of steps) {
      results.push(kernel ? kernel(operands.map((place) => results[place])) : given[own]);
    }
    return wanted.map((place) => results[place]);
  };
}

/** Step after step, of one of the results of a scan. */
function scanKernel(value: Value, bind: BindSize): EvaluationKernel {
  const body = scanBody(value.attrs);
  const { tag, index } = scanResult(value.attrs);
  const wanted = tag === "output" ? [...body.next, body.outputs[index]] : body.next;
  const run = closedEvaluation(wanted, [...scanLetters(body), body.position], bind);
  const length = bind(body.length);
  const [first, second] = [body.carries.length, body.carries.length + body.elements.length];
  return (operands) => {
    let carries = operands.slice(0, first);
    const rows: Float64Array[] = [];
    for (let step = 0; step < length; step++) {
      const place = body.reverse ? length - 1 - step : step;
      const elements = operands.slice(first, second).map((sequence) => {
        const size = sequence.length / length;
        return sequence.subarray(place * size, (place + 1) * size);
      });
      const results = run([...carries, ...elements, ...operands.slice(second), Float64Array.of(place)]);
      rows[place] = tag === "output" ? results[first] : carries[index];
      carries = results.slice(0, first);
    }
    if (tag === "carry") return carries[index];
    const size = rows[0].length;
    const stacked = new Float64Array(length * size);
    rows.forEach((row, place) => stacked.set(row, place * size));
    return stacked;
  };
}

function contraction(value: Value, bind: BindSize): EvaluationKernel {
  const attrs = contractAttrs(value);
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
