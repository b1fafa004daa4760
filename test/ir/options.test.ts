/// Options that are misspelt, or not what they must be, are refused where they are given: also without types.
import { expect, test } from "vitest";
import { CompileError } from "../../ir/diagnostic.ts";
import {
  adam,
  add,
  argmax,
  attention,
  averagePool,
  binaryAccuracy,
  celu,
  conv2d,
  convolve,
  convolveTransposed,
  cummax,
  cumsum,
  dense,
  dropout,
  gather,
  gelu,
  grad,
  gradientDescent,
  hardTanh,
  input,
  l2,
  layerNorm,
  leakyRelu,
  maxPool,
  mean,
  meanSquaredError,
  model,
  nanToNum,
  norm,
  pad,
  param,
  parametersOf,
  randomKey,
  randomNormal,
  randomUniform,
  recurrence,
  roll,
  scaledDotProductAttention,
  setting,
  sgd,
  softmaxCrossEntropy,
  sort,
  square,
  softmax,
  split,
  state,
  sum,
  take,
  topK,
  tril,
  windows,
  where,
  max,
  mul,
  transpose,
} from "../../ir/index.ts";

const image = () => input("image", "f32", [2, 3, 8, 8]);
const words = () => input("words", "f32", [2, 5, 4]);
const labels = () => input("labels", "i32", [2, 5]);
const loss = () => mean(square(dense(words(), 2, { name: "d" })));
const options = (given: object) => given as never;

function refused(define: () => unknown): CompileError {
  try {
    model("m", () => {
      define();
      return { run: { one: add(param([], { name: "p" }), 1) } };
    });
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test.each<readonly [string, string, () => unknown]>([
  ["conv2d", "strides", () => conv2d(image(), 4, 3, options({ stride: 2 }))],
  ["convolve", "padding", () => convolve(image(), param([4, 3, 3, 3]), options({ paddings: 1 }))],
  ["convolveTransposed", "outputPadding", () => convolveTransposed(image(), param([3, 4, 3, 3]), options({ outputpadding: 1 }))], // prettier-ignore
  ["maxPool", "strides", () => maxPool(image(), 2, options({ stride: 2 }))],
  ["averagePool", "countPadding", () => averagePool(image(), 2, options({ countpadding: false }))],
  ["attention", "causal", () => attention(words(), 2, options({ casual: true }))],
  ["scaledDotProductAttention", "scale", () => scaledDotProductAttention(words(), words(), words(), options({ scales: 1 }))], // prettier-ignore
  ["gelu", "approximate", () => gelu(words(), options({ aproximate: true }))],
  ["softmaxCrossEntropy", "reduction", () => softmaxCrossEntropy(words(), labels(), options({ reducton: "sum" }))],
  ["meanSquaredError", "reduction", () => meanSquaredError(words(), words(), options({ reductions: "sum" }))],
  ["binaryAccuracy", "threshold", () => binaryAccuracy(words(), words(), options({ treshold: 0 }))],
  ["sum", "keepAxes", () => sum(words(), options({ axis: 0, keepaxes: true }))],
  ["param", "trainable", () => param([2], options({ trainble: false }))],
  ["state", "init", () => state([2], options({ int: 0 }))],
  ["cumsum", "reverse", () => cumsum(words(), 1, options({ reversed: true }))],
  ["cummax", "reverse", () => cummax(words(), 1, options({ revers: true }))],
  ["recurrence", "reverse", () => recurrence(words(), words(), 1, options({ revers: true }))],
  ["pad", "value", () => pad(words(), [[0, 0], [0, 0], [1, 1]], options({ values: 1 }))], // prettier-ignore
  ["tril", "offset", () => tril(words(), options({ ofset: 1 }))],
  ["gather", "batch", () => gather(words(), labels(), options({ batches: 1 }))],
  ["sort", "descending", () => sort(words(), options({ decending: true }))],
  ["topK", "largest", () => topK(words(), 2, options({ larges: false }))],
  ["windows", "stride", () => windows(words(), options({ axis: 1, size: 2, strides: 2 }))],
  ["nanToNum", "positive", () => nanToNum(words(), options({ positiv: 1 }))],
  ["celu", "alpha", () => celu(words(), options({ alpah: 1 }))],
  ["hardTanh", "min", () => hardTanh(words(), options({ mn: 1 }))],
  ["leakyRelu", "slope", () => leakyRelu(words(), options({ slop: 0.2 }))],
  ["norm", "order", () => norm(words(), options({ ordr: 1 }))],
  ["randomNormal", "deviation", () => randomNormal(randomKey(), [2], options({ deviaton: 2 }))],
  ["randomUniform", "high", () => randomUniform(randomKey(), [2], options({ higt: 3 }))],
  ["randomKey", "seed", () => randomKey(options({ sead: 2 }))],
  ["parametersOf", "frozen", () => parametersOf(loss(), options({ frozn: true }))],
  ["input", "distribution", () => input("x", "f32", [2], options({ distributon: true }))],
  ["lossScale", "initial", () => adam(loss(), { lossScale: options({ inital: 8 }) })],
])("%s: a misspelt option, which is %s", (of, meant, define) => {
  const error = refused(define);
  expect(error).toMatchObject({ code: "unknown-option", help: `did you mean ${meant}?` });
  expect(error.message).toContain(`an option of ${of} must be among`);
});

test.each<readonly [string, () => unknown]>([
  ['option "strides" of conv2d must be a positive integer, or an array of such: found 0', () => conv2d(image(), 4, 3, { strides: 0 })], // prettier-ignore
  ['option "groups" of conv2d must be a positive integer: found 1.5', () => conv2d(image(), 4, 3, { groups: 1.5 })],
  ['option "padding" of conv2d must be "same", "valid", an integer, or for each axis one or a pair of such: found "full"', () => conv2d(image(), 4, 3, options({ padding: "full" }))], // prettier-ignore
  ['option "padding" of maxPool must be "same", "valid", an integer, or for each axis one or a pair of such: found 0.5', () => maxPool(image(), 2, { padding: 0.5 })], // prettier-ignore
  ['option "size" of maxPool must be a positive integer, or an array of such: found 0', () => maxPool(image(), 0)],
  ['option "bias" of dense must be true or false: found "no"', () => dense(words(), 2, options({ bias: "no" }))],
  ['option "name" of dense must be a text: found 3', () => dense(words(), 2, options({ name: 3 }))],
  ['option "causal" of attention must be true or false: found 1', () => attention(words(), 2, options({ causal: 1 }))],
  ['option "scale" of attention must be a finite number of float32: found NaN', () => attention(words(), 2, { scale: NaN })], // prettier-ignore
  ['option "reduction" of meanSquaredError must be "mean", "sum" or "none": found "average"', () => meanSquaredError(words(), words(), options({ reduction: "average" }))], // prettier-ignore
  ['option "approximate" of gelu must be true or false: found "tanh"', () => gelu(words(), options({ approximate: "tanh" }))], // prettier-ignore
  ['option "epsilon" of layerNorm must be a finite number of float32 from 0: found -1', () => layerNorm(words(), { epsilon: -1 })], // prettier-ignore
  ['option "strength" of l2 must be a finite number of float32 from 0: found -0.1', () => l2(param([2]), -0.1)],
  ['option "nesterov" of sgd must be true or false: found "yes"', () => sgd(loss(), options({ nesterov: "yes" }))],
  ['option "batch" of gather must be an integer from 0: found -1', () => gather(words(), labels(), options({ batch: -1 }))], // prettier-ignore
  ['option "batch" of gather must be an integer from 0: found 0.5', () => gather(words(), labels(), options({ batch: 0.5 }))], // prettier-ignore
  ['option "widths" of pad must be a pair of integers for each of 3 axes: found [[0,0],[0,0],[0.5,0]]', () => pad(words(), [[0, 0], [0, 0], [0.5, 0]])], // prettier-ignore
  ['option "widths" of pad must be a pair of integers for each of 3 axes: found [[1,1]]', () => pad(words(), options([[1, 1]]))], // prettier-ignore
  ['option "size" of windows must be a positive integer or a polynomial in names: found 0', () => windows(words(), { axis: 1, size: 0 })], // prettier-ignore
  ['option "value" of setting must be a finite number of float32: found NaN', () => setting("r", NaN)],
  ['option "value" of setting must be a finite number of float32: found 1e+39', () => setting("r", 1e39)],
  ['option "value" of setting must be a finite number of float32 from 0 to below 1: found 2', () => setting("q", 2, undefined, [0, 1])], // prettier-ignore
  ['option "seed" of randomKey must be an integer from 0, or a u32 scalar: found -1', () => randomKey({ seed: -1 })],
  ['option "seed" of randomKey must be an integer from 0, or a u32 scalar: found 1.5', () => randomKey({ seed: 1.5 })],
  ['option "count" of topK must be an integer from 1 to 4, the extent of the axis: found 5', () => topK(words(), 5)],
  ['option "size" of maxPool must be one positive integer for each of at most 4 axes, or one for all after the first two: found [2,2,2,2,2]', () => maxPool(image(), [2, 2, 2, 2, 2])], // prettier-ignore
  ['option "parameters" of adam must be one or several parameters: found "d.weight"', () => adam(loss(), options({ parameters: "d.weight" }))], // prettier-ignore
  ["options of sum must be a record such as { axis: … }: found 1", () => sum(words(), 1 as never)],
  ["options of dense must be a record such as { name: … }: found null", () => dense(words(), 2, null as never)],
  ['option "axes" of sum must be an array of axes: found 1', () => sum(words(), options({ axes: 1 }))],
  ['option "axes" of layerNorm must be an array of axes: found 1', () => layerNorm(words(), options({ axes: 1 }))],
  ['option "axis" of sum must be an axis, as an integer: found { axis: 1 }', () => sum(words(), options({ axis: { axis: 1 } }))], // prettier-ignore
  ['option "rate" of dropout must be a number or a scalar of f32: found { rate: 0.5 }', () => dropout(words(), options({ rate: 0.5 }))], // prettier-ignore
  ['option "init" of param must be an initializer: found 0', () => param([2], options({ init: 0 }))],
  ['option "biasInit" of dense must be an initializer: found [0,1]', () => dense(words(), 2, options({ biasInit: [0, 1] }))], // prettier-ignore
])("%s", (message, define) => {
  expect(refused(define)).toMatchObject({ code: "option-invalid", message });
});

test.each<readonly [string, string, () => unknown]>([
  [
    "grad: x must be a tensor, or an array of tensors: found undefined",
    "grad(loss, parametersOf(loss))",
    () => grad(loss(), undefined as never),
  ],
  [
    "input: the shape must be an array of sizes: found undefined",
    'input("x", "f32", [2, 3])',
    () => input("x", "f32", undefined as never),
  ],
  [
    "roll: axes must be an array of axes: found { axis: 1 }",
    "docs/language.md says what roll is called with",
    () => roll(words(), 1, options({ axis: 1 })),
  ],
  [
    "take: positions must be a tensor: found 2",
    "constant(3) makes a tensor of a number",
    () => take(words(), 2 as never),
  ],
  [
    "attention: heads must be a positive integer: found { heads: 2 }",
    "attention(x, 8, { causal: true })",
    () => attention(words(), options({ heads: 2 })),
  ],
  [
    "add: the right operand must be a tensor or a number: found a function",
    "a layer is applied to a tensor, and gives one: layer(x)",
    () => add(words(), dense.layer(4) as never),
  ],
  [
    "mean: x must be a tensor: found an object",
    "one of its fields: values, indices",
    () => mean(topK(words(), 2) as never),
  ],
  [
    "softmax: x must be a tensor: found [f32[2, 5, 2],f32[2, 5, 2]]",
    "one of them, as in parts[0]; stack(parts) and concatenate(parts) make one tensor of several",
    () => softmax(split(words(), [2, 2], 2) as never),
  ],
])("%s: %s", (message, help, define) => {
  expect(refused(define)).toMatchObject({ code: "argument-invalid", message, help });
});

test.each<readonly [string, () => unknown]>([
  ["learningRate must be a finite number of float32 from 0: found -1", () => adam(loss(), { learningRate: -1 })],
  ["learningRate must be a finite number of float32 from 0: found NaN", () => gradientDescent(loss(), { learningRate: NaN })], // prettier-ignore
  ["learningRate must be a finite number of float32 from 0: found \"0.1\"", () => sgd(loss(), options({ learningRate: "0.1" }))], // prettier-ignore
  ["learningRate must be a number or a scalar of f32: found f32[2]", () => adam(loss(), options({ learningRate: param([2], { name: "rates" }) }))], // prettier-ignore
  ["learningRate must be a number or a scalar of f32: found i32", () => sgd(loss(), options({ learningRate: input("rate", "i32", []) }))], // prettier-ignore
  ["momentum must be a finite number of float32 from 0 to below 1: found 1", () => sgd(loss(), { momentum: 1 })],
  ["beta1 must be a finite number of float32 from 0 to below 1: found 1", () => adam(loss(), { beta1: 1 })],
  ["epsilon must be a finite number of float32 from 0: found -1e-8", () => adam(loss(), { epsilon: -1e-8 })],
])("%s", (message, define) => {
  expect(refused(define)).toMatchObject({ code: "optimizer-option", message });
});

test.each<readonly [string, () => unknown]>([
  ["{ axis: 0 }", () => mean(words(), 0 as never)],
  ["{ axis: -1 }", () => argmax(words(), -1 as never)],
  ["{ axes: [0,1] }", () => sum(words(), [0, 1] as never)],
  ["{ learningRate: 0.1 }", () => sgd(loss(), 0.1 as never)],
  ["left out, it has its default", () => sum(words(), "0" as never)],
  ["dropout(x, 0.5)", () => dropout(words(), options({ rate: 0.5 }))],
  ["grad(loss, parametersOf(loss))", () => grad(loss(), undefined as never)],
  ["init: zeros(), ones(), normal(0, 0.1) or values([…])", () => param([2], options({ init: 0 }))],
  ["a step goes down the loss: what is to become larger is the loss neg(x)", () => adam(loss(), { learningRate: -1 })],
  ["left out, it has its default", () => adam(loss(), { learningRate: NaN })],
])("what to write instead: %s", (help, define) => {
  expect(refused(define)).toMatchObject({ help });
});

test.each<readonly [string, () => unknown]>([
  ["a comparison gives one: greater(x, 0)", () => where(words() as never, words(), 0)],
  ["an axis is a number here, -1 in the place of { axis: -1 }", () => softmax(words(), options({ axis: -1 }))],
  ["axis: -1 or axes: [-1]", () => max(words(), options({ axes: -1 }))],
  ["axes: [0,1]", () => mean(words(), options({ axis: [0, 1] }))],
  ['padding: "same"', () => conv2d(input("image", "f32", ["batch", 1, 8, 8]), 8, 3, options({ padding: "SAME" }))],
  ["the loss comes first", () => adam([] as never, options(loss()))],
  ["transpose(x, [1, 0])", () => transpose(words(), 0 as never)],
  ["a number: 2", () => mul(words(), 2n as never)],
  ["channels come second", () => conv2d(input("image", "f32", ["batch", 28, 28, 1]), 8, 3)],
])("what to do: %s", (help, define) => {
  expect(refused(define)).toMatchObject({ help: expect.stringContaining(help) as string });
});

test("an update of parameters by hand is shown where an array of values is given for one", () => {
  const define = () => model("m", () => ({ train: { update: [param([2], { name: "W" })] as never } }));
  expect(define).toThrow(expect.objectContaining({ help: expect.stringContaining("{ state: W, value: ") as string }));
});

test("a loss scale that is a word is refused as such", () => {
  expect(refused(() => adam(loss(), { lossScale: "dynamic" as never }))).toMatchObject({
    code: "loss-scale",
    message: 'lossScale must be a positive number of float32, a scalar, or a record such as {}: found "dynamic"',
  });
});

test("an element type that there is not is refused, and says which was meant", () => {
  expect(refused(() => input("x", "f23" as never, [2]))).toMatchObject({
    code: "unknown-dtype",
    message: 'an element type must be one of "f32", "i32", "u32", "bool": found "f23" in input',
    help: "did you mean f32?",
  });
  expect(refused(() => input("x", "f16", [2, 3]))).toMatchObject({
    code: "unknown-dtype",
    help: "declare it f32: --storage f16 keeps it in half precision",
  });
  expect(refused(() => state([2], options({ dtype: "float32" })))).toMatchObject({ code: "unknown-dtype" });
});

test("an option that is undefined is left out", () => {
  const define = () => ({ run: { y: gelu(dense(words(), 2, { bias: undefined }), { approximate: undefined }) } });
  expect(model("m", define).states).not.toEqual([]);
});
