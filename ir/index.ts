/// The language: what a model file imports from "chainrule".
export { input, param, parametersOf, setting, state, type ParamOptions, type StateOptions } from "./build.ts";
export { model, type EntryPointRecord, type Updates } from "./model.ts";
export { glorot, he, normal, ones, uniform, values, zeros } from "./initializer.ts";
export type { Initializer, NestedNumbers } from "./initializer.ts";

export { add, div, mul, neg, square, sub } from "./ops/arithmetic.ts";
export { cast, where } from "./ops/choose.ts";
export { bitAnd, bitNot, bitOr, bitXor, bitcast, copysign, shiftLeft, shiftRight } from "./ops/bits.ts";
export { isFinite, isInfinite, isNaN } from "./ops/bits.ts";
export { and, equal, greater, greaterEqual, less, lessEqual, not, notEqual, or, xor } from "./ops/compare.ts";
export { clamp, floorDivide, heaviside, lerp, log10, log2, logit, nanToNum, reciprocal, sinc } from "./ops/combined.ts";
export { truncDivide, xlogy, type NanToNumOptions } from "./ops/combined.ts";
export {
  expandDims,
  flatten,
  meshgrid,
  moveAxis,
  repeat,
  roll,
  split,
  squeeze,
  stack,
  swapAxes,
  tile,
  unstack,
} from "./ops/compose.ts";
export { contract, dot, matmul, type AxisPair, type ContractAttrs } from "./ops/contract.ts";
export { convolve, convolveTransposed, type ConvolveOptions, type ConvolveTransposedOptions } from "./ops/convolve.ts";
export { grad, jvp, stopGradient, vjp } from "./ops/derivative.ts";
export { abs, exp, expm1, log, log1p, maximum, minimum, pow, relu } from "./ops/functions.ts";
export { sigmoid, sign, softplus, sqrt, step, tanh } from "./ops/functions.ts";
export { acosh, asinh, atanh, cosh, sinh } from "./ops/hyperbolic.ts";
export { exp2, hypot, rsqrt } from "./ops/powers.ts";
export { ceil, floor, fmod, quotient, remainder, round, trunc } from "./ops/rounding.ts";
export { digamma, erf, erfc, erfcx, erfinv, lgamma, logerfc, polygamma } from "./ops/special.ts";
export { acos, asin, atan, atan2, cos, sin, tan } from "./ops/trigonometric.ts";
export { einsum } from "./ops/einsum.ts";
export { cummax, cummin, cumprod, cumsum, logcumsumexp, recurrence } from "./ops/cumulative.ts";
export { dynamicSlice, gather, scatterAdd, take, takeAlongAxis } from "./ops/gather.ts";
export { reshape, reverse, transpose } from "./ops/layout.ts";
export { constant, iota } from "./ops/leaf.ts";
export {
  diagonal,
  diagonalMatrix,
  difference,
  identityMatrix,
  kron,
  outer,
  trace,
  tril,
  triu,
  type DiagonalOptions,
} from "./ops/linear.ts";
export { log1mexp, logaddexp } from "./ops/logspace.ts";
export type { Padding } from "./ops/padding.ts";
export { averagePool, maxPool, sumPool, type AveragePoolOptions, type PoolOptions } from "./ops/pool.ts";
export type { PadOptions } from "./ops/frame.ts";
export { concatenate, pad, slice, type SliceRange } from "./ops/pad.ts";
export { product } from "./ops/product.ts";
export { argmax, argmin, logsumexp, max, mean, min } from "./ops/reduce.ts";
export { argsort, sort, topK, type SortOptions, type TopK } from "./ops/sort.ts";
export { norm, type NormOptions } from "./ops/norm.ts";
export { all, any, standardDeviation, variance, type VarianceOptions } from "./ops/statistics.ts";
export { training } from "./ops/training.ts";
export { broadcastTo, sum, type ReductionOptions } from "./ops/sum.ts";
export { windows, type WindowOptions } from "./ops/windows.ts";

export {
  celu,
  elu,
  gelu,
  hardShrink,
  hardSigmoid,
  hardSwish,
  hardTanh,
  leakyRelu,
  logSigmoid,
} from "./nn/activations.ts";
export { mish, prelu, relu6, selu, silu, softShrink, softsign, tanhShrink, threshold } from "./nn/activations.ts";
export type { GeluOptions } from "./nn/activations.ts";
export { attention, scaledDotProductAttention } from "./nn/attention.ts";
export type { AttentionLayer, AttentionOptions, MultiHeadOptions } from "./nn/attention.ts";
export { conv1d, conv2d, conv3d, type ConvolutionLayer, type ConvolutionOptions } from "./nn/convolution.ts";
export { dense, type DenseLayer, type DenseOptions } from "./nn/dense.ts";
export { dropout, type DropoutOptions } from "./nn/dropout.ts";
export {
  binaryCrossEntropy,
  crossEntropy,
  meanSquaredError,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
  sumOfSquaredResiduals,
  type LossOptions,
  type Reduction,
} from "./nn/losses.ts";
export { accuracy, binaryAccuracy, type BinaryOptions } from "./nn/metrics.ts";
export { embedding, type EmbeddingLayer, type EmbeddingOptions } from "./nn/embedding.ts";
export { groupNorm, layerNorm, rmsNorm } from "./nn/normalization.ts";
export type { AxesNormalizationOptions, NormalizationLayer, NormalizationOptions } from "./nn/normalization.ts";
export { l1, l2 } from "./nn/regularizers.ts";
export { logSoftmax, oneHot, softmax } from "./nn/softmax.ts";

export { adam, type AdamOptions } from "./optim/adam.ts";
export { gradientDescent, sgd, type SgdOptions } from "./optim/descent.ts";
export type { DynamicLossScale, Hyperparameter, OptimizerOptions } from "./optim/options.ts";

export {
  bernoulli,
  dropoutMask,
  foldIn,
  randomBits,
  randomKey,
  randomNormal,
  randomUniform,
  type NormalOptions,
  type RandomKey,
  type RandomKeyOptions,
  type UniformOptions,
} from "./random.ts";
export { withDerivative, type DerivativeOptions, type RuleOperands } from "./with-derivative.ts";

export { scan, type Stepped } from "./scan.ts";
export { evaluate, evaluateValues, type EvaluationOptions, type EvaluationResult } from "./evaluate.ts";
export { printGraph, printValue, type PrintOptions } from "./print.ts";
export { CompileError, renderError, type Place } from "./diagnostic.ts";
export type { Dim } from "./dim.ts";
export type { EntryPoint, Graph, NamedValue, Note, Update } from "./graph.ts";
export type { ShapeError } from "./static.ts";
export type { DType, Shape, TensorType } from "./type.ts";
export type { Tensor, Value } from "./value.ts";
