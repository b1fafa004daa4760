/// Graphs in float32: every result is rounded once, functions are as good as float32 can be. Sums, products of matrices
/// and other reductions run from the first element to the last, and round each part after each element.
import { makeKernel } from "../../../ir/evaluate/kernels.ts";
import { countOf, offsetsAlong } from "../../../ir/evaluate/indices.ts";
import { bindDim, type Dim } from "../../../ir/dim.ts";
import { operandAxes, type ContractAttrs } from "../../../ir/ops/contract.ts";
import { keptAxes } from "../../../ir/ops/sum.ts";
import { postorder, type ReductionOp, type Value } from "../../../ir/value.ts";

/** Data of leaves, row-major. */
export type Data = ReadonlyMap<Value, ArrayLike<number>>;

/** Numbers for the sizes that examples name. */
export const exampleSizes: Readonly<Record<string, number>> = { n: 7 };

/** Makes of an exact result what is kept of it. */
export type Round = (exact: number) => number;

/** Every value below the roots, evaluated in float32, or as `round` says. */
export function float32Values(
  roots: readonly Value[],
  feeds: Data,
  sizes: Readonly<Record<string, number>> = exampleSizes,
  round: Round = Math.fround,
): ReadonlyMap<Value, Float64Array> {
  const results = new Map<Value, Float64Array>();
  const bind = (size: Dim): number => Number(bindDim(size, sizes));
  for (const value of postorder(roots)) {
    const fed = feeds.get(value);
    const operands = value.operands.map((operand) => results.get(operand)!);
    const { dtype } = value.type;
    const exact = fed ? Float64Array.from(fed) : compute(value, operands, { bind, round });
    results.set(value, dtype === "f32" ? exact.map(fed ? Math.fround : round) : exact);
  }
  return results;
}

interface Setting {
  bind(size: Dim): number;
  readonly round: Round;
}

function compute(value: Value, operands: readonly Float64Array[], setting: Setting): Float64Array {
  const { bind } = setting;
  if (value.op.kind === "reduction") return reduction(value.op, value, operands[0], setting);
  if (value.op.kind === "contraction") return contraction(value, operands, setting);
  const kernel = makeKernel(value, bind);
  if (!kernel) throw new Error(`${value.op.name} is not fed`);
  return kernel(operands);
}

function reduction(op: ReductionOp, value: Value, x: Float64Array, { bind, round }: Setting): Float64Array {
  const { type } = value.operands[0];
  const shape = type.shape.map(bind);
  const axes = value.attrs.axes as readonly number[];
  const offsets = offsetsAlong(shape, axes);
  const accumulators = op.accumulators(type.dtype);
  const rounded = (parts: readonly number[]): readonly number[] =>
    parts.map((part, i) => (accumulators[i].dtype === "f32" ? round(part) : part));
  return Float64Array.from(offsetsAlong(shape, keptAxes(shape.length, axes)), (start) => {
    const initial: readonly number[] = accumulators.map((each) => each.initial);
    return op.finish(
      [...offsets].reduce((parts, offset, k) => rounded(op.combine(parts, op.lift(x[start + offset], k))), initial),
    );
  });
}

function contraction(value: Value, [x, y]: readonly Float64Array[], { bind, round }: Setting): Float64Array {
  const attrs = value.attrs as unknown as ContractAttrs;
  const [left, right] = value.operands.map((operand, side) => {
    const shape = operand.type.shape.map(bind);
    const { batch, free, contracted } = operandAxes(attrs, side === 0 ? 0 : 1, shape.length);
    return [batch, free, contracted].map((axes) => offsetsAlong(shape, axes));
  });
  const result = new Float64Array(countOf(value.type.shape.map(bind)));
  let at = 0;
  left[0].forEach((batch, b) => {
    for (const row of left[1]) {
      for (const column of right[1]) {
        let total = 0;
        left[2].forEach((k, i) => {
          const product = round(x[batch + row + k] * y[right[0][b] + column + right[2][i]]);
          total = round(total + product);
        });
        result[at++] = total;
      }
    }
  });
  return result;
}

/** The distance between a float32 number of this size and the next. */
export function ulp(size: number): number {
  const { abs, floor, log2, max } = Math;
  if (!(abs(size) > 0)) return 2 ** -149;
  return 2 ** max(-149, floor(log2(Math.min(abs(size), 3.4e38))) - 23);
}
