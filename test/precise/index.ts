/// Evaluation with many digits: what stabilised formulas are compared with.
export { evaluatePrecise, preciseNumbers, type PreciseFeeds, type PreciseSizes } from "./evaluate.ts";
export { preciseGradient, type DifferenceOptions } from "./gradient.ts";
export { preciseFunctions } from "./functions.ts";
export { preciseReductions, argumentOf } from "./reductions.ts";
