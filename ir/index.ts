/// The language: what a model file imports from "chainrule".
export { input, param, parametersOf, setting, state, type ParamOptions, type StateOptions } from "./build.ts";
export { model, type EntryPointRecord, type Updates } from "./model.ts";
export { glorot, he, normal, ones, uniform, values, zeros } from "./initializer.ts";
export type { Initializer, NestedNumbers } from "./initializer.ts";

export { add, div, mul, neg, square, sub } from "./ops/arithmetic.ts";
export { cast, where } from "./ops/choose.ts";
export { and, equal, greater, greaterEqual, less, lessEqual, not, notEqual, or } from "./ops/compare.ts";
export { contract, dot, matmul, type AxisPair, type ContractAttrs } from "./ops/contract.ts";
export { grad } from "./ops/derivative.ts";
export { abs, exp, expm1, log, log1p, maximum, minimum, pow, relu } from "./ops/functions.ts";
export { sigmoid, sign, softplus, sqrt, step, tanh } from "./ops/functions.ts";
export { reshape, transpose } from "./ops/layout.ts";
export { constant, iota } from "./ops/leaf.ts";
export { argmax, logsumexp, max, mean } from "./ops/reduce.ts";
export { broadcastTo, sum, type ReductionOptions } from "./ops/sum.ts";

export { dense, type DenseLayer, type DenseOptions } from "./nn/dense.ts";
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
export { l1, l2 } from "./nn/regularizers.ts";
export { logSoftmax, oneHot, softmax } from "./nn/softmax.ts";

export { adam, type AdamOptions } from "./optim/adam.ts";
export { gradientDescent, sgd, type SgdOptions } from "./optim/descent.ts";
export type { Hyperparameter, OptimizerOptions } from "./optim/options.ts";

export { evaluate, evaluateValues, type EvaluationOptions, type EvaluationResult } from "./evaluate.ts";
export { printGraph, printValue, type PrintOptions } from "./print.ts";
export { CompileError, renderError, type Place } from "./diagnostic.ts";
export type { Dim } from "./dim.ts";
export type { EntryPoint, Graph, NamedValue, Note, Update } from "./graph.ts";
export type { ShapeError } from "./static.ts";
export type { DType, Shape, TensorType } from "./type.ts";
export type { Tensor, Value } from "./value.ts";
