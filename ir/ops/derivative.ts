/// Derivatives as values: placeholders that the compiler expands, innermost first, after stabilising what they look at,
/// and the two marks that it heeds on the way.
import { checkArgument, checkTensor, someTensors } from "../options.ts";
import { derivativeRule, gradientOfInteger, lossNotScalar, tangentType } from "./errors.ts";
import type { ScalarFloat } from "../static.ts";
import { isFloat, sameType, type DType, type Shape, type TensorType } from "../type.ts";
import { apply, type DerivativeOp, type Tensor, type Value } from "../value.ts";
import { unary, type Unary } from "./define.ts";

export const gradOp: DerivativeOp = {
  name: "grad",
  doc: "Gradient of a scalar with respect to a value that it depends on.",
  kind: "derivative",
  infer([loss, x]) {
    if (loss.shape.length !== 0 || !isFloat(loss.dtype)) throw lossNotScalar(loss);
    if (!isFloat(x.dtype)) throw gradientOfInteger(x);
    return x;
  },
};

export const vjpOp: DerivativeOp = {
  name: "vjp",
  doc: "Jacobian of a value, transposed, times a cotangent: of operands y, x and the cotangent of y.",
  kind: "derivative",
  infer([y, x, cotangent]) {
    for (const type of [y, x]) if (!isFloat(type.dtype)) throw gradientOfInteger(type);
    if (!sameType(y, cotangent)) throw tangentType("vjp", "cotangent", y, cotangent);
    return x;
  },
};

export const jvpOp: DerivativeOp = {
  name: "jvp",
  doc: "Jacobian of a value times tangents: of operands y, then x₁, x₂, …, then a tangent of each.",
  kind: "derivative",
  infer([y, ...pairs]) {
    const [xs, tangents] = [pairs.slice(0, pairs.length / 2), pairs.slice(pairs.length / 2)];
    for (const type of [y, ...xs]) if (!isFloat(type.dtype)) throw gradientOfInteger(type);
    xs.forEach((x, position) => {
      if (!sameType(x, tangents[position])) throw tangentType("jvp", "tangent", x, tangents[position]);
    });
    return y;
  },
};

/** True for a placeholder that the compiler expands. */
export function isDerivative({ op }: Value): boolean {
  return op === gradOp || op === vjpOp || op === jvpOp;
}

/** What a placeholder differentiates with respect to. */
export function derivativeTargets({ op, operands }: Value): readonly Value[] {
  return op === jvpOp ? operands.slice(1, (operands.length + 1) / 2) : [operands[1]];
}

/** What `withDerivative` was given. */
export interface SuppliedDerivative {
  /** For messages. */
  readonly name: string;
  /** False when the rule is deliberately not the derivative of the formula. */
  readonly exact: boolean;
  forward(...operands: readonly Value[]): Value;
  rule(
    cotangent: Value,
    context: { readonly operands: readonly Value[]; readonly result: Value },
  ): readonly (Value | null)[];
}

export const suppliedOp: DerivativeOp = {
  name: "withDerivative",
  doc: "The first operand, which follows from the others, with a derivative that the model supplies.",
  kind: "derivative",
  infer: ([result]) => result,
};

/** What `withDerivative` was given for a value; undefined for other values. */
export function suppliedDerivative(value: Value): SuppliedDerivative | undefined {
  return value.op === suppliedOp ? (value.attrs.identity as SuppliedDerivative) : undefined;
}

/** The cotangents of the operands that the supplied rule gives. Error: `derivative-rule`. */
export function suppliedCotangents(value: Value, cotangent: Value): readonly (Value | null)[] {
  const { name, rule } = value.attrs.identity as SuppliedDerivative;
  const operands = value.operands.slice(1);
  const found: unknown = rule(cotangent, { operands, result: value });
  const parts = Array.isArray(found) ? (found as readonly (Value | null)[]) : [];
  const types = operands.map((operand) => operand.type);
  const fits = parts.length === operands.length && parts.every((part, position) => fitsOperand(part, types[position]));
  if (!fits) throw derivativeRule(name, types, Array.isArray(found) ? parts.map((part) => part?.type) : undefined);
  return parts;
}

function fitsOperand(part: Value | null, operand: TensorType): boolean {
  return part === null || (isFloat(operand.dtype) && sameType(part.type, operand));
}

/** The same value, which counts as a constant when a derivative is taken: nothing flows back through it. */
export const stopGradient: Unary = unary({
  name: "stopGradient",
  doc: "The same value without a derivative: a constant to whatever differentiates it.",
  types: { wanted: "of any type", accepts: () => true, result: ([dtype]) => dtype },
  partials: () => [null],
  wgsl: ([x]) => x,
  reference: ([x]) => x,
});

/** ∂loss/∂x, of the shape of `x`; of several values at once, in their order. `loss` is a scalar. */
export function grad<D extends DType, S extends Shape, T extends Value>(loss: ScalarFloat<"grad", D, S>, x: T): T;
export function grad<D extends DType, S extends Shape, const T extends readonly Value[]>(
  loss: ScalarFloat<"grad", D, S>,
  x: T,
): T;
export function grad(loss: Value, x: Value | readonly Value[]): Value | readonly Value[] {
  checkTensor("grad", "the loss", loss);
  checkArgument("grad", "x", x, { ...someTensors, help: "grad(loss, parametersOf(loss))" });
  return isValue(x) ? apply(gradOp, [loss, x]) : x.map((each) => apply(gradOp, [loss, each]));
}

/**
 * Vector-Jacobian product (∂y/∂x)ᵀ · cotangent, of the shape of `x`: the gradient of Σ y · cotangent in which the
 * cotangent counts as given, whatever it was computed from. Of several values at once, in their order.
 */
export function vjp<D extends DType, S extends Shape, T extends Value>(
  y: Tensor<D, S>,
  x: T,
  cotangent: Tensor<NoInfer<D>, NoInfer<S>>,
): T;
export function vjp<D extends DType, S extends Shape, const T extends readonly Value[]>(
  y: Tensor<D, S>,
  x: T,
  cotangent: Tensor<NoInfer<D>, NoInfer<S>>,
): T;
export function vjp(y: Value, x: Value | readonly Value[], cotangent: Value): Value | readonly Value[] {
  checkTensor("vjp", "y", y);
  checkArgument("vjp", "x", x, someTensors);
  checkTensor("vjp", "the cotangent", cotangent);
  return isValue(x) ? apply(vjpOp, [y, x, cotangent]) : x.map((each) => apply(vjpOp, [y, each, cotangent]));
}

/**
 * Jacobian-vector product (∂y/∂x) · tangent, of the shape of `y`: how fast `y` changes as `x` moves along the tangent,
 * which has the shape of `x`. Along several values at once: `jvp(y, [x1, x2], [t1, t2])`. Zero where `y` does not depend
 * on them. Errors: `tangent-type`; `gradient-of-integer`.
 */
export function jvp<Y extends Value, D extends DType, S extends Shape>(
  y: Y,
  x: Tensor<D, S>,
  tangent: Tensor<NoInfer<D>, NoInfer<S>>,
): Y;
export function jvp<Y extends Value>(y: Y, x: readonly Value[], tangents: readonly Value[]): Y;
export function jvp(y: Value, x: Value | readonly Value[], tangent: Value | readonly Value[]): Value {
  checkTensor("jvp", "y", y);
  checkArgument("jvp", "x", x, someTensors);
  checkArgument("jvp", "the tangent", tangent, someTensors);
  const [xs, tangents] = [isValue(x) ? [x] : x, isValue(tangent) ? [tangent] : tangent];
  if (xs.length !== tangents.length || xs.length === 0) {
    throw tangentType("jvp", "tangent", xs[tangents.length]?.type, tangents[xs.length]?.type);
  }
  return apply(jvpOp, [y, ...xs, ...tangents]);
}

function isValue(x: Value | readonly Value[]): x is Value {
  return !Array.isArray(x);
}
