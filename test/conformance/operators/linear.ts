/// Products of matrices and vectors.
import { add, contract, dot, einsum, kron, matmul, mul, outer, sum, trace, transpose, type Value } from "chainrule";
import { broadcastShape, operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { emptyTensor, expanded, isEmpty, reshaped } from "./parts.ts";

/** The matrix product with PyTorch's broadcasting: vectors are rows or columns, leading axes are batches. */
export function product(a: Value, b: Value): Value {
  const left = shapeOf(a).length === 1 ? reshaped(a, [1, ...shapeOf(a)]) : a;
  const right = shapeOf(b).length === 1 ? reshaped(b, [...shapeOf(b), 1]) : b;
  const batch = broadcastShape([shapeOf(left).slice(0, -2), shapeOf(right).slice(0, -2)]);
  const full = [...batch, shapeOf(left).at(-2)!, shapeOf(right).at(-1)!];
  const shape = full.filter((_, axis) => {
    const place = axis - full.length;
    return !(place === -2 && shapeOf(a).length === 1) && !(place === -1 && shapeOf(b).length === 1);
  });
  // A sum over no element is 0.
  if (isEmpty(a) || isEmpty(b)) return emptyTensor(shape);
  const leading = (x: Value): Value =>
    shapeOf(x).length === 2 && batch.length === 0 ? x : expanded(x, [...batch, ...shapeOf(x).slice(-2)]);
  // A matrix on the right serves all batches at once.
  const together = shapeOf(right).length === 2 ? matmul(left, right) : matmul(leading(left), leading(right));
  return reshaped(together, shape);
}

/** β·input + α·other; with β = 0 the input is not read at all. */
function blended(call: Call, other: Value): Value {
  const [alpha, beta] = [call.number("alpha", 1), call.number("beta", 1)];
  const scaled = alpha === 1 ? other : mul(alpha, other);
  const x = expanded(call.float("input"), shapeOf(other));
  return beta === 0 ? scaled : add(beta === 1 ? x : mul(beta, x), scaled);
}

function blending(names: string, build: (a: Value, b: Value) => Value): Mapping {
  const [first, second] = names.split(" ");
  return operator(`input ${names} beta alpha`, (call) => blended(call, build(call.float(first), call.float(second))));
}

const binary = (build: (a: Value, b: Value) => Value): Mapping =>
  operator("input other", (call) => build(call.float("input"), call.float("other")));

/** PyTorch's letters may also be given as a list of numbers for each operand; the recording has texts alone. */
function einsumOf(call: Call): Value {
  return einsum(call.text("equation"), ...call.tensors("operands"));
}

function tensordot(call: Call): Value {
  const [a, b] = [call.float("input"), call.float("other")];
  const dims = call.any("dims") ?? 2;
  const counted = (x: Value, axes: readonly number[]): readonly number[] =>
    axes.map((axis) => (axis < 0 ? axis + shapeOf(x).length : axis));
  const [left, right] =
    typeof dims === "number"
      ? [
          Array.from({ length: dims }, (_, i) => shapeOf(a).length - dims + i),
          Array.from({ length: dims }, (_, i) => i),
        ]
      : (dims as unknown as readonly (readonly number[])[]);
  const pairs = counted(a, left).map((axis, i) => [axis, counted(b, right)[i]] as const);
  if (isEmpty(a) || isEmpty(b)) {
    const free = (x: Value, side: 0 | 1): readonly number[] =>
      shapeOf(x).filter((_, axis) => !pairs.some((pair) => pair[side] === axis));
    return emptyTensor([...free(a, 0), ...free(b, 1)]);
  }
  if (pairs.length === 0) return outer(a, b);
  // An axis of 1 stretches to the other's extent.
  const stretched = (x: Value, side: 0 | 1): Value =>
    expanded(
      x,
      shapeOf(x).map((extent, axis) => {
        const pair = pairs.find((each) => each[side] === axis);
        return pair && extent === 1 ? Math.max(shapeOf(a)[pair[0]], shapeOf(b)[pair[1]]) : extent;
      }),
    );
  return contract(stretched(a, 0), stretched(b, 1), { batch: [], contracted: pairs });
}

/** Σ over the last axes of both. */
function inner(a: Value, b: Value): Value {
  if (shapeOf(a).length === 0 || shapeOf(b).length === 0) return mul(a, b);
  return contract(a, b, { batch: [], contracted: [[shapeOf(a).length - 1, shapeOf(b).length - 1]] });
}

/** x·Wᵀ + b over the last axis of x. */
export function affine(x: Value, weight: Value, bias: Value | undefined): Value {
  const isVector = shapeOf(weight).length === 1;
  const result = product(x, isVector ? weight : transpose(weight));
  return bias ? add(result, bias) : result;
}

/** y_k = Σ x1_i A_kij x2_j + b_k */
function bilinear(call: Call): Value {
  const [x1, x2, weight] = [call.float("input1"), call.float("input2"), call.float("weight")];
  const leading = shapeOf(x1).slice(0, -1);
  if (isEmpty(x1)) return emptyTensor([...leading, shapeOf(weight)[0]]);
  const result = einsum("...i,kij,...j->...k", x1, weight, x2);
  const bias = call.maybe("bias");
  return bias ? add(result, bias) : result;
}

export const linear: Operators = {
  matmul: binary(product),
  mm: binary(product),
  mv: binary(product),
  bmm: binary(product),
  "bmm.triton_optimized": binary(product),
  dot: binary((a, b) => dot(a, b)),
  inner: binary(inner),
  outer: binary((a, b) => outer(a, b)),
  kron: binary((a, b) => kron(a, b)),
  addmm: blending("mat1 mat2", product),
  addmv: blending("mat vec", product),
  addr: blending("vec1 vec2", (a, b) => outer(a, b)),
  baddbmm: blending("batch1 batch2", product),
  addbmm: blending("batch1 batch2", (a, b) => sum(product(a, b), { axis: 0 })),
  einsum: operator("operands equation", einsumOf),
  tensordot: operator("input other dims", tensordot),
  trace: operator("input", (call) => trace(call.tensor("input"))),
  "nn.functional.linear": operator("input weight bias", (call) =>
    affine(call.float("input"), call.float("weight"), call.maybe("bias")),
  ),
  "nn.functional.bilinear": operator("input1 input2 weight bias", bilinear),
};
