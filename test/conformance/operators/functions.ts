/// Functions of one number.
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  clamp,
  cos,
  cosh,
  digamma,
  erf,
  erfc,
  erfinv,
  exp,
  exp2,
  expm1,
  lgamma,
  log,
  log10,
  log1p,
  log2,
  logit,
  sigmoid,
  sin,
  sinc,
  sinh,
  tan,
  tanh,
} from "chainrule";
import { operator, type Operators } from "../opinfo/call.ts";
import { unary } from "./arithmetic.ts";

export const functions: Operators = {
  exp: unary(exp),
  exp2: unary(exp2),
  expm1: unary(expm1),
  log: unary(log),
  log2: unary(log2),
  log10: unary(log10),
  log1p: unary(log1p),
  sin: unary(sin),
  cos: unary(cos),
  tan: unary(tan),
  asin: unary(asin),
  acos: unary(acos),
  atan: unary(atan),
  sinh: unary(sinh),
  cosh: unary(cosh),
  tanh: unary(tanh),
  asinh: unary(asinh),
  acosh: unary(acosh),
  atanh: unary(atanh),
  sinc: unary(sinc),
  erf: unary(erf),
  erfc: unary(erfc),
  erfinv: unary(erfinv),
  lgamma: unary(lgamma),
  digamma: unary(digamma),
  sigmoid: unary(sigmoid),
  logit: operator("input eps", (call) => {
    const x = call.float("input");
    if (!call.has("eps")) return logit(x);
    const eps = call.number("eps");
    return logit(clamp(x, eps, 1 - eps));
  }),
};
