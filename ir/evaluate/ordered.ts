/// Along an axis in order: everything up to a place, and the order of elements itself, in float64.
import { wrapped } from "../ops/wrap.ts";
import type { CumulativeOp, Value } from "../value.ts";
import { offsetsAlong, type BindSize, type EvaluationKernel } from "./indices.ts";

/** Rows of a tensor along an axis: where each starts, and the offsets within one. */
function rowsAlong(value: Value, bind: BindSize): { readonly starts: Int32Array; readonly offsets: Int32Array } {
  const shape = value.operands[0].type.shape.map(bind);
  const axis = value.attrs.axis as number;
  const others = shape.map((_, other) => other).filter((other) => other !== axis);
  return { starts: offsetsAlong(shape, others), offsets: offsetsAlong(shape, [axis]) };
}

/** The kernel of a running accumulation. */
export function cumulativeKernel(op: CumulativeOp, value: Value, bind: BindSize): EvaluationKernel {
  const { starts, offsets } = rowsAlong(value, bind);
  const { reverse = false, exclusive = false } = value.attrs;
  const { accumulation } = op;
  const initial = accumulation.accumulators(value.operands[0].type.dtype).map((part) => part.initial);
  return (operands) => {
    const result = new Float64Array(operands[0].length);
    for (const start of starts) {
      let parts: readonly number[] = initial;
      for (let step = 0; step < offsets.length; step++) {
        const place = reverse ? offsets.length - 1 - step : step;
        const at = start + offsets[place];
        const before = parts;
        parts = accumulation.combine(
          parts,
          accumulation.lift(
            operands.map((operand) => operand[at]),
            place,
          ),
        );
        result[at] = wrapped(accumulation.finish(exclusive ? before : parts), value.type.dtype);
      }
    }
    return result;
  };
}

/** The kernel of argsort: equal elements keep their order, NaN comes last either way. */
export function sortKernel(value: Value, bind: BindSize): EvaluationKernel {
  const { starts, offsets } = rowsAlong(value, bind);
  const sign = value.attrs.descending ? -1 : 1;
  return ([x]) => {
    const result = new Float64Array(x.length);
    for (const start of starts) {
      const key = (place: number): number => x[start + offsets[place]];
      const order = Array.from(offsets, (_, place) => place).sort((a, b) => {
        const [left, right] = [key(a), key(b)];
        if (Number.isNaN(left) || Number.isNaN(right))
          return Number(Number.isNaN(left)) - Number(Number.isNaN(right)) || a - b;
        return sign * (left < right ? -1 : left > right ? 1 : 0) || a - b;
      });
      order.forEach((place, rank) => (result[start + offsets[rank]] = place));
    }
    return result;
  };
}
