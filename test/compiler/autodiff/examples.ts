/// An application of every op to small inputs, for tests of its derivatives. Elementwise ops
/// and reductions have theirs by themselves.
import { where } from "../../../ir/ops/choose.ts";
import { greater } from "../../../ir/ops/compare.ts";
import { convolve } from "../../../ir/ops/convolve.ts";
import { contract } from "../../../ir/ops/contract.ts";
import * as cumulative from "../../../ir/ops/cumulative.ts";
import { gather, scatterAdd } from "../../../ir/ops/gather.ts";
import { reshape, reverse, transpose } from "../../../ir/ops/layout.ts";
import { constant, inputOp, iota } from "../../../ir/ops/leaf.ts";
import { concatenate, pad, slice } from "../../../ir/ops/pad.ts";
import { broadcastAlong } from "../../../ir/ops/sum.ts";
import { polygamma } from "../../../ir/ops/special.ts";
import { skewOp, windows } from "../../../ir/ops/windows.ts";
import { cast } from "../../../ir/ops/choose.ts";
import { scan } from "../../../ir/scan.ts";
import { withDerivative } from "../../../ir/with-derivative.ts";
import { add, mul, square, sub } from "../../../ir/ops/arithmetic.ts";
import { tanh } from "../../../ir/ops/functions.ts";
import { isFloat, type DType } from "../../../ir/type.ts";
import { apply, postorder, type ElementwiseOp, type Op, type Value } from "../../../ir/value.ts";

/** A float input of this name; every example is made of such. */
export function leaf(name: string, shape: readonly number[]): Value {
  return apply(inputOp, [], { identity: { name, dtype: "f32", shape } });
}

/** Where an elementwise op is tried, when not in (0.2, 0.8). */
const domains: Readonly<Record<string, readonly [number, number]>> = {
  acosh: [1.2, 2],
  log1mexp: [-2, -0.3],
  erfc: [-1, 2],
  tanh: [-1, 1],
  sin: [-3, 3],
  cos: [-3, 3],
};

/** The range in which inputs of an example are drawn. */
export function domainOf(op: Op): readonly [number, number] {
  return domains[op.name] ?? (op.kind === "elementwise" ? [0.2, 0.8] : [-1, 1]);
}

const x = leaf("x", [3, 4]);
const weight = leaf("weight", [4]);
const y = leaf("y", [3, 4]);
const clipped = withDerivative(
  (each: Value) => tanh(each),
  (cotangent, { result }) => [mul(cotangent, sub(1, square(result)))],
  { name: "clipped" },
);

const running = scan(
  ([before]: readonly Value[], [at]: readonly Value[]) => {
    const next = tanh(add(mul(before, weight), at));
    return { carry: [next], outputs: [mul(next, at)] };
  },
  { initial: [leaf("start", [4])], sequences: [x] },
);

/** Name of an op → an application; null for ops that have no floats to differentiate. */
const table: Readonly<Record<string, (() => Value) | null>> = {
  input: null,
  state: null,
  setting: null,
  constant: null,
  iota: null,
  size: null,
  letter: null,
  training: null,
  // Placeholders, which the compiler expands: tested in derivatives.test.ts.
  grad: null,
  jvp: null,
  vjp: null,
  withDerivative: () => clipped(x),
  select: () => where(greater(x, y), mul(x, x), y),
  cast: () => cast(greater(x, y), "f32"),
  copy: () => x,
  reshape: () => reshape(x, [2, 6]),
  transpose: () => transpose(x),
  reverse: () => reverse(x, [1]),
  broadcast: () => broadcastAlong(reshape(leaf("row", [4]), [4, 1]), [2, 4, 5], [1, 2]),
  slice: () => slice(x, [null, [1, 4, 2]]),
  windows: () => windows(x, { axis: 1, size: 2, stride: 2 }),
  skew: () => apply(skewOp, [leaf("columns", [5, 3])], { axis: 0, dilation: 1 }),
  pad: () =>
    pad(
      x,
      [
        [1, 2],
        [0, -1],
      ],
      { value: 3, interior: [1, 0] },
    ),
  concatenate: () => concatenate([x, leaf("more", [2, 4])]),
  gather: () => gather(x, constant(1, "i32", [2])),
  scatterAdd: () => scatterAdd(x, iota([2], 0), leaf("updates", [2, 4])),
  convolve: () => convolve(leaf("image", [1, 2, 4]), leaf("kernel", [2, 2, 2]), { padding: "same" }),
  // The order is a whole number, and has no derivative.
  polygamma: () => polygamma(1, add(2, x)),
  scan: () => running.outputs[0],
  contract: () => contract(x, y, { batch: [[0, 0]], contracted: [[1, 1]] }),
  // By intention not the derivative: see derivatives.test.ts.
  stopGradient: null,
  argsort: null,
  cumargmax: null,
  cumargmin: null,
  cumsum: () => cumulative.cumsum(x, 1, { exclusive: true }),
  cumprod: () => cumulative.cumprod(x, 1),
  cummax: () => cumulative.cummax(x, 1),
  cummin: () => cumulative.cummin(x, 1),
  logcumsumexp: () => cumulative.logcumsumexp(x, 1),
  recurrence: () => cumulative.recurrence(x, y, 1),
};

/** An application of an op to float inputs; undefined when there is nothing to differentiate. Throws without a row. */
export function exampleOf(op: Op): Value | undefined {
  const row = table[op.name];
  if (row !== undefined) return row?.();
  if (op.kind === "reduction") return floatOnly(apply(op, [x], { axes: [1] }));
  const found = op.kind === "elementwise" ? elementwiseExample(op) : undefined;
  if (!found) throw new Error(`no example for ${op.name}: add a row to test/compiler/autodiff/examples.ts`);
  return floatOnly(found);
}

function floatOnly(value: Value): Value | undefined {
  return isFloat(value.type.dtype) && inputsOf(value).length > 0 ? value : undefined;
}

/** Applied to as many inputs as it has derivatives for: to floats if it takes them, else to whatever it takes. */
function elementwiseExample(op: ElementwiseOp): Value | undefined {
  const of = (dtype: DType): readonly Value[] =>
    Array.from({ length: arity(op) }, (_, position) =>
      apply(inputOp, [], { identity: { name: `x${position}`, dtype, shape: [2, 3] } }),
    );
  for (const dtype of ["f32", "i32", "u32", "bool"] as const) {
    try {
      return apply(op, of(dtype));
    } catch {
      // Not of this element type.
    }
  }
  return undefined;
}

function arity(op: ElementwiseOp): number {
  const operands = ["a", "b", "c", "d"].map((name) => leaf(name, [1]));
  const context = { operands, attrs: {}, result: operands[0] };
  return (op.scale?.(context, operands[0]) ?? op.partials?.(context) ?? []).length;
}

/** The float inputs below a value. */
export function inputsOf(value: Value): readonly Value[] {
  return postorder([value]).filter((each) => each.op === inputOp && isFloat(each.type.dtype));
}
