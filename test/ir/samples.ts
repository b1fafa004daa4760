/// For each op a value that uses it, and formulas that are hard to write.
import { oneHot, softmax } from "../../ir/nn/softmax.ts";
import { bitcastOp } from "../../ir/ops/bits.ts";
import { convolve } from "../../ir/ops/convolve.ts";
import {
  cumargmaxOp,
  cumargminOp,
  cummax,
  cummin,
  cumprod,
  cumsum,
  logcumsumexp,
  recurrence,
} from "../../ir/ops/cumulative.ts";
import { gather, scatterAdd } from "../../ir/ops/gather.ts";
import { concatenate, pad, slice } from "../../ir/ops/pad.ts";
import { product } from "../../ir/ops/product.ts";
import { threefry } from "../../ir/ops/random.ts";
import { argsort } from "../../ir/ops/sort.ts";
import { training } from "../../ir/ops/training.ts";
import { skewOp, windows } from "../../ir/ops/windows.ts";
import { add, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { allOps } from "../../ir/ops/all.ts";
import { cast, where } from "../../ir/ops/choose.ts";
import { equal } from "../../ir/ops/compare.ts";
import { contract } from "../../ir/ops/contract.ts";
import { grad, jvp, vjp } from "../../ir/ops/derivative.ts";
import { exp, pow } from "../../ir/ops/functions.ts";
import { reshape, reverse, transpose } from "../../ir/ops/layout.ts";
import { constant, iota, sizeValue } from "../../ir/ops/leaf.ts";
import { normOp } from "../../ir/ops/norm.ts";
import { argmax, argmin, logsumexp, max, mean, min } from "../../ir/ops/reduce.ts";
import { broadcastAlong, broadcastTo, sum } from "../../ir/ops/sum.ts";
import { apply, type Value } from "../../ir/value.ts";
import { leaf, loops } from "./graphs.ts";

const x = leaf("x", ["batch", 4]);
const y = leaf("y", ["batch", 4]);
const v = leaf("v", ["batch"]);
const cube = leaf("cube", ["batch", 3, 4]);
const label = leaf("label", ["batch"], "i32");
const word = leaf("word", ["batch"], "u32");

/** What each is about, and the value. */
export const samples: readonly (readonly [string, Value])[] = [
  [
    "matrix products",
    contract(contract(x, y, { batch: [], contracted: [[0, 0]] }), x, { batch: [], contracted: [[1, 1]] }),
  ],
  ["a transposed value as a factor", contract(transpose(x), y, { batch: [], contracted: [[1, 0]] })],
  ["batched product", contract(cube, leaf("other", ["batch", 4, 2]), { batch: [[0, 0]], contracted: [[2, 1]] })],
  ["batched product, transposed", contract(cube, cube, { batch: [[0, 0]], contracted: [[2, 2]] })],
  [
    "general contraction",
    contract(cube, cube, {
      batch: [[1, 1]],
      contracted: [
        [2, 2],
        [0, 0],
      ],
    }),
  ],
  ["outer product", contract(v, v, { batch: [], contracted: [] })],
  ["dot product", contract(v, v, { batch: [], contracted: [[0, 0]] })],
  ["reductions", add(sum(x), add(max(v), mean(logsumexp(cube, { axes: [0, 2] }))))],
  ["argmax", argmax(x)],
  ["softmax along the first axis", softmax(x, 0)],
  ["one-hot rows", oneHot(label, 10)],
  [
    "comparison that is no one-hot row",
    cast(equal(broadcastAlong(label, ["batch", 10], [0]), iota(["batch", 10], 1)), "f32"),
  ],
  ["layout", transpose(reshape(cube, ["batch", 2, 6]), [2, 0, 1])],
  ["reshape with polynomial sizes", reshape(cube, ["12*batch"])],
  ["spread by itself", broadcastAlong(v, ["batch", 5], [0])],
  ["scalar repeated", broadcastTo(sum(v), ["batch", 2])],
  [
    "two spreads that make a matrix",
    mul(broadcastAlong(v, ["batch", 3], [0]), broadcastTo(leaf("w", [3]), ["batch", 3])),
  ],
  ["spread along the middle", add(cube, broadcastAlong(x, ["batch", 3, 4], [0, 2]))],
  ["sizes", mul(x, sizeValue("batch", "f32", ["batch", 4]))],
  ["polynomial size", mul(sum(x), sizeValue("2*batch+1"))],
  ["size of integers", sizeValue("batch", "i32", [2])],
  ["negative numbers", sub(mul(-2, x), add(x, -0.1))],
  ["negation of a number", apply(neg.op, [constant(2)])],
  ["numbers beyond numbers", add(add(x, Infinity), add(mul(x, -Infinity), add(mul(NaN, x), -0)))],
  ["shortest numbers", add(mul(x, 0.1), add(1e-8, mul(x, 16777217)))],
  ["constant by itself", constant(3, "i32", [2, 2])],
  [
    "truth",
    apply(
      allOps().find((op) => op.name === "and")!,
      [leaf("t", [2], "bool"), constant(true, "bool", [2])],
    ),
  ],
  ["powers", pow(pow(x, 2), neg(pow(x, add(y, 1))))],
  ["double negation", neg(neg(x))],
  ["conversions", cast(cast(x, "i32"), "bool")],
  ["placeholder of a gradient", grad(sum(x), x)],
  ["index", cast(iota([3, 2], 0, "u32"), "f32")],
  ["bits", apply(bitcastOp, [label], { dtype: "u32" })],
  ["lengths", apply(normOp, [x], { axes: [0] })],
  ["more reductions", add(min(x), add(cast(argmin(v), "f32"), product(cube, { axes: [1] })))],
  [
    "parts",
    concatenate(
      [
        slice(x, [null, [1, 4, 2]]),
        pad(
          reverse(x, [0, 1]),
          [
            [0, 0],
            [-1, 2],
          ],
          { value: -0 },
        ),
      ],
      1,
    ),
  ],
  [
    "a frame of infinity",
    pad(
      x,
      [
        ["batch", 0],
        [0, 1],
      ],
      { value: -Infinity },
    ),
  ],
  ["windows", windows(x, { axis: 1, size: 2, stride: 2, dilation: 1 })],
  ["gather", gather(x, label)],
  ["gather in batches", gather(x, leaf("place", ["batch", 2], "i32"), { batch: 1 })],
  ["scatter", scatterAdd(x, leaf("place", [3], "i32"), leaf("rows", [3, 4]))],
  ["running totals", add(cumsum(x, 1), add(cumprod(x, 0, { reverse: true }), logcumsumexp(x, 1)))],
  ["windows put back", apply(skewOp, [leaf("columns", [5, 3])], { axis: 0, size: 3, stride: 1, dilation: 1 })],
  [
    "places of running extremes",
    add(
      apply(cumargmaxOp, [x], { axis: 0, reverse: false, exclusive: false }),
      apply(cumargminOp, [x], { axis: 1, reverse: true, exclusive: false }),
    ),
  ],
  ["running extremes", add(cummax(x, 1), cummin(x, 0, { reverse: true }))],
  ["recurrence", recurrence(x, y, 1)],
  ["order", argsort(x, { axis: 0, descending: true })],
  [
    "convolution",
    convolve(leaf("picture", ["batch", 3, 8, 8]), leaf("filter", [5, 3, 3, 3]), { strides: [2, 1], padding: "same" }),
  ],
  ["random bits", threefry(1, [word, word], [threefry(0, [word, word], [word, 7]), word])],
  ["loops", loops()],
  ["training", where(training(), x, y)],
  ["derivatives along and back", add(vjp(exp(x), x, y), jvp(exp(x), x, y))],
];
