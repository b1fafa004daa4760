/// A formula whose derivative the model supplies.
import { callback, checkArgument, checkOptions, flag, text } from "./options.ts";
import { aside, isBuilding, nameOf, variableName } from "./build.ts";
import { about } from "./diagnostic.ts";
import { derivativeCapture, derivativeInRule } from "./ops/errors.ts";
import { isDerivative, suppliedCotangents, suppliedOp, type SuppliedDerivative } from "./ops/derivative.ts";
import { letter } from "./ops/leaf.ts";
import { apply, postorder, type Value } from "./value.ts";

/** What `withDerivative` may be told. */
export interface DerivativeOptions {
  /** For messages and `chainrule check`; otherwise the variable that holds the function. */
  readonly name?: string;
  /**
   * False for a rule that is deliberately not the derivative of the formula, such as a straight-through estimator:
   * `chainrule check` then says that it was not checked. Default true.
   */
  readonly exact?: boolean;
}

/** What a rule reads besides the cotangent. */
export interface RuleOperands<A extends readonly Value[], R extends Value> {
  readonly operands: A;
  /** What the formula gave. */
  readonly result: R;
}

/**
 * A function on tensors that computes `forward` and is differentiated by `rule`: from the cotangent of the result the rule
 * gives that of each operand, of the operand's type, or null where there is none. The rule is a sum of products with the
 * cotangent, from which forward mode follows; derivatives of higher order are those of the rule. Both are formulas: they
 * declare nothing, and `forward` depends on its operands alone. `chainrule check` compares the rule with differences of
 * `forward`, unless `exact` is false.
 *
 * ```ts
 * const clippedRelu = withDerivative(
 *   (x: Tensor<"f32", readonly ["batch", 8]>) => minimum(relu(x), 6),
 *   (cotangent, { operands: [x] }) => [where(and(greater(x, 0), less(x, 6)), cotangent, 0)],
 * );
 * ```
 *
 * Errors: `derivative-rule` for cotangents that do not fit the operands; `derivative-capture`; `derivative-in-rule`;
 * `rule-not-linear`.
 */
export function withDerivative<A extends readonly Value[], R extends Value>(
  forward: (...operands: A) => R,
  rule: (cotangent: R, context: RuleOperands<A, R>) => readonly (Value | null)[],
  options: DerivativeOptions = {},
): (...operands: A) => R {
  checkArgument("withDerivative", "the formula", forward, callback);
  checkArgument("withDerivative", "the rule", rule, callback);
  checkOptions("withDerivative", options, { name: text, exact: flag });
  const given = options.name ?? variableName();
  let known: SuppliedDerivative | undefined;
  const supplied = unnamed((...operands: A): R => {
    // What holds the function outside a model names it later than it is made.
    const name = given ?? (supplied.name || forward.name || "withDerivative");
    known ??= { name, exact: options.exact ?? true, forward, rule } as unknown as SuppliedDerivative;
    const identity = known;
    const result = forward(...operands);
    checkForward(name, result, operands);
    const value = about(operands, () => apply(suppliedOp, [result, ...operands], { identity }));
    // A rule that applies other functions of this kind has them look at their own rules when they are used.
    if (isBuilding()) aside(() => checkRule(name, value, operands));
    return value as R;
  });
  return supplied;
}

/** The function as it is, without the name that a variable would give it. */
function unnamed<F>(action: F): F {
  return action;
}

/** Nothing that could have a derivative reaches the result around the operands. */
function checkForward(name: string, result: Value, operands: readonly Value[]): void {
  const seen = new Set<Value>(operands);
  const pending = [result];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.op.kind === "leaf" && !value.op.structural) {
      throw derivativeCapture(name, nameOf(value) ?? `an ${value.op.name}`);
    }
    pending.push(...value.operands);
  }
}

/** The rule on letters, so that mistakes show where the function is applied. */
function checkRule(name: string, value: Value, operands: readonly Value[]): void {
  const [result, ...letters] = [value, ...operands].map((each) => letter(each.type));
  const tried = apply(suppliedOp, [result, ...letters], value.attrs);
  const parts = suppliedCotangents(tried, letter(value.type));
  const values = postorder(parts.flatMap((part) => part ?? []));
  const inner = values.find(isDerivative);
  if (inner) throw derivativeInRule(name, inner.op.name);
}
