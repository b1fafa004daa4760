/// Arguments at the edges of what the types and the documentation allow: functions take them, and make what they say.
import { expect, test } from "vitest";
import {
  argmax,
  attention,
  bernoulli,
  broadcastTo,
  clamp,
  concatenate,
  constant,
  contract,
  conv1d,
  convolve,
  cumsum,
  dense,
  dot,
  dropout,
  dynamicSlice,
  einsum,
  elu,
  embedding,
  evaluate,
  flatten,
  foldIn,
  grad,
  groupNorm,
  hardShrink,
  hardTanh,
  heaviside,
  identityMatrix,
  input,
  iota,
  jvp,
  l2,
  layerNorm,
  logSoftmax,
  maxPool,
  meanSquaredError,
  model,
  moveAxis,
  norm,
  oneHot,
  pad,
  param,
  parametersOf,
  polygamma,
  randomBits,
  randomKey,
  randomUniform,
  relu,
  repeat,
  reshape,
  reverse,
  rmsNorm,
  roll,
  scan,
  setting,
  silu,
  slice,
  softmax,
  softmaxCrossEntropy,
  softShrink,
  sort,
  split,
  squeeze,
  stack,
  state,
  sum,
  swapAxes,
  take,
  threshold,
  tile,
  topK,
  transpose,
  unstack,
  values,
  variance,
  vjp,
  where,
  windows,
  withDerivative,
  type Tensor,
  type Value,
} from "../../ir/index.ts";
import { formatType } from "../../ir/type.ts";

const x = (name = "x") => input(name, "f32", [2, 3]);
const named = () => input("named", "f32", ["n", 3]);
const vector = () => input("vector", "f32", [3]);
const line = () => input("line", "f32", [1, 2, 8]);
const words = (name = "words") => input(name, "f32", [2, 5, 4]);
const labels = () => input("labels", "i32", [2]);
const scalar = (name = "scalar") => input(name, "f32", []);
const place = (name: string) => input(name, "i32", []);
const weight = () => param([2, 3], { name: "weight" });
const first = (tensors: readonly Value[]) => tensors[0];

/** What is made within a model. */
function made(define: () => Value): Value {
  let value: Value | undefined;
  model("m", () => {
    value = define();
    return { run: { value } };
  });
  return value!;
}

test.each<readonly [string, string, () => Value]>([
  // Positions: ±∞ is beyond any axis, also one of a named size.
  ["slice to ∞", "f32[1, 3]", () => slice(x(), [[1, Infinity]])],
  ["slice from −∞ to ∞", "f32[2, 3]", () => slice(x(), [[-Infinity, Infinity]])],
  ["slice back from ∞ to −∞", "f32[2, 3]", () => slice(x(), [[Infinity, -Infinity, -1]])],
  ["slice far beyond", "f32[2, 3]", () => slice(x(), [[-(2 ** 60), 2 ** 60]])],
  ["slice a named size to ∞", "f32[n-1, 3]", () => slice(named(), [[1, Infinity]])],
  ["slice the last of a named size", "f32[1, 3]", () => slice(named(), [[-1, Infinity]])],
  ["slice with null and undefined", "f32[2, 3]", () => slice(x(), [[undefined, null, -1], null])],
  ["slice nothing away", "f32[2, 3]", () => slice(x(), [[]])],
  ["slice by names", "f32[1, 3]", () => slice(named(), [["n-1", "n"]])],
  // Sizes: no element, names, and formulas that come to a number.
  ["tile 0 times", "f32[0, 3]", () => tile(x(), [0, 1])],
  ["tile by a name", "f32[2*n, 3]", () => tile(x(), ["n", 1])],
  ["tile by a text that is a number", "f32[4, 3]", () => tile(x(), ["2", 1])],
  ["tile no axis", "f32[2, 3]", () => tile(x(), [])],
  ["repeat 0 times", "f32[0, 3]", () => repeat(x(), 0, 0)],
  ["repeat all 0 times", "f32[0]", () => repeat(x(), 0, undefined)],
  ["repeat by a text that is a number", "f32[2, 9]", () => repeat(x(), "3", -1)],
  ["dynamicSlice of no row", "f32[0, 3]", () => dynamicSlice(x(), [place("i"), place("j")], [0, 3])],
  ["dynamicSlice by a text", "f32[1, 3]", () => dynamicSlice(x(), [place("i"), place("j")], ["2 - 1", 3])],
  ["identityMatrix of no row", "f32[0, 0]", () => identityMatrix(0)],
  ["identityMatrix by a text", "f32[2*n, 2*n]", () => identityMatrix("n * 2")],
  ["split by texts", "f32[1, 3]", () => first(split(x(), ["1", "1"]))],
  ["split a named size", "f32[n-1, 3]", () => first(split(named(), ["n - 1", 1]))],
  ["windows by a text", "f32[2, 2, 2]", () => windows(x(), { axis: -1, size: "2", stride: undefined })],
  ["dense by a text", "f32[2, 4]", () => dense(x(), "4")],
  ["dense by a name", "f32[2, units]", () => dense(x(), "units", { bias: undefined, init: undefined })],
  ["embedding by names", "f32[2, width]", () => embedding(labels(), "words", "width")],
  ["oneHot by a name", "f32[2, classes]", () => oneHot(labels(), "classes")],
  ["oneHot of no class", "f32[2, 0]", () => oneHot(labels(), 0)],
  ["broadcastTo no row", "f32[0, 3]", () => broadcastTo(vector(), [0, 3])],
  ["reshape by a text", "f32[6]", () => reshape(x(), ["2*3"])],
  ["input of no row", "f32[0, 3]", () => input("none", "f32", [0, 3])],
  ["randomBits of a formula", "u32[2*n]", () => randomBits(randomKey(), ["n * 2"])],
  ["iota of a named size", "f32[n]", () => iota(["n"], -1, "f32")],
  ["pad by names", "f32[2, n+2]", () => pad(x(), [[0, 0], ["n", -1]])], // prettier-ignore
  ["iota of a formula", "i32[2*n]", () => iota(["n * 2"], 0)],
  ["constant of a formula", "f32[n+1]", () => constant(1, "f32", ["1 + n"])],
  ["constant of a text", "f32[2]", () => constant(1, "f32", ["2"])],
  ["broadcastTo a formula", "f32[2*n, 3]", () => broadcastTo(vector(), ["n * 2", 3])],
  ["broadcastTo its own shape in texts", "f32[2, 3]", () => broadcastTo(x(), ["2", 3])],
  // Numbers: 0, negative and infinite ones.
  ["softShrink by ∞", "f32[2, 3]", () => softShrink(x(), Infinity)],
  ["softShrink by −1", "f32[2, 3]", () => softShrink(x(), -1)],
  ["hardShrink by ∞", "f32[2, 3]", () => hardShrink(x(), Infinity)],
  ["hardShrink by −1", "f32[2, 3]", () => hardShrink(x(), -1)],
  ["hardShrink by what float32 does not hold", "f32[2, 3]", () => hardShrink(x(), 1e300)],
  ["threshold at −∞", "f32[2, 3]", () => threshold(x(), -Infinity, NaN)],
  ["hardTanh of one end", "f32[2, 3]", () => hardTanh(x(), { min: 0, max: Infinity })],
  ["elu of 0", "f32[2, 3]", () => elu(x(), { alpha: 0 })],
  ["clamp at −∞", "f32[2, 3]", () => clamp(x(), -Infinity, x("high"))],
  ["heaviside of NaN", "f32[2, 3]", () => heaviside(x(), NaN)],
  ["norm of order ∞", "f32[2]", () => norm(x(), { order: Infinity, axis: -1 })],
  ["pad with −∞", "f32[2, 4]", () => pad(x(), [[0, 0], [0, 1]], { value: -Infinity })], // prettier-ignore
  ["polygamma of 0", "f32[2, 3]", () => polygamma(0, x())],
  ["variance of a half", "f32", () => variance(x(), { correction: 0.5 })],
  ["dropout of none", "f32[2, 3]", () => dropout(x(), 0)],
  ["roll by nothing", "f32[2, 3]", () => roll(x(), -7, [-1])],
  ["bernoulli of a tensor", "bool[2]", () => bernoulli(randomKey({ seed: 0 }), scalar(), [2])],
  [
    "randomUniform between tensors",
    "f32[3]",
    () => randomUniform(randomKey(), [3], { low: scalar(), high: scalar("high") }),
  ],
  ["foldIn the largest", "u32", () => randomBits(foldIn(randomKey(), 2 ** 32 - 1), [])],
  ["constant of a truth", "bool", () => constant(true, "bool")],
  ["where of numbers", "f32[2]", () => where(input("truths", "bool", [2]), 1, -Infinity)],
  ["l2 of strength 0", "f32", () => l2(weight(), 0)],
  ["setting of −0.5", "f32", () => setting("shift", -0.5, undefined, undefined)],
  // Numbers in arrays that hold nothing else.
  ["values of typed arrays", "f32[2, 2]", () => param([2, 2], { init: values([new Float32Array([1, 2]), new Int8Array([3, 4])] as never) })], // prettier-ignore
  ["values of nothing", "f32[0]", () => state([0], { init: values([[]]), dtype: undefined })],
  // What may be left out may be undefined.
  ["sum", "f32", () => sum(x(), { axis: undefined, axes: undefined, keepAxes: undefined })],
  ["sum along no axis", "f32[2, 3]", () => sum(x(), { axes: [] })],
  ["argmax", "i32[2]", () => argmax(x(), undefined)],
  ["argmax of all", "i32", () => argmax(x(), { axes: undefined })],
  ["sort", "f32[2, 3]", () => sort(x(), { axis: undefined, descending: undefined })],
  ["topK", "f32[2, 3]", () => topK(x(), 3, { axis: -1, largest: undefined }).values],
  ["flatten", "f32[6]", () => flatten(x(), undefined, undefined)],
  ["squeeze", "f32[2]", () => squeeze(input("ones", "f32", [1, 2]), undefined)],
  ["transpose", "f32[3, 2]", () => transpose(x(), undefined)],
  ["take", "f32[2, 3]", () => take(x(), labels(), undefined)],
  ["softmax", "f32[2, 3]", () => logSoftmax(softmax(x(), undefined), -2)],
  ["cumsum", "f32[2, 3]", () => cumsum(x(), -1, { reverse: undefined, exclusive: undefined })],
  ["convolve", "f32[1, 4, 6]", () => convolve(line(), input("w", "f32", [4, 2, 3]), { padding: undefined })],
  ["conv1d", "f32[1, 4, 6]", () => conv1d(line(), 4, [3], { strides: undefined, name: undefined })],
  ["maxPool", "f32[1, 2, 4]", () => maxPool(line(), [2], { strides: undefined, ceil: undefined })],
  ["attention", "f32[2, 5, 4]", () => attention(words(), 2, { mask: undefined, scale: 0 })],
  ["attention of no memory", "f32[2, 5, 4]", () => attention.layer(2)(words(), undefined)],
  ["attention of another width", "f32[2, 5, 4]", () => attention.layer(2)(words(), input("keys", "f32", [2, 7, 3]))],
  ["groupNorm", "f32[2, 5, 4]", () => groupNorm(words(), 5, { epsilon: 0, shift: undefined })],
  ["layerNorm", "f32[2, 3]", () => layerNorm.layer(undefined)(x())],
  ["meanSquaredError", "f32", () => meanSquaredError(x(), x("y"), { reduction: undefined })],
  ["softmaxCrossEntropy", "f32", () => softmaxCrossEntropy(x(), labels(), undefined)],
  ["withDerivative", "f32[2, 3]", () => withDerivative((v: Value) => v, () => [null], { exact: undefined })(x())], // prettier-ignore
  ["scan", "f32[2, 3]", () => scan(([h]) => ({ carry: [silu(h)] }), { initial: [x()], length: 2, reverse: undefined }).carry[0]], // prettier-ignore
  // Arrays that cannot be written to, of one tensor, and of none.
  ["stack of one", "f32[2, 3, 1]", () => stack(Object.freeze([x()]), -1)],
  ["concatenate of one", "f32[2, 3]", () => concatenate([x()] as const, -1)],
  ["unstack the last", "f32[2]", () => first(unstack(x(), -1))],
  ["parametersOf none", "f32", () => sum(stack([x(), ...parametersOf([], { frozen: undefined })]))],
  ["grad of one in an array", "f32[2, 3]", () => grad(sum(relu(x())), Object.freeze([x("other")]))[0]],
  ["vjp of one", "f32[2, 3]", () => vjp(relu(x()), x("other"), x("c"))],
  ["jvp of one in an array", "f32[2, 3]", () => jvp(relu(x()), [x("other")], [x("t")])],
  ["moveAxis by arrays", "f32[3, 2]", () => moveAxis(x(), [0], -1)],
  ["swapAxes of one", "f32[2, 3]", () => swapAxes(x(), -1, 1)],
  ["reverse no axis", "f32[2, 3]", () => reverse(x(), Object.freeze([]))],
  ["contract nothing", "f32[2, 3, 2, 3]", () => contract(x(), x("y"), { batch: [], contracted: [] })],
  ["einsum of a scalar", "f32", () => einsum("->", scalar())],
  ["dot", "f32", () => dot(vector(), input("other", "f32", [3]))],
  // A callback of `map` is given places as well.
  ["map a layer", "f32[2, 4]", () => [x(), x("y")].map(dense.layer(4))[1]],
  ["map a convolution", "f32[1, 4, 6]", () => [line()].map(conv1d.layer(4, 3))[0]],
  ["map a normalization", "f32[2, 3]", () => [x()].map(rmsNorm.layer())[0]],
  ["map an embedding", "f32[2, 4]", () => [labels()].map(embedding.layer(5, 4))[0]],
  ["map an activation", "f32[2, 3]", () => [x() as Tensor<"f32">].map(silu)[0]],
])("%s: %s", (_, type, define) => {
  expect(formatType(made(define).type)).toBe(type);
});

test.each<readonly [string, readonly number[], (x: Value) => Value]>([
  ["slice to ∞", [-0.25, 4], (a) => slice(a, [[2, Infinity]])],
  ["slice back to −∞", [4, -0.25, 1, -2], (a) => slice(a, [[Infinity, -Infinity, -1]])],
  ["softShrink by ∞", [0, 0, 0, 0], (a) => softShrink(a, Infinity)],
  ["softShrink by −1", [-3, 2, -1.25, 5], (a) => softShrink(a, -1)],
  ["hardShrink by ∞", [0, 0, 0, 0], (a) => hardShrink(a, Infinity)],
  ["hardShrink by −1", [-2, 1, -0.25, 4], (a) => hardShrink(a, -1)],
  ["tile 0 times", [], (a) => tile(a, [0])],
  ["repeat 0 times", [], (a) => repeat(a, 0)],
  ["repeat twice by a text", [-2, -2, 1, 1, -0.25, -0.25, 4, 4], (a) => repeat(a, "2", 0)],
])("%s gives %j", (_, expected, define) => {
  const graph = model("m", () => ({ run: { out: define(input("a", "f32", [4])) } }));
  const { out } = evaluate(graph, { a: [-2, 1, -0.25, 4] }).outputs;
  expect([...out].map((each) => each + 0)).toEqual(expected);
});

test("values of what holds no numbers is refused", () => {
  const view = new DataView(new ArrayBuffer(4)) as never;
  expect(() => values(view)).toThrow("values: what is given must be a number, or arrays of numbers to any depth");
});

test("what attention is given as a memory must be a tensor", () => {
  expect(() => made(() => attention.layer(2)(words(), 3 as never))).toThrow("attention: the memory must be a tensor");
});
