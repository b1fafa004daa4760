/// Shape rules of every op, what they refuse, and that equal applications are one value.
import { describe, expect, test } from "vitest";
import { CompileError, type Shape, type Tensor, type Value } from "chainrule";
import * as language from "chainrule";
import { contractOp } from "../../ir/ops/contract.ts";
import { broadcastAlong } from "../../ir/ops/sum.ts";
import { iota, sizeValue } from "../../ir/ops/leaf.ts";
import { formatType, type DType } from "../../ir/type.ts";
import { apply, postorder, same, withOperands } from "../../ir/value.ts";

const {
  abs,
  add,
  and,
  argmax,
  averagePool,
  cast,
  constant,
  contract,
  conv1d,
  convolve,
  div,
  dot,
  equal,
  exp,
  grad,
  input,
  less,
  logsumexp,
} = language;
const { matmul, max, maximum, maxPool, mean, model, mul, neg, not, oneHot, param, pow, relu, reshape, sigmoid } =
  language;
const { sign, softmax, sqrt, square, step, sub, sum, tanh, transpose, where, broadcastTo } = language;

/** Leaves of wide types, so that mistakes reach the run-time rules. */
interface Leaves {
  readonly x: Tensor;
  readonly matrix: Tensor;
  readonly vector: Tensor;
  readonly scalar: Tensor;
  readonly label: Tensor;
  readonly flag: Tensor;
  readonly cube: Tensor;
}

function withLeaves<T>(action: (leaves: Leaves) => T): T {
  let result: { readonly value: T } | undefined;
  model("leaves", () => {
    const leaf = (name: string, dtype: DType, shape: Shape): Tensor => input(name, dtype, shape);
    const leaves: Leaves = {
      x: leaf("x", "f32", ["batch", 4]),
      matrix: leaf("matrix", "f32", [4, 3]),
      vector: leaf("vector", "f32", [4]),
      scalar: leaf("scalar", "f32", []),
      label: leaf("label", "i32", ["batch"]),
      flag: leaf("flag", "bool", ["batch", 1]),
      cube: leaf("cube", "f32", [2, "batch", 4]),
    };
    result = { value: action(leaves) };
    return { run: { y: leaves.scalar } };
  });
  return result!.value;
}

type Case = readonly [string, (leaves: Leaves) => Value];

const shapes: readonly Case[] = [
  ["f32[batch, 4]", ({ x, vector }) => add(x, vector)],
  ["f32[batch, 4]", ({ x, vector }) => sub(vector, x)],
  ["f32[2, batch, 4]", ({ x, cube }) => mul(x, cube)],
  ["f32[2, batch, 4]", ({ cube, flag }) => where(flag, cube, 0)],
  ["f32[batch, 4]", ({ x, scalar }) => div(x, scalar)],
  ["f32[batch, 4]", ({ x }) => pow(2, x)],
  ["i32[batch]", ({ label }) => neg(abs(sign(add(label, 1))))],
  ["f32[batch, 4]", ({ x }) => tanh(sigmoid(relu(exp(sqrt(step(x))))))],
  ["bool[batch, 4]", ({ x, vector }) => less(x, vector)],
  ["bool[batch, 4]", ({ x, flag }) => and(not(flag), equal(x, 0))],
  ["f32[batch, 4]", ({ x }) => maximum(x, 0)],
  ["f32[batch]", ({ label }) => cast(label, "f32")],
  ["f32[batch, 3]", ({ x, matrix }) => matmul(x, matrix)],
  ["f32[2, batch, 3]", ({ cube, matrix }) => matmul(cube, matrix)],
  ["f32[2, batch, batch]", ({ cube }) => matmul(cube, transpose(cube, [0, 2, 1]))],
  ["f32[batch]", ({ x, vector }) => matmul(x, vector)],
  ["f32[3]", ({ vector, matrix }) => matmul(vector, matrix)],
  ["f32", ({ vector }) => dot(vector, vector)],
  ["f32[2, batch]", ({ cube, vector }) => contract(cube, vector, { batch: [], contracted: [[2, 0]] })],
  ["f32", ({ x }) => sum(x)],
  ["f32[4]", ({ x }) => mean(x, { axis: 0 })],
  ["f32[1, batch, 1]", ({ cube }) => max(cube, { axes: [0, -1], keepAxes: true })],
  ["f32[2, 4]", ({ cube }) => logsumexp(cube, { axis: 1 })],
  ["i32[2, batch]", ({ cube }) => argmax(cube)],
  ["f32[4, batch]", ({ x }) => transpose(x)],
  ["f32[4*batch]", ({ x }) => reshape(x, ["4 * batch"])],
  ["f32[batch, 2, 2]", ({ x }) => reshape(x, ["batch", 2, -1])],
  ["f32[7, batch, 4]", ({ x }) => broadcastTo(x, [7, "batch", 4])],
  ["f32[4, 9]", ({ vector }) => broadcastAlong(vector, [4, 9], [0])],
  ["f32[batch, 4]", ({ x }) => softmax(x, 0)],
  ["f32[batch, 5]", ({ label }) => oneHot(label, 5)],
  ["f32[batch, 4]", ({ x }) => grad(sum(x), x)],
  ["i32[2, 3]", () => iota([2, 3], 1)],
  ["f32", () => sizeValue("batch")],
];

test.each(shapes)("%s", (wanted, make) => expect(withLeaves((leaves) => formatType(make(leaves).type))).toBe(wanted));

const refused: readonly (readonly [string, string, (leaves: Leaves) => unknown])[] = [
  ["broadcast-mismatch", "add: operands must have shapes that broadcast: `x` is [batch, 4], `matrix` is [4, 3]", ({ x, matrix }) => add(x, matrix)], // prettier-ignore
  ["dtype-mismatch", "mul: operands must be numbers of one type: found i32[batch] and f32[batch]", ({ x, label }) => mul(label, sum(x, { axis: 1 }))], // prettier-ignore
  ["dtype-mismatch", "add: operands must be of one type: found i32[batch] and f32", ({ label }) => add(label, 0.5)],
  ["dtype-mismatch", "sub: operands must be of one type: found i32 and u32[batch]", ({ label }) => sub(-1, cast(label, "u32"))], // prettier-ignore
  ["dtype-mismatch", "where: operands must be of one type: found bool[batch, 1] and i32[batch] and f32", ({ flag, label }) => where(flag, label, NaN)], // prettier-ignore
  ["dtype-mismatch", "where: operands must be a condition and two values of one type: found bool[batch, 1] and i32[batch] and f32", ({ flag, label, scalar }) => where(flag, label, scalar as never)], // prettier-ignore
  ["broadcast-mismatch", "where: operands must have shapes that broadcast: `flag` is [batch, 1], `matrix` is [4, 3]", ({ flag, matrix }) => where(flag, matrix, 0)], // prettier-ignore
  ["dtype-mismatch", "where: the condition must be bool: found f32[batch, 4]", ({ x }) => where(x as never, x, 0)],
  ["rank-mismatch", "maxPool: operands must have at least 3 axes [batch, channels, …]: found f32[batch, 4]", ({ x }) => maxPool(x, 2)], // prettier-ignore
  ["window-size", "conv1d: windows must fit into axis 2 of f32[batch, 2, 4], which has 4: found windows of 5 (dilation 1) in steps of 1", ({ cube }) => conv1d(transpose(cube, [1, 0, 2]), 4, 5)], // prettier-ignore
  ["window-size", "averagePool: windows must fit into axis 2 of f32[2, batch, 4], which has 4, padded 6: found windows of 7 (dilation 1) in steps of 7", ({ cube }) => averagePool(cube, 7, { padding: 1 })], // prettier-ignore
  ["window-size", "convolve: windows must fit into axis 2 of f32[4, 3, 1], which has 1: found windows of 2 (dilation 3) in steps of 1", ({ matrix }) => convolve(reshape(matrix, [4, 3, 1]), param([1, 3, 2]), { dilation: 3 })], // prettier-ignore
  ["dtype-mismatch", "neg: operands must be floats or i32 of one type: found u32[batch]", ({ label }) => neg(cast(label, "u32"))], // prettier-ignore
  ["dtype-mismatch", "sign: operands must be floats or i32 of one type: found u32[batch]", ({ label }) => sign(cast(label, "u32"))], // prettier-ignore
  ["dtype-mismatch", "exp: operands must be floats of one type: found i32[batch]", ({ label }) => exp(label)],
  ["dtype-mismatch", "not: operands must be booleans: found f32", ({ scalar }) => not(scalar)],
  ["dtype-mismatch", "sum: operands must be numbers: found bool[batch, 1]", ({ flag }) => sum(flag)],
  [
    "unknown-dtype",
    'an element type must be one of "f32", "i32", "u32", "bool": found "f16" in cast',
    ({ scalar }) => cast(scalar, "f16"),
  ],
  ["contraction-extent", "matmul: contracted axes must have equal extents: `x` axis 1 is 4, `x` axis 0 is batch", ({ x }) => matmul(x, x)], // prettier-ignore
  ["rank-mismatch", "matmul: operands must have one or two axes, or equally many: found f32 and f32[4]", ({ scalar, vector }) => matmul(scalar, vector)], // prettier-ignore
  [
    "rank-mismatch",
    "dot: operands must have one axis: found f32[4, 3] and f32[4, 3]",
    ({ matrix }) => dot(matrix, matrix),
  ],
  ["axis-range", "sum: axes must be distinct and lie in [-2, 2): found [2]", ({ x }) => sum(x, { axis: 2 })],
  ["axis-range", "sum: axes must be distinct and lie in [-2, 2): found [0, -2]", ({ x }) => sum(x, { axes: [0, -2] })],
  ["axis-range", "iota: axes must be distinct and lie in [-1, 1): found [1]", () => iota([3], 1)],
  ["axis-range", "transpose: axes must be distinct and lie in [0, 2): found [0, 0]", ({ x }) => transpose(x, [0, 0])],
  ["reshape-count", "reshape: both shapes must have equally many elements: [batch, 4] has 4*batch, [batch] has batch", ({ x }) => reshape(x, ["batch"])], // prettier-ignore
  ["reshape-count", "reshape: both shapes must have equally many elements: [batch, 4] has 4*batch, [3, -1] a multiple of 3", ({ x }) => reshape(x, [3, -1])], // prettier-ignore
  ["reshape-count", "reshape: both shapes must have equally many elements: [batch, 4] has 4*batch, [-1, -1] a multiple of 1", ({ x }) => reshape(x, [-1, -1])], // prettier-ignore
  ["loss-not-scalar", "a gradient is taken of a scalar float: the loss is f32[batch, 4]", ({ x }) => grad(x, x)],
  ["gradient-of-integer", "a gradient is taken with respect to a float value: found i32[batch]", ({ scalar, label }) => grad(scalar, label)], // prettier-ignore
];

test.each(refused)("%s: %s", (code, message, make) => {
  const attempt = () => withLeaves(make);
  expect(attempt).toThrow(CompileError);
  expect(attempt).toThrow(message);
  try {
    attempt();
  } catch (error) {
    expect((error as CompileError).code).toBe(code);
  }
});

test("a permutation of too few axes is told how many there are", () =>
  withLeaves(({ x }) => {
    const attempt = () => transpose(reshape(x, ["batch", 2, 2]), [1, 0]);
    expect(attempt).toThrow("transpose: axes must be 3, one for each of the operand: found [1, 0]");
    expect(attempt).toThrow(expect.objectContaining({ help: expect.stringContaining("swapAxes(x, a, b)") as string }));
  }));

test.each<readonly [string, string, (leaves: Leaves) => unknown]>([
  ["a mean of rows", "keepAxes: true", ({ x }) => sub(x, sum(x, { axis: 1 }))],
  ["a mean of rows on the left", "keepAxes: true", ({ x }) => sub(sum(x, { axis: 1 }), x)],
  ["another size", "reshape one operand", ({ x, matrix }) => sub(x, sum(matrix, { axis: 0 }))],
])("%s is told what to do where shapes do not broadcast", (_, help, make) =>
  withLeaves((leaves) => {
    const refusal = expect.objectContaining({ help: expect.stringContaining(help) as string });
    expect(() => make(leaves)).toThrow(refusal);
  }),
);

describe("equal applications are one value", () => {
  test("of the same op, operands and attributes", () =>
    withLeaves(({ x, vector }) => {
      expect(add(x, vector)).toBe(add(x, vector));
      expect(add(x, 1)).toBe(add(x, 1));
      expect(sum(x, { axis: 0 })).toBe(sum(x, { axis: -2 }));
      expect(sum(x, { axis: 0 })).not.toBe(sum(x, { axis: 1 }));
      expect(add(x, 1)).not.toBe(add(x, 2));
      expect(sub(x, vector)).not.toBe(sub(vector, x));
      expect(grad(sum(x), x)).toBe(grad(sum(x), x));
    }));

  test("constants are the same without being one object; -0 is not 0", () => {
    expect(same(constant(2), constant(2))).toBe(true);
    expect(same(constant(2), constant(2, "i32"))).toBe(false);
    expect(same(constant(0), constant(-0))).toBe(false);
    expect(same(constant(Number.NaN), constant(Number.NaN))).toBe(true);
    expect(same(exp(constant(2)), exp(constant(2)))).toBe(true);
    expect(same(iota([3], 0), iota([3], 0))).toBe(true);
    expect(same(iota([2, 3], -1), iota([2, 3], 1))).toBe(true);
  });

  test("inputs, parameters and settings never merge", () =>
    withLeaves(({ x }) => {
      const [a, b] = [param([4]), param([4])];
      expect(same(a, b)).toBe(false);
      expect(add(x, a)).not.toBe(add(x, b));
    }));

  test("what changes nothing gives the operand back", () =>
    withLeaves(({ x, scalar, matrix }) => {
      expect(transpose(x, [0, 1])).toBe(x);
      expect(reshape(x, ["batch", 4])).toBe(x);
      expect(cast(x, "f32")).toBe(x);
      expect(sum(scalar)).toBe(scalar);
      expect(broadcastTo(x, ["batch", 4])).toBe(x);
      const product = matmul(x, matrix);
      expect(withOperands(product, [x, matrix])).toBe(product);
      expect(apply(contractOp, product.operands, product.attrs)).toBe(product);
    }));

  test("the table of users does not show", () =>
    withLeaves(({ x }) => {
      square(x);
      expect(Object.keys(x)).toEqual(["op", "operands", "attrs", "type", "constant"]);
    }));
});

test("postorder: operands before users, each once, without recursion", () =>
  withLeaves(({ x }) => {
    let value: Value = x;
    for (let depth = 0; depth < 20_000; depth++) value = add(value, depth % 2 === 0 ? x : 1);
    const order = postorder([value, x]);
    const position = new Map(order.map((each, i) => [each, i]));
    expect(position.size).toBe(order.length);
    expect(order.every((each) => each.operands.every((operand) => position.get(operand)! < position.get(each)!))).toBe(
      true,
    );
  }));
