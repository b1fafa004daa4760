/// One value for each rule that is a function, on which it fires.
import { logSoftmax, oneHot, softmax } from "../../../ir/nn/softmax.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, where } from "../../../ir/ops/choose.ts";
import { equal, greater } from "../../../ir/ops/compare.ts";
import { contract } from "../../../ir/ops/contract.ts";
import { abs, exp, log, maximum, pow, sigmoid, softplus, sqrt } from "../../../ir/ops/functions.ts";
import { gather } from "../../../ir/ops/gather.ts";
import { reshape, transpose, transposeOp } from "../../../ir/ops/layout.ts";
import { constant, inputOp, iota, sizeValue } from "../../../ir/ops/leaf.ts";
import { hypot } from "../../../ir/ops/powers.ts";
import { product } from "../../../ir/ops/product.ts";
import { argmax, logsumexp, mean } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, broadcastTo, sum } from "../../../ir/ops/sum.ts";
import { windows } from "../../../ir/ops/windows.ts";
import { apply, type Value } from "../../../ir/value.ts";
import type { DType, Shape } from "../../../ir/type.ts";
import { categoricalExamples } from "./categorical-examples.ts";
import { elementaryExamples } from "./elementary-examples.ts";
import { lengthExamples } from "./length-examples.ts";
import { standardizedExamples } from "./standardized-examples.ts";

function leaf(name: string, shape: Shape, dtype: DType = "f32"): Value {
  return apply(inputOp, [], { identity: { name, dtype, shape } });
}

const x = leaf("x", [3, 4]);
const y = leaf("y", [3, 4]);
const row = leaf("row", [4]);
const column = leaf("column", [3]);

/** Rule name → a value that it rewrites. */
export const functionExamples: readonly { readonly name: string; readonly value: () => Value }[] = [
  ...standardizedExamples,
  ...categoricalExamples,
  ...elementaryExamples,
  ...lengthExamples,
  { name: "negated factor", value: () => mul(x, neg(y)) },
  {
    name: "layout of one number",
    value: () =>
      apply(transposeOp, [div(constant(1, "f32", [3, 4]), constant(3, "f32", [3, 4]))], { permutation: [1, 0] }),
  },
  { name: "broadcast of a layout", value: () => broadcastTo(reshape(column, [3, 1]), [3, 4]) },
  { name: "broadcast along unit axes", value: () => broadcastAlong(leaf("one", [1]), [4, 1], [0]) },
  {
    name: "windows side by side",
    value: () => windows(x, { axis: 1, size: 2, stride: 2 }),
  },
  { name: "reshape of a layout", value: () => reshape(reshape(x, [12]), [2, 6]) },
  { name: "transpose of a layout", value: () => transpose(broadcastTo(row, [3, 4])) },
  { name: "broadcast after the calculation", value: () => exp(broadcastTo(row, [3, 4])) },
  {
    name: "product with a transpose",
    value: () => contract(transpose(x), y, { batch: [], contracted: [[1, 0]] }),
  },
  { name: "transposed product", value: () => transpose(contract(x, y, { batch: [], contracted: [[1, 1]] })) },
  { name: "numbers worked out", value: () => add(constant(2), constant(3)) },
  { name: "constants", value: () => div(constant(1), constant(3)) },
  { name: "index of an only element", value: () => iota([3, 1], 1) },
  { name: "selection with a known condition", value: () => where(constant(true, "bool", [3, 4]), x, y) },
  { name: "sum over unit axes", value: () => sum(reshape(x, [2, 6])) },
  { name: "sum of a sum", value: () => sum(sum(x, { axes: [0] }), { axes: [0] }) },
  { name: "sum of a repetition", value: () => sum(broadcastAlong(row, [3, 4], [1]), { axes: [0] }) },
  {
    name: "product with a number",
    value: () => contract(constant(2, "f32", [4]), x, { batch: [], contracted: [[0, 1]] }),
  },
  {
    name: "product with a number",
    value: () => contract(x, constant(2, "f32", [3, 2]), { batch: [], contracted: [[0, 0]] }),
  },
  {
    name: "product with a number",
    value: () => contract(constant(2), x, { batch: [], contracted: [] }),
  },
  {
    name: "product with a repetition",
    value: () => contract(x, broadcastAlong(row, [3, 4], [1]), { batch: [], contracted: [[0, 0]] }),
  },
  {
    name: "product with a repetition",
    value: () =>
      contract(broadcastAlong(column, [3, 4, 2], [0]), leaf("z", [3, 2, 4]), {
        ...{
          batch: [[0, 0]],
          contracted: [
            [1, 2],
            [2, 1],
          ],
        },
      }),
  },
  { name: "ratio of sizes", value: () => div(sizeValue("n", "f32", [3]), sizeValue("5*n", "f32", [3])) },
  {
    name: "sum known by its parts",
    value: () =>
      sum(mul(oneHot(leaf("label", [3], "i32"), 4), broadcastTo(reshape(column, [3, 1]), [3, 4])), { axes: [1] }),
  },
  {
    name: "sum known by its parts",
    value: () => sum(exp(sub(x, broadcastAlong(logsumexp(x, { axis: 1 }), [3, 4], [0]))), { axes: [1] }),
  },
  {
    name: "sum known by its parts",
    value: () => sum(div(x, broadcastAlong(sum(x, { axis: 1 }), [3, 4], [0])), { axes: [1] }),
  },
  { name: "log of an exponential", value: () => log(mul(y, exp(x))) },
  { name: "log of weighted exponentials", value: () => log(sum(mul(y, exp(x)), { axis: 1 })) },
  {
    name: "log of weighted exponentials",
    value: () => log(add(mul(y, sigmoid(x)), mul(sub(1, y), sub(1, sigmoid(x))))),
  },
  { name: "complement beside a guard", value: () => add(sub(1, sigmoid(x)), 1e-7) },
  { name: "square times an exponential", value: () => div(mul(x, x), exp(y)) },
  { name: "square times an exponential", value: () => mul(abs(x), exp(y)) },
  {
    name: "nothing of what is impossible",
    value: () =>
      mul(y, sub(where(greater(x, 0), x, -Infinity), broadcastAlong(logsumexp(x, { axis: 1 }), [3, 4], [0]))),
  },
  { name: "log of a product", value: () => log(product(sigmoid(x), { axis: 1 })) },
  { name: "log of a product", value: () => log(product(mul(y, sigmoid(x)), { axis: 1 })) },
  { name: "power of an exponential", value: () => pow(exp(x), 1.5) },
  { name: "exp of a logarithm", value: () => exp(neg(softplus(x))) },
  {
    name: "offset of a log of a sum",
    value: () => add(row, logsumexp(sub(x, broadcastAlong(row, [3, 4], [1])), { axis: 0 })),
  },
  { name: "sum of logarithms", value: () => sub(softplus(x), x) },
  {
    name: "function of a selection of exponentials",
    value: () => log(where(greater(y, 0), sigmoid(x), sub(1, sigmoid(x)))),
  },
  {
    name: "log of what a match picks",
    value: () => log(sum(mul(oneHot(argmax(x), 4), softmax(y)), { axis: 1 })),
  },
  { name: "log of what a gather reads", value: () => log(gather(softmax(row), leaf("i", [3], "i32"))) },
  { name: "entry of a row", value: () => gather(logSoftmax(x), reshape(leaf("i", [3], "i32"), [3, 1]), { batch: 1 }) },
  {
    name: "entry beside a logsumexp",
    value: () => {
      const picked = gather(x, reshape(leaf("i", [3], "i32"), [3, 1]), { batch: 1 });
      return sub(logsumexp(x, { axis: 1 }), reshape(picked, [3]));
    },
  },
  {
    name: "logsumexp less an entry",
    value: () => {
      const picked = gather(x, reshape(leaf("i", [3], "i32"), [3, 1]), { batch: 1 });
      return logsumexp(sub(x, broadcastTo(picked, [3, 4])), { axis: 1 });
    },
  },
  {
    name: "logsumexp of what a match picks",
    value: () =>
      logsumexp(where(equal(iota([3, 4], 1), broadcastTo(reshape(argmax(x), [3, 1]), [3, 4])), y, -Infinity), {
        axis: 1,
      }),
  },
  { name: "logarithm from its larger term", value: () => add(maximum(x, 0), softplus(neg(abs(x)))) },
  {
    name: "row under a mask",
    value: () => mul(cast(leaf("c", [3], "bool"), "f32"), logsumexp(x, { axis: 1 })),
  },
  {
    name: "selection of a row",
    value: () => mul(broadcastAlong(where(leaf("c", [3], "bool"), column, 0), [3, 4], [0]), softmax(x)),
  },
  {
    name: "match in a row that counts",
    value: () => {
      const match = equal(iota([3, 4], 1), broadcastTo(reshape(leaf("i", [3], "i32"), [3, 1]), [3, 4]));
      return where(match, broadcastAlong(where(leaf("c", [3], "bool"), column, 0), [3, 4], [0]), 0);
    },
  },
  { name: "guard of an exponential", value: () => where(greater(sigmoid(x), 0), y, x) },
  { name: "reduction beside unit axes", value: () => logsumexp(reshape(x, [3, 1, 4]), { axis: 2 }) },
  { name: "reduction of a repetition", value: () => logsumexp(broadcastAlong(row, [3, 4], [1]), { axis: 1 }) },
  { name: "layout after the row", value: () => mul(transpose(logSoftmax(x)), transpose(y)) },
  { name: "reduction of a transpose", value: () => sum(transpose(x), { axis: 0 }) },
  {
    name: "product of rows",
    value: () => contract(y, logSoftmax(x), { batch: [[0, 0]], contracted: [[1, 1]] }),
  },
  { name: "product of exponentials", value: () => div(exp(x), broadcastAlong(sum(exp(x), { axis: 1 }), [3, 4], [0])) },
  { name: "root of a square and a number", value: () => sqrt(add(0.25, mul(x, x))) },
  { name: "root of what is never negative", value: () => sqrt(sum(mul(x, x), { axis: 1 })) },
  { name: "power of what is never negative", value: () => pow(sum(mul(x, x), { axis: 1 }), 0.75) },
  { name: "difference of roots", value: () => sub(sqrt(add(x, 1)), sqrt(x)) },
  { name: "root minus a number", value: () => sub(hypot(x, 1), 1) },
  { name: "never equal", value: () => equal(add(mul(x, x), 1), 0) },
  { name: "power less one", value: () => sub(pow(x, 0.125), 1) },
  {
    name: "variance by deviations",
    value: () => sub(mean(mul(x, y), { axis: 1 }), mul(mean(x, { axis: 1 }), mean(y, { axis: 1 }))),
  },
  {
    name: "variance by deviations",
    value: () => {
      const all = (of: Value): Value => mean(mean(of, { axis: 1 }));
      return sub(all(mul(x, x)), mul(all(x), all(x)));
    },
  },
  {
    name: "central moment by deviations",
    value: () => {
      const of = (value: Value): Value => mean(value, { axis: 1 });
      const [first, squares, cubes] = [of(x), of(mul(x, x)), of(mul(x, mul(x, x)))];
      return add(sub(cubes, mul(3, mul(first, squares))), mul(2, mul(first, mul(first, first))));
    },
  },
  {
    name: "sum of products collected",
    value: () => add(neg(mul(y, sub(1, x))), mul(sub(1, y), x)),
  },
];
